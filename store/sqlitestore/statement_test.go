package sqlitestore

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// TestAStatementThatFailsHarmsNoNeighbour puts steps whose second write the
// file refuses among steps that are fine.
func TestAStatementThatFailsHarmsNoNeighbour(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	ctx := t.Context()
	bound, err := s.Create(ctx, sending("bound", ""), "me", time.Minute)
	if err == nil {
		bound, err = s.Report(ctx, "fjord", "bound", store.AcceptedFact{ID: "id", Source: store.FromAnswer})
	}
	if err != nil {
		t.Fatal(err)
	}
	unlock := lock(t, path)
	var wg sync.WaitGroup
	results := make([]error, 20)
	for i := range results {
		wg.Go(func() {
			ref := strconv.Itoa(i)
			if i%4 != 1 {
				_, results[i] = s.Create(ctx, sending(ref, ""), "me", time.Minute)
				return
			}
			results[i] = s.change(ctx, func(tx *tx, _ store.Rules) error {
				first, second := bound, bound // no rule would bind an id twice
				first.Ref, first.ID = ref+"-first", ""
				second.Ref = ref
				return errors.Join(tx.Put(first), tx.Put(second))
			})
		})
	}
	queued(t, s, len(results))
	unlock()
	wg.Wait()
	for i, err := range results {
		if (i%4 == 1) != sqlitefile.IsConstraint(err) {
			t.Errorf("step %d: got error %v", i, err)
		}
	}
	list, err := s.List(ctx, "fjord", store.Query{})
	if err != nil || len(list) != 1+15 {
		t.Errorf("%d records, %v; want those of the steps that are fine, and nothing of the others", len(list), err)
	}
}

// TestANewRecordThatWaitedIsMadeAnew: its lease counts from when it was
// written, not from when its caller came.
func TestANewRecordThatWaitedIsMadeAnew(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	unlock := lock(t, path)
	done := make(chan store.Record, 1)
	go func() {
		rec, err := s.Create(t.Context(), sending("r", "key"), "me", time.Minute)
		if err != nil {
			t.Error(err)
		}
		done <- rec
	}()
	queued(t, s, 1)
	time.Sleep(2 * freshFor)
	unlocked := time.Now()
	unlock()
	rec := <-done
	got, err := s.Get(t.Context(), "fjord", "r")
	if err != nil || rec.CreatedAt.Before(unlocked) || !got.Lease.Until.Equal(rec.Lease.Until) || rec.Lease.Until.Before(unlocked.Add(time.Minute)) {
		t.Errorf("created %v with a lease until %v (stored %v), free since %v, %v", rec.CreatedAt, rec.Lease.Until, got.Lease.Until, unlocked, err)
	}
}

// TestANewRecordThatCannotBe meets all that stands against one.
func TestANewRecordThatCannotBe(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	ctx := t.Context()
	rec, err := s.Create(ctx, sending("r", "key"), "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(ctx, sending("r", ""), "me", time.Minute); err != store.ErrExists {
		t.Errorf("the ref: got error %v", err)
	}
	held := func(purged bool) {
		t.Helper()
		_, err := s.Create(ctx, sending("s", "key"), "me", time.Minute)
		if k, ok := err.(*store.KeyHeldError); !ok || k.Purged != purged || k.Record.Ref != "r" {
			t.Errorf("the key: got error %v", err)
		}
	}
	held(false)
	if _, err := s.Report(ctx, "fjord", "r", store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Purge(ctx, store.AnyTenant, store.Retention{Unacknowledged: rec.CreatedAt.Add(time.Hour)}); err != nil || n.Unacknowledged != 1 {
		t.Fatalf("purged %+v, %v", n, err)
	}
	held(true)
}
