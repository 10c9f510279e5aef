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

// Bodies of calls in the foreground are passed on as they come, where nobody knows how
// long they are, and where they are too long to be read first; in the background they
// must fit.
func TestBodiesStream(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		buf := make([]byte, 64<<10)
		total := 0
		for {
			n, err := r.Body.Read(buf)
			total += n
			if strings.HasSuffix(r.URL.Path, "/echo") {
				_, _ = w.Write(buf[:n])
				_ = control.Flush()
			}
			if err != nil {
				break
			}
		}
		if strings.HasSuffix(r.URL.Path, "/count") {
			fmt.Fprint(w, total, " ", r.ContentLength)
		}
	}))
	defer api.Close()
	up, err := upstream.New(upstream.Config{URL: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer up.Close()
	mock, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{up}, NoERP: true, MaxBody: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer mock.Close()
	mock.Handle("POST /v1/own", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv := httptest.NewServer(mock)
	defer srv.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	h := &harness{t: t, client: &http.Client{Transport: tr}}
	long := strings.Repeat("x", 5<<20)
	if a := h.do("POST", srv.URL+"/count", long); a.status != 200 || a.body != fmt.Sprint(len(long), " ", len(long)) {
		t.Errorf("a body that is too long to be read first: got %d %s", a.status, a.body)
	}
	if a := h.do("POST", srv.URL+"/count", long[:1000]); a.body != "1000 1000" {
		t.Errorf("a body that is read first: got %d %s", a.status, a.body)
	}
	if a := h.do("POST", srv.URL+"/count", long[:1001], "erp-api-background", "none"); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("in the background: got %d %s, want 413", a.status, a.body)
	}
	if a := h.do("POST", srv.URL+"/v1/own", long[:1001]); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("for a handler: got %d %s, want 413", a.status, a.body)
	}
	pieces, body := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/echo", pieces)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = body.Write([]byte("1")) }()
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for i := range 3 {
		var got [9]byte
		n, err := resp.Body.Read(got[:])
		if want := fmt.Sprint(i + 1); err != nil || string(got[:n]) != want {
			t.Fatalf("piece %d: got %q, %v, want %s", i, got[:n], err, want)
		}
		if _, err := fmt.Fprint(body, i+2); err != nil { // only sent because the one before came back
			t.Fatal(err)
		}
	}
	_ = body.Close()
	if rest, err := io.ReadAll(resp.Body); string(rest) != "4" || err != nil {
		t.Errorf("at the end: got %q, %v", rest, err)
	}
	var bodies []int
	for _, e := range mock.Journal().Entries() {
		if e.Request != nil && e.Request.Method == "POST" {
			bodies = append(bodies, len(e.Request.Body))
		}
	}
	if fmt.Sprint(bodies) != "[0 1000 0]" {
		t.Errorf("the journal has bodies of %v bytes, want those that were read first only", bodies)
	}
}
