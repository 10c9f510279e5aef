package admin_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
)

// The commands of docs/control.md do what they say, in their order.
func TestTheGuide(t *testing.T) {
	page, err := os.ReadFile("../../docs/control.md")
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, mockserver.Config{})
	command := regexp.MustCompile(`^curl(?: -X ([A-Z]+))?(?: --json '([^']*)')? "\$MOCK(/[^"]*)"$`)
	seen := 0
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		m := command.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%s: not a command that this test understands", line)
			continue
		}
		method := m[1]
		switch {
		case method != "":
		case m[2] != "":
			method = http.MethodPost
		default:
			method = http.MethodGet
		}
		seen++
		if status, _, body := h.call(t.Context(), method, "/__mock/v1"+m[3], m[2]); status/100 != 2 {
			t.Errorf("%s: got %d %s", line, status, body)
		}
	}
	if seen < 20 {
		t.Errorf("saw %d commands", seen)
	}
}
