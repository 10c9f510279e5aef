package durations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

const invoices = "POST /v1/customerinvoice"

var errDown = errors.New("the store is down")

// setup returns a store and a function that makes a learner on it, as a process
// that starts.
func setup(t *testing.T) (*faultstore.Store, func() *Learner) {
	st := faultstore.NewMemory()
	t.Cleanup(func() { st.Close() })
	return st, func() *Learner {
		return New(Config{Store: st, Tenant: "1", Origin: "https://erp.example", Log: slog.New(slog.DiscardHandler)})
	}
}

func learn(l *Learner, route string, n int, ran time.Duration) {
	for range n {
		l.Ended(route, 0, ran)
	}
}

func flush(t *testing.T, l *Learner) {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
}

// count asks a learner that has just started, which reads the document first.
func count(t *testing.T, l *Learner, route string) int {
	t.Helper()
	l.For(route)
	if err := l.Save(t.Context()); err != nil {
		t.Fatalf("save: %v", err)
	}
	return l.For(route).Count()
}

func TestARestartForgetsNothing(t *testing.T) {
	_, start := setup(t)
	l := start()
	learn(l, invoices, 100, 20*time.Second)
	learn(l, "GET /v1/customer", 10, time.Second)
	flush(t, l)

	again := start()
	if again.For(invoices) != nil {
		t.Error("a learner that has read nothing knows something")
	}
	if got := count(t, again, invoices); got != 100 {
		t.Errorf("after a restart: %d operations known, want 100", got)
	}
	if got := again.For(invoices).Quantile(0.5); !near(got, 20*time.Second, 0.15) {
		t.Errorf("median after a restart: got %v, want about 20 s", got)
	}
	if got := again.For("GET /v1/customer").Count(); got != 10 {
		t.Errorf("of the other route: %d operations known, want 10", got)
	}
}

func TestReplicasAddUp(t *testing.T) {
	_, start := setup(t)
	a, b := start(), start()
	for range 3 {
		learn(a, invoices, 10, time.Second)
		learn(b, invoices, 20, time.Second)
		flush(t, a)
		flush(t, b)
	}
	flush(t, a) // nothing new
	if got := count(t, start(), invoices); got != 90 {
		t.Errorf("after three turns of two replicas: %d operations known, want 90", got)
	}
	learn(a, invoices, 1, time.Second)
	flush(t, a)
	if got := a.For(invoices).Count(); got != 91 {
		t.Errorf("a replica knows %d operations, want the 91 of both", got)
	}
}

// TestReplicasThatSaveTogetherAddUp has each write of one meet that of another.
func TestReplicasThatSaveTogetherAddUp(t *testing.T) {
	_, start := setup(t)
	var all sync.WaitGroup
	for range 4 {
		l := start()
		all.Go(func() {
			for range 20 {
				l.Ended(invoices, 0, time.Second)
				for l.Flush(context.Background()) != nil {
				}
			}
		})
	}
	all.Wait()
	if got := count(t, start(), invoices); got != 80 {
		t.Errorf("four replicas saved 20 operations each: %d known, want 80", got)
	}
}

func TestSavesAreTenSecondsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, start := setup(t)
		l := start()
		dirty := func(want bool, when string) {
			t.Helper()
			if got := l.Dirty(); got != want {
				t.Errorf("%s: dirty is %v, want %v", when, got, want)
			}
		}
		save := func() {
			t.Helper()
			if err := l.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		dirty(false, "unused")
		l.For(invoices)
		dirty(true, "not read yet")
		save()
		dirty(false, "read")
		l.Ended(invoices, 0, time.Second)
		time.Sleep(10*time.Second - 1)
		dirty(false, "within ten seconds")
		time.Sleep(time.Nanosecond)
		dirty(true, "after ten seconds, with something new")
		save()
		time.Sleep(time.Hour)
		dirty(false, "with nothing new")
		l.Running(invoices, 0, time.Minute)
		dirty(true, "after an operation that runs")
	})
}

func TestAStoreThatFailsCostsNothing(t *testing.T) {
	for _, method := range []string{"GetDocument", "PutDocument"} {
		synctest.Test(t, func(t *testing.T) {
			st, start := setup(t)
			l := start()
			learn(l, invoices, 5, time.Second)
			st.Fail(method, faultstore.Always, errDown)
			for i := range 3 {
				if !l.Dirty() {
					t.Fatalf("%s failed %d times: not dirty", method, i)
				}
				if err := l.Save(t.Context()); !errors.Is(err, errDown) {
					t.Fatalf("%s: save returned %v, want the store's error", method, err)
				}
				if got := l.For(invoices).Count(); got != 5 {
					t.Fatalf("%s failed: %d operations known, want 5", method, got)
				}
				if l.Dirty() {
					t.Errorf("%s failed: dirty at once", method)
				}
				time.Sleep(time.Minute)
			}
			st.Fail(method, 0, nil)
			flush(t, l)
			if got := count(t, start(), invoices); got != 5 {
				t.Errorf("%s works again: %d operations stored, want 5", method, got)
			}
		})
	}
}

func TestWhatOthersKeepChangingIsSavedLater(t *testing.T) {
	st, start := setup(t)
	l := start()
	learn(l, invoices, 5, time.Second)
	st.Fail("PutDocument", faultstore.Always, store.ErrChanged)
	if err := l.Flush(t.Context()); !errors.Is(err, store.ErrChanged) {
		t.Errorf("flush: got %v, want %v", err, store.ErrChanged)
	}
	st.Fail("PutDocument", 0, nil)
	flush(t, l)
	if got := count(t, start(), invoices); got != 5 {
		t.Errorf("%d operations stored, want 5", got)
	}
}

func TestADocumentThatCannotBeRead(t *testing.T) {
	newer := append([]byte(magic), version+1, 7)
	for name, body := range map[string][]byte{"garbage": []byte("{}"), "newer": newer} {
		t.Run(name, func(t *testing.T) {
			st, start := setup(t)
			l := start()
			var log bytes.Buffer
			l.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
			if _, err := st.PutDocument(t.Context(), store.Document{Tenant: "1", Name: l.document(), Body: body}); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				learn(l, invoices, 5, time.Second)
				flush(t, l)
			}
			if got := l.For(invoices).Count(); got != 15 {
				t.Errorf("%d operations known, want 15", got)
			}
			if got := strings.Count(log.String(), "\n"); got != 1 {
				t.Errorf("%d lines in the log, want 1:\n%s", got, log.String())
			}
			doc, err := st.GetDocument(t.Context(), "1", l.document())
			if err != nil {
				t.Fatal(err)
			}
			if kept := bytes.Equal(doc.Body, body); kept != (name == "newer") {
				t.Errorf("the document is left as it was: %v", kept)
			}
		})
	}
}

func TestTheLastRoutesAreKnown(t *testing.T) {
	_, start := setup(t)
	l := start()
	for i := range maxRoutes + 40 {
		learn(l, fmt.Sprint("GET /v1/r", i), 1, time.Second)
		if i%50 == 0 {
			flush(t, l)
		}
		l.Ended(invoices, 0, time.Second)
	}
	flush(t, l)
	again := start()
	count(t, again, invoices)
	for _, l := range []*Learner{l, again} {
		if l.For("GET /v1/r0") != nil {
			t.Error("the first of too many routes is still known")
		}
		if l.For(invoices) == nil || l.For(fmt.Sprint("GET /v1/r", maxRoutes+39)) == nil {
			t.Error("a route of which something was learned just now is forgotten")
		}
		if got := len(l.routes); got > maxRoutes {
			t.Errorf("%d routes known, want at most %d", got, maxRoutes)
		}
	}
}

func TestLongNamesAreCut(t *testing.T) {
	st, start := setup(t)
	l := start()
	l.cfg.Origin = "https://" + strings.Repeat("o", 2*store.MaxDocumentName)
	long := "GET /" + strings.Repeat("x", 2*maxName)
	learn(l, long, 3, time.Second)
	flush(t, l)
	again := New(Config{Store: st, Tenant: "1", Origin: l.cfg.Origin, Log: l.cfg.Log})
	if got := count(t, again, long); got != 3 {
		t.Errorf("of a long route: %d operations known, want 3", got)
	}
}

func TestManyLearnTogether(t *testing.T) {
	_, start := setup(t)
	l := start()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				l.Ended(fmt.Sprint("GET /", j%7), 0, time.Duration(j)*time.Second)
				l.Running(invoices, 0, time.Minute)
				l.For(invoices).Quantile(0.5)
				if i == 0 || l.Dirty() {
					l.Save(context.Background())
				}
			}
		})
	}
	all.Wait()
}

func TestAskingAllocatesNothing(t *testing.T) {
	_, start := setup(t)
	l := start()
	learn(l, invoices, 100, time.Second)
	l.For(invoices)
	if got := testing.AllocsPerRun(100, func() { l.For(invoices).Quantile(0.5) }); got != 0 {
		t.Errorf("For allocates %v times, want 0", got)
	}
	if got := testing.AllocsPerRun(100, func() { l.Ended(invoices, time.Second, time.Minute) }); got != 0 {
		t.Errorf("Ended allocates %v times, want 0", got)
	}
}
