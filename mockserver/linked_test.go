package mockserver_test

import (
	"slices"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

// A user's test binary links the mock; what that brings along is a decision,
// not an accident.
func TestWhatTheMockLinks(t *testing.T) {
	want := []string{
		"github.com/apapsch/go-jsonmerge/v2", // of the runtime
		"github.com/google/uuid",             // of the runtime
		"github.com/oapi-codegen/runtime",
		"github.com/oapi-codegen/runtime/types",
		module + "internal/httpx",
		module + "internal/memhttp", module + "internal/spell",
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
	got := testkit.Links(t, ".")
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
