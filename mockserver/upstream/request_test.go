package upstream_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// echo tells what arrived.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s %d %q\n", r.Method, r.Host, r.RequestURI, r.ContentLength, body)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name != "Via" {
			fmt.Fprintf(w, "%s: %s\n", name, strings.Join(r.Header[name], " | "))
		}
	}
	fmt.Fprintf(w, "Via: %d\n", len(strings.Split(strings.Join(r.Header["Via"], ","), ",")))
}

// What is passed on in the foreground is passed on in the background.
func TestWhatArrivesAtTheUpstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, echo, upstream.Config{Drop: []string{"ipp-application-*", "x-own"}}, mockserver.Config{})
		for _, tt := range []struct {
			method, path, body string
			header             []string
			want               string
		}{
			{"POST", "/v1/a%2Fb/%C3%A9%20/;p=1/?x=%20y&x=a+b&=;", "body", []string{
				"Connection", "x-hop, Keep-Alive", "X-Hop", "1", "Keep-Alive", "5", "Te", "trailers, gzip", "Trailer", "X-T", "Upgrade", "websocket", "Proxy-Authorization", "b",
				"Authorization", "Bearer t", "ipp-company-id", "1000001", "ipp-application-type", "x", "X-Own", "1", "Accept-Encoding", "gzip, br",
				"Forwarded", "host=erp.mock", "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Host", "erp.mock", "User-Agent", "own/1", "Content-Type", "text/plain", "X-Twice", "1", "X-Twice", "2",
				"Idempotency-Key", "k", "Via", "1.0 other",
			}, `POST api.test /base/v1/a%2Fb/%C3%A9%20/;p=1/?x=%20y&x=a+b&=; 4 "body"
Accept-Encoding: gzip, br
Authorization: Bearer t
Content-Length: 4
Content-Type: text/plain
Idempotency-Key: k
Ipp-Company-Id: 1000001
Te: trailers
User-Agent: own/1
X-Twice: 1 | 2
Via: 2
`},
			{"GET", "/", "", []string{"User-Agent", ""}, "GET api.test /base/ 0 \"\"\nVia: 1\n"},
			{"DELETE", "/API/controller/api/v1/thing/?", "", []string{"User-Agent", "", "If-Match", "*"}, "DELETE api.test /base/API/controller/api/v1/thing/? 0 \"\"\nIf-Match: *\nVia: 1\n"},
			{"PATCH", "//evil.test/x", "{}", []string{"User-Agent", ""}, "PATCH api.test /base//evil.test/x 2 \"{}\"\nContent-Length: 2\nVia: 1\n"},
		} {
			a := h.do(tt.method, tt.path, tt.body, tt.header...)
			if a.status != 200 || strings.ReplaceAll(a.body, "User-Agent: \n", "") != tt.want {
				t.Errorf("foreground: got %d\n%s%v\nwant\n%s", a.status, a.body, a.err, tt.want)
			}
			s := h.finish(tt.method, tt.path, tt.body, tt.header...)
			c := h.content(s)
			plain := strings.Replace(c.body, "Accept-Encoding: identity\n", "", 1)
			want := strings.Replace(tt.want, "Accept-Encoding: gzip, br\n", "", 1)
			if s.StatusCode != 200 || strings.ReplaceAll(plain, "User-Agent: \n", "") != want || plain == c.body {
				t.Errorf("background: got %+v\n%s\nwant\n%s and identity", s, c.body, want)
			}
		}
	})
}

func TestTheUpstreamLearnsWhoCalledIfToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, echo, upstream.Config{Forwarded: true}, mockserver.Config{})
		a := h.do("GET", "/x", "", "X-Forwarded-For", "192.0.2.7", "X-Forwarded-Host", "front.test", "X-Forwarded-Port", "1")
		for _, want := range []string{"X-Forwarded-For: 192.0.2.7, 127.0.0.1\n", "X-Forwarded-Host: front.test\n", "X-Forwarded-Proto: https\n"} {
			if !strings.Contains(a.body, want) {
				t.Errorf("got %s, want %s", a.body, want)
			}
		}
		if strings.Contains(a.body, "Port") {
			t.Errorf("got %s, want no port", a.body)
		}
	})
}

// No path leads out of the root, however it is written, and no call goes elsewhere.
func TestCallsStayBelowTheRoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen calls
		h := start(t, func(_ http.ResponseWriter, r *http.Request) { seen.add(r) }, upstream.Config{}, mockserver.Config{})
		for _, path := range []string{"/%2e%2e/x", "/a/%2E./x", "/a%2f..%2f..%2fx", "/..%5Cx", "/a/%5c..%5cx", "/%252e%252e/x"} {
			if a := h.do("GET", path, ""); a.status != http.StatusBadRequest {
				t.Errorf("%s: got %d %s, want 400", path, a.status, a.body)
			}
			if s := h.finish("POST", path, "x"); s.Status != "Finished" || s.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %+v, want 400", path, s)
			}
		}
		if got := seen.all(); got != nil {
			t.Errorf("the upstream got %q", got)
		}
		for _, path := range []string{"/a..b/...", "/a/.hidden", "/%2e/x"} {
			if a := h.do("GET", path, ""); a.status != 200 {
				t.Errorf("%s: got %d %s, want that it is passed on", path, a.status, a.body)
			}
		}
	})
}

func TestRewriteStaysWithTheOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, echo, upstream.Config{Rewrite: func(r *http.Request) error {
			switch r.Header.Get("X-Do") {
			case "elsewhere":
				r.URL.Host = "evil.test"
			case "fail":
				return fmt.Errorf("no token")
			}
			r.Header.Set("X-Key", "k")
			return nil
		}}, mockserver.Config{})
		if a := h.do("GET", "/x", ""); a.status != 200 || !strings.Contains(a.body, "X-Key: k\n") {
			t.Errorf("got %d %s", a.status, a.body)
		}
		for do, want := range map[string]string{"elsewhere": "would have sent it elsewhere", "fail": "no token"} {
			if a := h.do("GET", "/x", "", "X-Do", do); a.status != 502 || !strings.Contains(a.body, want) {
				t.Errorf("%s: got %d %s, want 502 and %s", do, a.status, a.body, want)
			}
		}
	})
}

// A mock whose upstream is the mock itself answers, and does not ask itself for ever.
func TestALoopEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *harness
		var seen calls
		h = start(t, func(w http.ResponseWriter, r *http.Request) {
			seen.add(r)
			h.ServeHTTP(w, r)
		}, upstream.Config{}, mockserver.Config{})
		if a := h.do("POST", "/x", "{}"); a.status != http.StatusLoopDetected || len(seen.all()) != 1 {
			t.Errorf("got %d %s after %d calls, want 508 after 1", a.status, a.body, len(seen.all()))
		}
	})
}
