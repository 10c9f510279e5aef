package upstream_test

import (
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

// A call that was refused was not carried out: it waits as long as it is asked to.
func TestACallWaitsForTheUpstreamsLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		method string
		status int
		header []string // of the first refusals; pairs
		times  int      // so often it is refused
		cfg    upstream.Config
		waits  time.Duration
		calls  int
		ends   int
	}{
		"429, Retry-After":                {"POST", 429, []string{"Retry-After", "90"}, 2, upstream.Config{}, 3 * time.Minute, 3, 200},
		"429, a date":                     {"POST", 429, []string{"Retry-After", "Sat, 01 Jan 2000 00:01:00 GMT", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"}, 1, upstream.Config{}, time.Minute, 2, 200},
		"429, X-RateLimit":                {"POST", 429, []string{"X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", "70"}, 1, upstream.Config{}, 70 * time.Second, 2, 200},
		"429, RateLimit of the draft":     {"PUT", 429, []string{"Ratelimit-Policy", `"hour";q=100;w=3600`, "Ratelimit", `"hour";r=0;t=80`}, 1, upstream.Config{}, 80 * time.Second, 2, 200},
		"429, a reset alone":              {"PUT", 429, []string{"X-Ratelimit-Reset", "30"}, 1, upstream.Config{}, 30 * time.Second, 2, 200},
		"429 and no word":                 {"POST", 429, nil, 4, upstream.Config{}, 15 * time.Second, 5, 200},
		"429, longer than it may wait":    {"POST", 429, []string{"Retry-After", "301"}, 1, upstream.Config{}, 0, 1, 429},
		"429 over and over":               {"GET", 429, []string{"Retry-After", "100"}, 9, upstream.Config{}, 300 * time.Second, 4, 429},
		"429, and it may not wait":        {"POST", 429, []string{"Retry-After", "1"}, 1, upstream.Config{NoWait: true}, 0, 1, 429},
		"503, Retry-After, POST":          {"POST", 503, []string{"Retry-After", "5"}, 1, upstream.Config{}, 0, 1, 503},
		"503, Retry-After, PUT":           {"PUT", 503, []string{"Retry-After", "5"}, 1, upstream.Config{}, 0, 1, 503},
		"503, Retry-After, GET":           {"GET", 503, []string{"Retry-After", "5"}, 1, upstream.Config{}, 5 * time.Second, 2, 200},
		"503, Retry-After, PUT as told":   {"PUT", 503, []string{"Retry-After", "5"}, 1, upstream.Config{Repeat: upstream.RepeatIdempotent}, 5 * time.Second, 2, 200},
		"503, Retry-After, POST by a key": {"POST", 503, []string{"Retry-After", "5"}, 1, upstream.Config{RepeatKey: "X-Key"}, 5 * time.Second, 2, 200},
		"503 alone, GET":                  {"GET", 503, nil, 1, upstream.Config{}, 0, 1, 503},
		"500, Retry-After, GET":           {"GET", 500, []string{"Retry-After", "5"}, 1, upstream.Config{}, 0, 1, 500},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen calls
				h := start(t, func(w http.ResponseWriter, r *http.Request) {
					if n := seen.add(r); n <= tt.times {
						for i := 0; i < len(tt.header); i += 2 {
							w.Header().Set(tt.header[i], tt.header[i+1])
						}
						w.WriteHeader(tt.status)
					}
					var body [9]byte
					n, _ := r.Body.Read(body[:])
					if r.Method != "GET" && string(body[:n]) != "{}" {
						t.Errorf("got the body %q", body[:n])
					}
				}, tt.cfg, mockserver.Config{})
				begun := time.Now()
				s := h.finish(tt.method, "/x", "{}", "X-Key", "k")
				ended, err := time.Parse(time.RFC3339Nano, s.FinishedUtc)
				if err != nil {
					t.Fatal(err)
				}
				if waited := ended.Sub(begun).Round(time.Second); waited != tt.waits || len(seen.all()) != tt.calls || s.StatusCode != tt.ends || s.Status != "Finished" {
					t.Errorf("got %s %d after %d calls and %v, want %d after %d and %v", s.Status, s.StatusCode, len(seen.all()), waited, tt.ends, tt.calls, tt.waits)
				}
			})
		})
	}
}

// In the foreground the caller gets the refusal.
func TestRefusalsInTheForegroundArePassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.Header().Set("X-RateLimit-Limit", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, upstream.Config{}, mockserver.Config{})
		a := h.do("POST", "/x", "{}")
		if a.status != 429 || a.header.Get("Retry-After") != "90" || !slices.Equal(a.header["X-Ratelimit-Limit"], []string{"7"}) {
			t.Errorf("got %+v", a)
		}
	})
}

// A company whose call was refused makes no other, nor one of which an answer says
// that nothing is left; other companies do. A reset forgets it.
func TestARefusalPausesItsCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen calls
		begun := time.Now()
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			seen.add(&http.Request{Method: fmt.Sprint(time.Since(begun)), RequestURI: r.RequestURI})
			switch {
			case strings.HasSuffix(r.URL.Path, "/refused") && time.Since(begun) < time.Minute:
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(http.StatusTooManyRequests)
			case strings.HasSuffix(r.URL.Path, "/last"):
				w.Header().Set("RateLimit-Remaining", "0")
				w.Header().Set("RateLimit-Reset", "120")
			}
		}, upstream.Config{}, mockserver.Config{Workers: 3})
		var at []string
		submit := func(company, path string) {
			at = append(at, h.submit("POST", path, "{}", "ipp-company-id", company))
			synctest.Wait()
			time.Sleep(time.Second)
		}
		submit("1", "/refused")
		submit("1", "/after")
		submit("2", "/last")
		submit("2", "/later")
		submit("3", "/other")
		submit("1", "/third")
		time.Sleep(10 * time.Minute)
		want := []string{
			"0s /base/refused", "2s /base/last", "4s /base/other",
			"1m0s /base/after", "1m0s /base/refused", "1m0s /base/third", "2m2s /base/later",
		}
		got := seen.all()
		slices.Sort(got[min(3, len(got)):min(6, len(got))])
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		submit("2", "/last")
		if err := h.Reset(t.Context(), "2"); err != nil {
			t.Fatal(err)
		}
		before := len(seen.all())
		submit("2", "/later")
		if len(seen.all()) != before+1 {
			t.Error("a reset company waits")
		}
	})
}

// Waits go by the clock of the mock: one that stands is moved.
func TestWaitsGoByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen calls
		h := start(t, func(w http.ResponseWriter, r *http.Request) {
			if seen.add(r) == 1 {
				w.Header().Set("Retry-After", "120")
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}, upstream.Config{}, mockserver.Config{Clock: mockserver.ClockConfig{Manual: true, Start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}})
		at := h.submit("POST", "/x", "{}")
		clock := h.Clock("")
		if err := clock.Advance(t.Context(), 119*time.Second); err != nil {
			t.Fatal(err)
		}
		if s := h.state(at); s.Status != "Started" || len(seen.all()) != 1 {
			t.Errorf("after 119 s: got %+v and %d calls, want that it waits", s, len(seen.all()))
		}
		if err := clock.Advance(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		if s := h.state(at); s.StatusCode != 200 || len(seen.all()) != 2 {
			t.Errorf("after 120 s: got %+v and %d calls, want the answer of the second", s, len(seen.all()))
		}
	})
}

// A server that closes ends a call that waits, and says nothing of its end.
func TestCloseEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "200")
			w.WriteHeader(http.StatusTooManyRequests)
		}, upstream.Config{}, mockserver.Config{})
		h.submit("POST", "/x", "{}")
		synctest.Wait()
		begun := time.Now()
		if err := h.Close(); err != nil || time.Since(begun) != 0 {
			t.Errorf("closed after %v, %v", time.Since(begun), err)
		}
		for _, op := range h.Operations() {
			if op.State != "Running" && op.State != "Queued" {
				t.Errorf("got %+v, want that it did not end", op)
			}
		}
	})
}
