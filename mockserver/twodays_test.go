package mockserver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

// A watch is two days of polls of one operation, a minute apart: 2 880 of them.
// The operation takes a minute, and is kept for a day.
type watch struct {
	testing.TB
	client *http.Client
	base   string
	pass   func(time.Duration)
}

func watched() mockserver.Config {
	return mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), RateLimit: mockserver.RateLimit{Limit: 1 << 30}}
}

func (w *watch) request(path, background string) (int, string) {
	req, err := http.NewRequest("GET", w.base+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	if background != "" {
		req.Header.Set("erp-api-background", background)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	location := resp.Header.Get("Location")
	return resp.StatusCode, location[strings.LastIndexByte(location, '/')+1:]
}

func (w *watch) run() {
	const polls = 48 * 60
	_, id := w.request("/v1/customerinvoice/003501", "none")
	seen := make(map[int]int)
	for range polls {
		w.pass(time.Minute)
		status, _ := w.request("/v1/background/"+id, "")
		if seen[status]++; seen[404] == 1 {
			if status, _ := w.request("/v1/background/"+id+"/content", ""); status != http.StatusGone {
				w.Errorf("content after the retention: %d, want 410", status)
			}
		}
	}
	if seen[200] != polls/2 || seen[404] != polls/2 {
		w.Errorf("got %v, want half of them 200, then 404", seen)
	}
}

func twoDaysInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, err := mockserver.New(watched())
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Close()
		(&watch{t, srv.Client(), mockserver.BaseURL, time.Sleep}).run()
	})
}

func twoDaysOverASocket(t testing.TB) {
	cfg := watched()
	cfg.Clock.Manual = true
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	ts := httptest.NewServer(srv)
	defer ts.Close()
	pass := func(d time.Duration) {
		for range 2 {
			if err := srv.Clock("").Advance(t.Context(), d/2); err != nil {
				t.Fatal(err)
			}
		}
	}
	(&watch{t, ts.Client(), ts.URL, pass}).run()
}

func TestTwoDaysInABubble(t *testing.T) { twoDaysInABubble(t) }

func TestTwoDaysOverASocket(t *testing.T) { twoDaysOverASocket(t) }

// BenchmarkTwoDays tells, as time per operation, how long two days take.
func BenchmarkTwoDays(b *testing.B) {
	b.Run("bubble", func(b *testing.B) {
		every := func(string, string) (bool, error) { return true, nil }
		for b.Loop() {
			if !testing.RunTests(every, []testing.InternalTest{{Name: "two days", F: twoDaysInABubble}}) { // bubbles are for tests only
				b.Fatal("failed")
			}
		}
	})
	b.Run("socket", func(b *testing.B) {
		for b.Loop() {
			twoDaysOverASocket(b)
		}
	})
}
