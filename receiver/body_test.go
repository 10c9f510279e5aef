package receiver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/receiver"
)

// unsized hides the length of a body, so that it is sent in chunks.
type unsized struct{ io.Reader }

// A body that something before the receiver has read is our own fault: the
// sender must try again and the log must say so, in every mode and over every
// protocol.
func TestABodyThatWasReadBeforeIsAskedForAgain(t *testing.T) {
	readers := []struct {
		name    string
		read    func(http.ResponseWriter, *http.Request)
		chunked bool // it is seen although no length was announced
		why     string
	}{
		{"all of it", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }, true, "read 0"},
		{"some of it", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadFull(r.Body, make([]byte, 10)) }, false, fmt.Sprintf("read %d", len(body)-10)},
		{"a value of JSON", func(_ http.ResponseWriter, r *http.Request) { _ = json.NewDecoder(r.Body).Decode(new(map[string]any)) }, true, "read 0"},
		{"a form", func(_ http.ResponseWriter, r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			_ = r.ParseForm()
		}, true, "read 0"},
		{"read and closed", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_ = r.Body.Close()
		}, true, "read 0"},
		{"closed", func(_ http.ResponseWriter, r *http.Request) { _ = r.Body.Close() }, true, ""},
		{"nil", func(_ http.ResponseWriter, r *http.Request) { r.Body = nil }, true, "read 0"},
		{"no body in its place", func(_ http.ResponseWriter, r *http.Request) { r.Body = http.NoBody }, true, "read 0"},
		{"a limit before", func(w http.ResponseWriter, r *http.Request) { r.Body = http.MaxBytesReader(w, r.Body, 20) }, true, "limited to 20 bytes before"},
	}
	modes := map[string]func(*receiver.Config){
		"signed":          nil,
		"url":             nil,
		"unauthenticated": func(c *receiver.Config) { c.SigningKeys, c.CapabilitySecrets, c.Unauthenticated = nil, nil, true },
	}
	for _, tt := range readers {
		for mode, change := range modes {
			for _, chunked := range []bool{false, true} {
				for _, version := range []int{1, 2} {
					if chunked && !tt.chunked {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s/chunked %v/HTTP %d", tt.name, mode, chunked, version), func(t *testing.T) {
						var logs buffer
						rcv, st := setup(t, change, func(c *receiver.Config) { c.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
						hc, base := served(t, version == 2, func(w http.ResponseWriter, r *http.Request) {
							tt.read(w, r)
							mounted(rcv).ServeHTTP(w, r)
						})
						res := sendTo(t, hc, base, mode, body, chunked)
						if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || st.count() != 0 {
							t.Errorf("got %d with Retry-After %q and %d stored, want 503 with one and none", res.StatusCode, res.Header.Get("Retry-After"), st.count())
						}
						out := logs.String()
						announced := fmt.Sprintf("announced %d, read ", len(body))
						if chunked {
							announced = "announced no length, read "
						}
						for _, want := range []string{"level=ERROR", announced, tt.why, "mount the receiver before"} {
							if !strings.Contains(out, want) {
								t.Errorf("got the log %s want %q in it", out, want)
							}
						}
						if strings.Count(out, "\n") != 1 || strings.Contains(out, "signature is wrong") {
							t.Errorf("got the log %s want one line that does not blame the sender", out)
						}
						if h, err := rcv.Health(t.Context()); err != nil || h.LastFailed.IsZero() {
							t.Errorf("got LastFailed %v, %v; want a time", h.LastFailed, err)
						}
					})
				}
			}
		}
	}
}

// What is not the fault of a middleware keeps its meaning.
func TestABodyThatIsWholeOrReallyEmptyIsNotTakenForARead(t *testing.T) {
	restore := func(_ http.ResponseWriter, r *http.Request) {
		all, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(all))
	}
	nothing := func(http.ResponseWriter, *http.Request) {}
	tests := []struct {
		name, mode, body string
		chunked          bool
		before           func(http.ResponseWriter, *http.Request)
		want             int
	}{
		{"read and put back, signed", "signed", body, false, restore, 200},
		{"read and put back, signed, chunked", "signed", body, true, restore, 200},
		{"read and put back, url", "url", body, false, restore, 200},
		{"a limit before that is not reached", "signed", body, false, func(w http.ResponseWriter, r *http.Request) { r.Body = http.MaxBytesReader(w, r.Body, 1<<10) }, 200},
		{"empty, signed", "signed", "", false, nothing, 200},
		{"empty, url", "url", "", false, nothing, 200},
		{"empty and nil, url", "url", "", false, func(_ http.ResponseWriter, r *http.Request) { r.Body = nil }, 200},
		{"empty and chunked, signed", "signed", "", true, nothing, 200},
		{"replaced by more, signed", "signed", body, false, func(_ http.ResponseWriter, r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(body + " "))
		}, 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rcv, st := setup(t)
			hc, base := served(t, false, func(w http.ResponseWriter, r *http.Request) {
				tt.before(w, r)
				mounted(rcv).ServeHTTP(w, r)
			})
			res := sendTo(t, hc, base, tt.mode, tt.body, tt.chunked)
			wantStatus(t, res, tt.want)
			if tt.want == 200 && string(st.last(t).Body) != tt.body {
				t.Errorf("got %q stored, want %q", st.last(t).Body, tt.body)
			}
		})
	}
}

// served returns a server of its own for a handler, over TLS.
func served(t *testing.T, http2 bool, h http.HandlerFunc) (*http.Client, string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = http2
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.Client(), srv.URL
}

func sendTo(t *testing.T, hc *http.Client, base, mode, text string, chunked bool) *http.Response {
	t.Helper()
	var payload io.Reader = strings.NewReader(text)
	if chunked {
		payload = unsized{payload}
	}
	target := base + path
	if mode == "url" {
		target += "/" + capability()
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, payload)
	if err != nil {
		t.Fatal(err)
	}
	if mode == "signed" {
		r.Header.Set("x-vwd-signature-v1", sign(key, text))
	}
	res, err := hc.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}
