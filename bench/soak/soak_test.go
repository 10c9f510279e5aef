package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhatIsLeftIsFound(t *testing.T) {
	before, err := countOwn()
	if err != nil {
		t.Fatal(err)
	}
	if got := left(before, time.Second); got != nil {
		t.Errorf("with nothing left: %v", got)
	}
	stop := make(chan struct{})
	go func() { <-stop }()
	if got := left(before, 200*time.Millisecond); len(got) != 1 || !strings.Contains(got[0], "TestWhatIsLeftIsFound") {
		t.Errorf("with a goroutine left: %v", got)
	}
	close(stop)
	var files []*os.File
	for range 3 {
		f, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if got := left(before, 200*time.Millisecond); len(got) != 1 {
		t.Errorf("with files left: %v", got)
	}
	for _, f := range files {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWatchFindsWhatGrows(t *testing.T) {
	samples := func(grow *series, w *watch) {
		for i := range 30 {
			for _, s := range []*series{&w.goroutines, &w.heap, &w.ownFiles, &w.rss, &w.files, &w.threads, &w.opsInside, &w.opsOutside} {
				v := 200.0
				if s == &w.opsInside || s == &w.opsOutside {
					v = 200_000 + float64(i)*1000
				}
				if s == grow {
					v += float64(i) * 20
				}
				s.add(v)
			}
		}
	}
	w := newWatch()
	samples(nil, w)
	if got := w.judge(io.Discard); got != nil {
		t.Errorf("nothing grows: %v", got)
	}
	for _, pick := range []func(*watch) *series{
		func(w *watch) *series { return &w.goroutines }, func(w *watch) *series { return &w.heap }, func(w *watch) *series { return &w.ownFiles },
		func(w *watch) *series { return &w.rss }, func(w *watch) *series { return &w.files }, func(w *watch) *series { return &w.threads },
	} {
		w := newWatch()
		s := pick(w)
		samples(s, w)
		if got := w.judge(io.Discard); len(got) != 1 || !strings.HasPrefix(got[0], s.name) {
			t.Errorf("%s grows: %v", s.name, got)
		}
	}
}

// The same seed gives the same faults on the way, and about as many as it
// should.
func TestFaultsOnTheWayAreReproducible(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	}))
	defer srv.Close()
	sequence := func(seed uint64) string {
		c := &http.Client{Transport: &shaky{next: http.DefaultTransport, chance: chance{seed: seed}}}
		out := make([]byte, 2000)
		for i := range out {
			out[i] = '.'
			resp, err := c.Get(srv.URL)
			if err != nil {
				out[i] = 'e'
				continue
			}
			if _, err := io.ReadAll(resp.Body); err != nil {
				out[i] = 'b'
			}
			_ = resp.Body.Close()
		}
		return string(out)
	}
	one, again, other := sequence(1), sequence(1), sequence(2)
	if one != again || one == other {
		t.Error("faults do not follow from the seed")
	}
	if n := strings.Count(one, "e"); n < 4 || n > 40 {
		t.Errorf("%d lost calls of 2000, want about 16", n)
	}
	if n := strings.Count(one, "b"); n < 1 || n > 25 {
		t.Errorf("%d broken answers of 2000, want about 8", n)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-for", "1s"}, {"-for", "x"}, {"-requests", "-1"}, {"-every", "-1s"}, {"word"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%v: exit status %d, %s", args, code, &errs)
		}
	}
}
