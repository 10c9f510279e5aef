package sqlitestore

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

func sending(ref, key string) store.Record {
	return store.Record{Tenant: "fjord", Ref: ref, Key: key, Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice"}
}

// lock takes the file as another process would and returns what gives it back.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	c := raw(t, path)
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(c.Exec("ROLLBACK"), c.Close()); err != nil {
			t.Error(err)
		}
	}
}

// queued waits until so many steps wait for the writer.
func queued(t *testing.T, s *Store, n int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.file.Waiting() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never saw %d steps wait", n)
		}
	}
}

// TestAFailingStepLeavesItsNeighboursAlone puts steps that fail, conflict and
// succeed into one group.
func TestAFailingStepLeavesItsNeighboursAlone(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	ctx := t.Context()
	disputed, err := s.Create(ctx, sending("disputed", ""), "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Report(ctx, "fjord", "disputed", store.AcceptedFact{ID: "id-1", Source: store.FromAnswer}); err != nil {
		t.Fatal(err)
	}
	w := s.Watch("fjord")
	defer w.Close()

	unlock := lock(t, path)
	boom := errors.New("boom")
	var wg sync.WaitGroup
	results := make([]error, 30)
	for i := range results {
		wg.Go(func() {
			switch i % 3 {
			case 0:
				_, results[i] = s.Create(ctx, sending("good-"+strconv.Itoa(i), ""), "me", time.Minute)
			case 1: // fails after it has written
				results[i] = s.change(ctx, func(_ *tx, r store.Rules) error {
					if _, err := r.Create(sending("bad-"+strconv.Itoa(i), ""), "me", time.Minute); err != nil {
						return err
					}
					return boom
				})
			case 2:
				_, results[i] = s.Report(ctx, "fjord", "disputed", store.RejectedFact{Epoch: disputed.SendEpoch})
			}
		})
	}
	queued(t, s, len(results))
	unlock()
	wg.Wait()
	for i, err := range results {
		_, conflict := errors.AsType[*store.ConflictError](err)
		if ok := []bool{err == nil, err == boom, conflict}[i%3]; !ok {
			t.Errorf("step %d: got error %v", i, err)
		}
	}
	list, err := s.List(ctx, "fjord", store.Query{})
	if err != nil || len(list) != 11 || list[0].Ref != "disputed" || list[0].Conflicts != 10 {
		t.Errorf("%d records, %+v, %v", len(list), list, err)
	}
	refs, _ := w.Take()
	if len(refs) != 11 {
		t.Errorf("woken for %v", refs)
	}
}

func TestACallerThatLeavesChangesNothing(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	unlock := lock(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := s.Create(ctx, sending("gone", ""), "me", time.Minute)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 2*time.Second {
		t.Errorf("got error %v after %v", err, time.Since(start))
	}
	stay := make(chan error, 1)
	go func() {
		_, err := s.Create(t.Context(), sending("stays", ""), "me", time.Minute)
		stay <- err
	}()
	queued(t, s, 1)
	if _, err := s.Get(t.Context(), "fjord", "gone"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("reading beside a writer: %v", err)
	}
	unlock()
	if err := <-stay; err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), "fjord", "gone"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got error %v: what was cancelled was done", err)
	}
}

func TestABusyFileFailsClearlyAndRecovers(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path, BusyTimeout: 50 * time.Millisecond})
	unlock := lock(t, path)
	_, err := s.Create(t.Context(), sending("a", ""), "me", time.Minute)
	if !errors.Is(err, ErrBusy) {
		t.Errorf("got error %v, want ErrBusy", err)
	}
	if err := s.Health(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("health: %v", err)
	}
	unlock()
	if err := s.Health(t.Context()); err != nil {
		t.Errorf("health after recovery: %v", err)
	}
	if _, err := s.Create(t.Context(), sending("a", ""), "me", time.Minute); err != nil {
		t.Error(err)
	}
}

func TestCloseCarriesOutWhatWaits(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	unlock := lock(t, path)
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.Create(t.Context(), sending(strconv.Itoa(i), ""), "me", time.Minute) })
	}
	queued(t, s, len(errs))
	closed := make(chan error, 2)
	for range cap(closed) {
		go func() { closed <- s.Close() }()
	}
	time.Sleep(20 * time.Millisecond)
	unlock()
	wg.Wait()
	if err := errors.Join(append(errs, <-closed, <-closed)...); err != nil {
		t.Error(err)
	}
	s = mustOpen(t, Config{Path: path})
	if n, err := s.Count(t.Context(), "fjord", store.Query{}); n != len(errs) || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}

// TestAFileThatLostItsNameIsNotWritten: what would go there is found by
// nobody.
func TestAFileThatLostItsNameIsNotWritten(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), sending("a", ""), "me", time.Minute); !errors.Is(err, ErrReplaced) {
		t.Errorf("got error %v, want ErrReplaced", err)
	}
	if err := os.Rename(path+".moved", path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), sending("a", ""), "me", time.Minute); err != nil {
		t.Error(err)
	}
}

// TestContentStaysBesideTheRecord follows kept content through the steps that
// must neither lose nor move it.
func TestContentStaysBesideTheRecord(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	ctx := t.Context()
	content := make([]byte, 1<<20)
	content[0], content[1<<20-1] = 'a', 'z'
	for _, ref := range []string{"big", "empty"} {
		if _, err := s.Create(ctx, sending(ref, "key-"+ref), "me", time.Minute); err != nil {
			t.Fatal(err)
		}
		out := store.Outcome{Foreground: true, StatusCode: 201, Kept: true}
		if ref == "big" {
			out.Content = content
		}
		if _, err := s.Report(ctx, "fjord", ref, store.SettledFact{Outcome: out}); err != nil {
			t.Fatal(err)
		}
	}
	check := func(where string, got store.Record, err error) {
		t.Helper()
		if err != nil || got.Outcome == nil || !got.Outcome.Kept || string(got.Outcome.Content) != string(content) {
			t.Errorf("%s: content is lost (%v)", where, err)
		}
	}
	l, rec, err := s.Acquire(ctx, "fjord", "big", "me", store.ToPoll, time.Minute)
	check("acquire", rec, err)
	if l, err = s.Extend(ctx, l, time.Minute); err != nil {
		t.Fatal(err)
	}
	rec, err = s.Decide(ctx, l, store.RetryDecision{Reason: "busy"})
	check("decide", rec, err)
	rec, err = s.Get(ctx, "fjord", "big")
	check("get", rec, err)
	rec, err = s.GetByKey(ctx, "fjord", "key-big")
	check("get by key", rec, err)
	list, err := s.List(ctx, "fjord", store.Query{Limit: 1})
	check("list", list[0], err)
	_, err = s.Create(ctx, sending("other", "key-big"), "me", time.Minute)
	held, _ := errors.AsType[*store.KeyHeldError](err)
	check("held key", held.Record, nil)
	rec, err = s.Get(ctx, "fjord", "empty")
	if err != nil || !rec.Outcome.Kept || len(rec.Outcome.Content) != 0 {
		t.Errorf("empty content: %+v, %v", rec.Outcome, err)
	}
	for _, ref := range []string{"big", "empty"} {
		l, _, err := s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := s.Decide(ctx, l, store.AcknowledgeDecision{})
		if err != nil {
			t.Fatal(err)
		}
		// Who handled it has the content, unless there was none to have.
		if rec.Outcome.Kept != (ref == "empty") || len(rec.Outcome.Content) != 0 {
			t.Errorf("%s, handled: %+v", ref, rec.Outcome)
		}
	}
	if n, err := s.Purge(ctx, store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); n.Total() != 2 || err != nil {
		t.Errorf("purged %+v, %v", n, err)
	}
	err = s.file.Visit(ctx, func(c *sqlitefile.Conn) error {
		n, err := c.Int64("SELECT count(*) FROM contents")
		if n != 0 {
			t.Errorf("%d contents are left", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
