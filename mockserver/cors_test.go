package mockserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
)

func TestPagesOfTheOriginsThatAreAllowed(t *testing.T) {
	h := start(t, mockserver.Config{CORSOrigins: []string{"https://app.test", "http://localhost:*"}, RateLimit: mockserver.RateLimit{Limit: 3}})
	h.Mount("GET /__mock/own", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask := func(origin string) answer {
		return h.do("OPTIONS", "/v2/customerinvoice", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "erp-api-background,authorization")
	}
	for _, origin := range []string{"https://app.test", "http://localhost:5173", "http://localhost", "HTTP://LOCALHOST:80"} {
		a := ask(origin)
		if got := a.header.Get("Access-Control-Allow-Origin"); a.status != 204 || got != origin {
			t.Errorf("%s: answered %d, for %q", origin, a.status, got)
		}
		if got := a.header.Get("Access-Control-Allow-Headers"); got != "erp-api-background,authorization" {
			t.Errorf("%s: headers %q are allowed", origin, got)
		}
	}
	for _, origin := range []string{"https://app.test:8443", "https://app.test.evil.test", "http://localhost.evil.test", "http://localhost:80@evil.test", "http://localhost:80/x", "null", "https://evil.test"} {
		if a := ask(origin); a.status == 204 || a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Vary") != "Origin" {
			t.Errorf("%s: answered %d %v, want no leave", origin, a.status, a.header)
		}
	}
	if err := h.Reset(t.Context(), ""); err != nil { // those without leave count as calls
		t.Fatal(err)
	}
	ask("https://app.test")
	a := h.want(200, "GET", "/v1/customerinvoice", "", "Origin", "https://app.test")
	if got := a.header.Get("Access-Control-Expose-Headers"); !strings.Contains(got, "Location") || !strings.Contains(got, "X-RateLimit-Remaining") {
		t.Errorf("exposed are %q", got)
	}
	if got := a.header.Get("X-RateLimit-Remaining"); got != "2" {
		t.Errorf("%s calls remain, want 2: what asks for leave is no call", got)
	}
	if n := len(h.Journal().Entries()); n != 1 {
		t.Errorf("the journal has %d entries, want the one call", n)
	}
	if a := h.want(200, "GET", "/__mock/own", "", "Origin", "https://app.test"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("what is the mock's own is open to pages")
	}
}

func TestNoPageMayCallUnlessItIsAllowed(t *testing.T) {
	h := start(t, mockserver.Config{})
	if a := h.want(200, "GET", "/v1/customerinvoice", "", "Origin", "http://localhost:1"); a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Vary") != "" {
		t.Errorf("got %v", a.header)
	}
	_, err := mockserver.New(mockserver.Config{CORSOrigins: []string{"*", "https://ok.test", "localhost", "https://x.test/", "http://x.test:80:*x"}})
	for _, want := range []string{"CORSOrigins[2]", "CORSOrigins[3]", "CORSOrigins[4]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "[0]") || strings.Contains(err.Error(), "[1]")) {
		t.Errorf("%v names what is right", err)
	}
}
