package mockserver_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
)

func TestWhatIsMountedIsNotTheERPs(t *testing.T) {
	h := start(t, mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, RateLimit: mockserver.RateLimit{Limit: 1}})
	h.Mount("POST /__mock/v1/things/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.PathValue("id"), r.URL.Path, body)
	}))
	for range 3 {
		if got, want := h.want(200, "POST", "/__mock/v1/things/7", "text").body, "7 /__mock/v1/things/7 text"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	h.want(405, "GET", "/__mock/v1/things/7", "")
	h.want(404, "GET", "/__mock/v1/other", "")
	if got := h.Journal().Entries(); len(got) != 0 {
		t.Errorf("the journal has %+v, want nothing of /__mock/", got)
	}
}

func TestOnlyPathsOfTheMockAreMounted(t *testing.T) {
	h := start(t, mockserver.Config{})
	for _, pattern := range []string{"/v1/x", "GET /v1/x", "/__mock", "", "GET /__mock/health"} {
		func() {
			defer func() {
				text := fmt.Sprint(recover())
				if !strings.Contains(text, pattern) || !strings.Contains(text, "Mount(") && pattern != "GET /__mock/health" {
					t.Errorf("%q: panicked with %q, want one that names the pattern", pattern, text)
				}
			}()
			h.Mount(pattern, http.NotFoundHandler())
		}()
	}
}
