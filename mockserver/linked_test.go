package mockserver_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A user's test binary links the mock; what that brings along is a decision,
// not an accident.
func TestWhatTheMockLinks(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"github.com/apapsch/go-jsonmerge/v2", // of the runtime
		"github.com/google/uuid",             // of the runtime
		"github.com/oapi-codegen/runtime",
		"github.com/oapi-codegen/runtime/types",
		module + "internal/httpx",
		module + "internal/memhttp",
		module + "mockserver",
		module + "mockserver/fault",
		module + "mockserver/internal/answer",
		module + "mockserver/internal/background",
		module + "mockserver/internal/call",
		module + "mockserver/internal/chance",
		module + "mockserver/internal/check",
		module + "mockserver/internal/erp",
		module + "mockserver/internal/gate",
		module + "mockserver/internal/match",
		module + "mockserver/internal/notify",
		module + "mockserver/internal/request",
		module + "mockserver/internal/route",
		module + "mockserver/internal/run",
		module + "mockserver/internal/vtime",
		module + "mockserver/internal/wire",
		module + "mockserver/journal",
		module + "mockserver/operation",
		module + "mockserver/profile",
		module + "mockserver/queue",
		module + "openapi",
		module + "openapi/server",
	}
	got := strings.Fields(string(out))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
