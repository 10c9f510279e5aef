package upstream_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/memhttp"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// Events arrive one by one, and when the caller goes away the upstream is told.
func TestAnswersStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan error, 1)
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for i := 0; r.Context().Err() == nil; i++ {
				fmt.Fprintf(w, "data: %d\n\n", i)
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(time.Minute):
				case <-r.Context().Done():
				}
			}
			gone <- context.Cause(r.Context())
		}, upstream.Config{}, mockserver.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, "GET", mockserver.BaseURL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		resp, err := h.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for i := range 3 {
			if !lines.Scan() || lines.Text() != fmt.Sprintf("data: %d", i) || time.Since(begun) != time.Duration(i)*time.Minute {
				t.Fatalf("event %d: got %q after %v", i, lines.Text(), time.Since(begun))
			}
			lines.Scan()
		}
		cancel()
		if err := <-gone; err == nil {
			t.Error("the upstream was not told")
		}
	})
}

func TestAnswersInTheForegroundAreLeftAsTheyAre(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("hello"))
	_ = z.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		case "/trailers":
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("Connection", "X-Hop")
			w.Header().Set("X-Hop", "1")
			w.Header().Set("Access-Control-Allow-Origin", "*")
			fmt.Fprint(w, "body")
			w.Header().Set("X-Sum", "7")
			w.Header().Set(http.TrailerPrefix+"X-More", "8")
		case "/head":
			w.Header().Set("Content-Length", "12345")
		case "/nothing":
			w.Header()["Date"] = nil
			w.WriteHeader(http.StatusNoContent)
		case "/cut":
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "12345")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/expect":
			if got := r.Header.Get("Expect"); got != "" {
				t.Errorf("the upstream got Expect: %s", got)
			}
			_, _ = io.Copy(w, r.Body)
		}
	}))
	defer api.Close()
	up, err := upstream.New(upstream.Config{URL: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	mock, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{up}, NoERP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer mock.Close()
	srv := httptest.NewServer(mock)
	defer srv.Close()
	tr := &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Hour}
	defer tr.CloseIdleConnections()
	h := &harness{t: t, client: &http.Client{Transport: tr}}
	if a := h.do("GET", srv.URL+"/gzip", "", "Accept-Encoding", "gzip"); a.body != packed.String() || a.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("gzip: got %q, %v", a.body, a.header)
	}
	a := h.do("GET", srv.URL+"/trailers", "")
	if a.body != "body" || a.trailer.Get("X-Sum") != "7" || a.trailer.Get("X-More") != "8" {
		t.Errorf("trailers: got %q, %v", a.body, a.trailer)
	}
	if a.header.Get("X-Hop") != "" || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("trailers: got %v", a.header)
	}
	if a := h.do("HEAD", srv.URL+"/head", ""); a.status != 200 || a.header.Get("Content-Length") != "12345" || a.body != "" {
		t.Errorf("HEAD: got %+v", a)
	}
	if a := h.do("GET", srv.URL+"/nothing", ""); a.status != 204 || a.body != "" || a.err != nil {
		t.Errorf("204: got %+v", a)
	}
	if a := h.do("GET", srv.URL+"/cut", ""); !errors.Is(a.err, io.ErrUnexpectedEOF) {
		t.Errorf("an answer that breaks off: got %+v, want that it breaks off here too", a)
	}
	long := strings.Repeat("0123456789", 1<<20)
	if a := h.do("PUT", srv.URL+"/expect", long, "Expect", "100-continue"); a.body != long {
		t.Errorf("got %d bytes, %v, want %d", len(a.body), a.err, len(long))
	}
}

func TestRedirectsLeadToTheMock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", r.Header.Get("X-Location"))
			w.Header().Set("Content-Location", r.Header.Get("X-Location"))
			w.WriteHeader(http.StatusFound)
		}, upstream.Config{}, mockserver.Config{})
		for location, want := range map[string]string{
			"https://api.test/base/v1/a%2Fb?c=%20#d":   "https://erp.mock/v1/a%2Fb?c=%20#d",
			"HTTPS://API.test:443/base":                "https://erp.mock/",
			"//api.test/base/x":                        "https://erp.mock/x",
			"/base/x":                                  "/x",
			"/bases/x":                                 "/bases/x",
			"https://api.test/other":                   "https://api.test/other",
			"http://api.test/base/x":                   "http://api.test/base/x",
			"https://api.test:8443/base/x":             "https://api.test:8443/base/x",
			"https://elsewhere.test/base/x":            "https://elsewhere.test/base/x",
			"x?y":                                      "x?y",
			"https://api.test@elsewhere.test/base/x":   "https://api.test@elsewhere.test/base/x",
			"https://user:pass@api.test/base/v1/thing": "https://erp.mock/v1/thing",
		} {
			a := h.do("POST", "/api/v1/x", "{}", "X-Location", location)
			if a.status != 302 || a.header.Get("Location") != want || a.header.Get("Content-Location") != want {
				t.Errorf("%s: got %d %s, want 302 %s", location, a.status, a.header.Get("Location"), want)
			}
			s := h.finish("POST", "/api/v1/x", "{}", "X-Location", location)
			if s.StatusCode != 302 || s.ResponseHeaders["Location"] != want {
				t.Errorf("%s in the background: got %+v", location, s)
			}
		}
	})
}

func TestAnUpstreamThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			api    http.HandlerFunc
			cfg    upstream.Config
			status int
			text   string // of the message, and of the operation's errorMessage
		}{
			"no such host": {nil, upstream.Config{Transport: &memhttp.Transport{}}, 502, "The upstream could not be reached: dial tcp: lookup api.test: no such host. Nothing was sent."},
			"a connection that breaks": {
				func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
				upstream.Config{},
				502,
				"The upstream did not answer: read tcp: connection reset by peer. It is not known whether it carried the call out.",
			},
			"a timeout": {
				nil,
				upstream.Config{Transport: failing{context.DeadlineExceeded}},
				504,
				"The upstream did not answer in time: context deadline exceeded. It is not known whether it carried the call out.",
			},
		} {
			h := start(t, tt.api, tt.cfg, mockserver.Config{})
			want := fmt.Sprintf(`{"message":%q}`, tt.text)
			if a := h.do("POST", "/x", "{}"); a.status != tt.status || a.body != want {
				t.Errorf("%s: got %d %s, want %d %s", name, a.status, a.body, tt.status, want)
			}
			s := h.finish("POST", "/x", "{}")
			if s.Status != "Failed" || s.StatusCode != 500 || s.ErrorMessage != tt.text || s.HasContent {
				t.Errorf("%s: got %+v, want Failed: %s", name, s, tt.text)
			}
			tt.cfg.FinishUnanswered = true
			h = start(t, tt.api, tt.cfg, mockserver.Config{})
			if s := h.finish("POST", "/x", "{}"); s.Status != "Finished" || s.StatusCode != tt.status || h.content(s).body != want {
				t.Errorf("%s: got %+v, want Finished with %d", name, s, tt.status)
			}
		}
	})
}

// failing makes no call.
type failing struct{ err error }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return nil, f.err
}
