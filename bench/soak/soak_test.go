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

	"github.com/vismanet-go/background/mockserver/fault"
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

// The same seed makes a receiver deaf at the same times, and about as often as
// it should.
func TestADeafReceiverIsReproducible(t *testing.T) {
	sequence := func(seed uint64) string {
		d := &deaf{chance: chance{seed: seed}, next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
		})}
		out := make([]byte, 2000)
		for i := range out {
			out[i] = 'x'
			func() {
				defer func() { _ = recover() }()
				rec := httptest.NewRecorder()
				d.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", nil))
				out[i] = map[int]byte{http.StatusAccepted: '.', http.StatusOK: 'o', http.StatusServiceUnavailable: '5'}[rec.Code]
			}()
		}
		return string(out)
	}
	one, again, other := sequence(1), sequence(1), sequence(2)
	if one != again || one == other {
		t.Error("deafness does not follow from the seed")
	}
	for _, kind := range []string{"x", "o", "5"} {
		if n := strings.Count(one, kind); n < 1 || n > 40 {
			t.Errorf("%d of 2000 are %s, want about 8 or 16", n, kind)
		}
	}
}

// The mocks' own faults are at every point that the traffic passes, and leave
// the company of fill alone.
func TestFaultsOfTheMocks(t *testing.T) {
	rules, err := fault.Parse(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	missing := map[fault.Point]bool{
		fault.OnIntake: true, fault.OnForeground: true, fault.OnState: true,
		fault.OnContent: true, fault.OnQueue: true, fault.OnNotification: true,
	}
	for i, r := range rules {
		delete(missing, r.On)
		if r.Company != "1000001" || r.Probability != often {
			t.Errorf("rule %d: %+v", i, r)
		}
	}
	if len(missing) > 0 {
		t.Errorf("nothing at %v", missing)
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
