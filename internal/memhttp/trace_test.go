package memhttp_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vismanet-go/background/internal/memhttp"
)

// hooks records the order of the trace hooks.
type hooks struct {
	mu    sync.Mutex
	calls []string // guarded by mu
}

func (h *hooks) add(s string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, s)
}

func (h *hooks) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:              func(hp string) { h.add("GetConn " + hp) },
		GotConn:              func(i httptrace.GotConnInfo) { h.add("GotConn " + i.Conn.RemoteAddr().Network()) },
		WroteHeaders:         func() { h.add("WroteHeaders") },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { h.add("WroteRequest") },
		GotFirstResponseByte: func() { h.add("GotFirstResponseByte") },
	}
}

func TestTraceHooks(t *testing.T) {
	sent := []string{"GetConn erp.mock:443", "GotConn pipe", "WroteHeaders", "WroteRequest"}
	tests := []struct {
		name, url string
		want      []string
	}{
		{"answered", "https://erp.mock/", append(slices.Clone(sent), "GotFirstResponseByte")},
		{"reset after it was sent", "https://erp.mock/reset", sent},
		{"unknown host", "https://else.where/", []string{"GetConn else.where:443"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h hooks
			c := client(func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/reset" {
					panic(http.ErrAbortHandler)
				}
			})
			ctx := httptrace.WithClientTrace(t.Context(), h.trace())
			req, _ := http.NewRequestWithContext(ctx, "POST", tt.url, strings.NewReader("{}"))
			if resp, err := c.Do(req); err == nil {
				resp.Body.Close()
			}
			if !slices.Equal(h.calls, tt.want) {
				t.Errorf("got %q\nwant %q", h.calls, tt.want)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	answer := func(s string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
	}
	hosts := map[string]http.Handler{"a.test": answer("a"), "b.test:8080": answer("b"), "c.test:443": answer("c")}
	tests := []struct {
		name, url, want string
		fallback        http.Handler
	}{
		{"by name", "https://a.test/", "a", nil},
		{"without case", "https://A.Test/", "a", nil},
		{"default port in the URL", "https://a.test:443/", "a", nil},
		{"default port in the table", "https://c.test/", "c", nil},
		{"other port", "http://b.test:8080/", "b", nil},
		{"wrong port", "http://b.test/", "", nil},
		{"default handler", "http://b.test/", "d", answer("d")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &http.Client{Transport: &memhttp.Transport{Hosts: hosts, Default: tt.fallback}}
			resp, err := c.Get(tt.url)
			if tt.want == "" {
				op, ok := errors.AsType[*net.OpError](err)
				if !ok || op.Op != "dial" {
					t.Errorf("got %v, want a dial error", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got, _ := io.ReadAll(resp.Body); string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
