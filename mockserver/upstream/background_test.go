package upstream_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// A call takes as long as it takes, and no execution time of the mock comes on top.
func TestACallInTheBackgroundTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := make(chan string, 1)
		h := start(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Hour)
			w.Header().Set("Location", root+"/v1/things/7")
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id":7}`)
		}, upstream.Config{}, mockserver.Config{
			ExecTime: mockserver.Fixed(time.Hour), ExecTimeout: 24 * time.Hour,
			NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				hook <- r.Method
			})}),
		})
		begun := time.Now()
		at := h.do("POST", "/v1/things", "{}", "erp-api-background", "http://hook.test/").header.Get("Location")
		<-hook
		if took := time.Since(begun); took != 3*time.Hour {
			t.Errorf("notified after %v, want 3h", took)
		}
		s := h.state(at)
		a := h.content(s)
		if s.Status != "Finished" || s.StatusCode != 201 || s.ResponseHeaders["Location"] != "https://erp.mock/v1/things/7" || s.ResponseHeaders["ETag"] != `"1"` {
			t.Errorf("got %+v", s)
		}
		if a.body != `{"id":7}` || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("got %q, %v", a.body, a.header)
		}
	})
}

// What is stored is whole, or the operation has failed and says what was answered.
func TestAnAnswerIsStoredWholeOrNotAtAll(t *testing.T) {
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.String()
	}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("the upstream got Accept-Encoding %q", got)
			}
			switch r.URL.Path[len("/base"):] {
			case "/fits":
				fmt.Fprint(w, strings.Repeat("x", 1000))
			case "/told":
				w.Header().Set("Content-Length", "1001")
				fmt.Fprint(w, strings.Repeat("x", 1001))
			case "/large":
				for range 11 {
					fmt.Fprint(w, strings.Repeat("x", 100))
					_ = http.NewResponseController(w).Flush()
				}
			case "/cut":
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, "12345")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			case "/gzip":
				w.Header().Set("Content-Encoding", "gzip")
				fmt.Fprint(w, packed("hello"))
			case "/bomb":
				w.Header().Set("Content-Encoding", "gzip")
				fmt.Fprint(w, packed(strings.Repeat("x", 100_000)))
			case "/br":
				w.Header().Set("Content-Encoding", "br")
				fmt.Fprint(w, "?")
			case "/head":
				w.Header().Set("Content-Encoding", "br")
				w.Header().Set("Content-Length", "12345")
			case "/empty":
				w.WriteHeader(http.StatusNoContent)
			case "/trailers":
				w.Header().Set("Trailer", "X-Sum")
				fmt.Fprint(w, "x")
				w.Header().Set("X-Sum", "7")
			}
		}, upstream.Config{MaxContent: 1000}, mockserver.Config{})
		for path, want := range map[string]string{
			"/fits":     "Finished 200 " + strings.Repeat("x", 1000),
			"/told":     "Failed 500 The upstream answered 200 OK, with more than the 1000 bytes that are stored (MaxContent).",
			"/large":    "Failed 500 The upstream answered 200 OK, with more than the 1000 bytes that are stored (MaxContent).",
			"/cut":      "Failed 500 The upstream answered 201 Created, but its body broke off after 5 bytes: unexpected EOF.",
			"/gzip":     "Finished 200 hello",
			"/bomb":     "Failed 500 The upstream answered 200 OK, with more than the 1000 bytes that are stored (MaxContent).",
			"/br":       `Failed 500 The upstream answered 200 OK, but its body cannot be stored: content encoding "br": is not known here, and was not asked for.`,
			"/empty":    "Finished 204 ",
			"/trailers": "Finished 200 x",
		} {
			s := h.finish("GET", path, "")
			if got := fmt.Sprint(s.Status, " ", s.StatusCode, " ", s.ErrorMessage, h.content(s).body); got != want {
				t.Errorf("%s: got %s\nwant %s", path, got, want)
			}
		}
		for _, path := range []string{"/fits", "/head"} {
			if s := h.finish("HEAD", path, ""); s.Status != "Finished" || s.StatusCode != 200 || s.HasContent {
				t.Errorf("HEAD %s: got %+v", path, s)
			}
		}
	})
}

func TestRedirectsAreFollowedWithinTheOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen calls
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			seen.add(r)
			if r.Header.Get("Authorization") != "Bearer t" {
				t.Errorf("%s: got no Authorization", r.RequestURI)
			}
			switch r.URL.Path {
			case "/base/a":
				http.Redirect(w, r, "b?x=1#frag", http.StatusFound)
			case "/base/b":
				http.Redirect(w, r, "https://api.test/outside", http.StatusPermanentRedirect)
			case "/base/away":
				http.Redirect(w, r, "https://elsewhere.test/", http.StatusFound)
			case "/base/plain":
				http.Redirect(w, r, "http://api.test/base/b", http.StatusFound)
			case "/base/loop":
				http.Redirect(w, r, "loop", http.StatusFound)
			default:
				fmt.Fprint(w, "here")
			}
		}, upstream.Config{}, mockserver.Config{})
		for _, tt := range []struct {
			method, path string
			status       int
			calls        []string
		}{
			{"GET", "/a", 200, []string{"GET /base/a", "GET /base/b?x=1", "GET /outside"}},
			{"HEAD", "/a", 200, []string{"HEAD /base/a", "HEAD /base/b?x=1", "HEAD /outside"}},
			{"POST", "/a", 302, []string{"POST /base/a"}},
			{"GET", "/away", 302, []string{"GET /base/away"}},
			{"GET", "/plain", 302, []string{"GET /base/plain"}},
			{"GET", "/loop", 302, slices.Repeat([]string{"GET /base/loop"}, 11)},
		} {
			before := len(seen.all())
			s := h.finish(tt.method, tt.path, "", "Authorization", "Bearer t")
			if got := seen.all()[before:]; s.StatusCode != tt.status || !slices.Equal(got, tt.calls) {
				t.Errorf("%s %s: got %d after %q, want %d after %q", tt.method, tt.path, s.StatusCode, got, tt.status, tt.calls)
			}
		}
	})
}

// What a gateway answers for an upstream that it did not reach is Finished, unless
// it is said to be a failure.
func TestAnswersThatAreFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, "<html>")
		}
		h := start(t, bad, upstream.Config{}, mockserver.Config{})
		if s := h.finish("POST", "/x", "{}"); s.Status != "Finished" || s.StatusCode != 502 || h.content(s).body != "<html>" {
			t.Errorf("got %+v", s)
		}
		h = start(t, bad, upstream.Config{FailOn: []int{502, 504}}, mockserver.Config{})
		if s := h.finish("POST", "/x", "{}"); s.Status != "Failed" || s.HasContent || s.ErrorMessage != "The upstream answered 502 Bad Gateway. It is not known whether it carried the call out." {
			t.Errorf("got %+v", s)
		}
	})
}

// An operation that takes longer than the server lets it is Failed, and says that
// nobody knows what became of it.
func TestTheServersTimeoutEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan bool, 1)
		h := start(t, func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			ended <- true
		}, upstream.Config{FinishUnanswered: true}, mockserver.Config{ExecTimeout: time.Minute})
		s := h.finish("POST", "/x", "{}")
		<-ended
		if want := "The operation was cancelled: execution timed out after 1m0s. It is not known whether it was carried out."; s.Status != "Failed" || s.ErrorMessage != want {
			t.Errorf("got %+v, want %s", s, want)
		}
	})
}
