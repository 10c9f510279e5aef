package sqlitestore

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// TestWhatWaitedIsInsertedAsWhatDidNot: after a stall everybody has waited for
// long, and none of them may take a way that costs more.
func TestWhatWaitedIsInsertedAsWhatDidNot(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	unlock := lock(t, path)
	const callers = 300
	var ruled atomic.Int32
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			var out store.Record
			f, err := s.newFresh(&out, sending(strconv.Itoa(i), "key-"+strconv.Itoa(i)), "me", time.Minute)
			if err == nil {
				f.now = f.now.Add(-2 * freshFor) // it has waited
				err = s.do(t.Context(), &step{fresh: f, run: func(*tx, store.Rules) error { ruled.Add(1); return nil }})
			}
			if err != nil {
				t.Error(err)
			}
			if rec, err := s.Get(t.Context(), "fjord", out.Ref); err != nil || !rec.CreatedAt.Equal(out.CreatedAt) || rec.Lease != out.Lease {
				t.Errorf("stored %+v, told %+v, %v", rec, out, err)
			}
		})
	}
	queued(t, s, callers)
	unlock()
	wg.Wait()
	if n := ruled.Load(); n > 0 {
		t.Errorf("%d of %d records that waited were not inserted at once", n, callers)
	}
}

// TestAPurgeLeavesRoom: no group of changes has more than a slice of a purge,
// however much goes, and all of it goes.
func TestAPurgeLeavesRoom(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	ctx := t.Context()
	const many = 2 * purgeRead
	var wg sync.WaitGroup
	for w := range 50 {
		wg.Go(func() {
			for i := range many / 50 {
				rec, err := s.Create(ctx, sending(strconv.Itoa(w*1000+i), ""), "me", time.Minute)
				if err == nil {
					_, err = s.Report(ctx, "fjord", rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	later := time.Now().Add(time.Hour)
	// Two at a time find the same candidates; each record is counted once.
	var total atomic.Int32
	for range 2 {
		wg.Go(func() {
			n, err := s.Purge(ctx, store.AnyTenant, store.Retention{Ended: later})
			if err != nil {
				t.Error(err)
			}
			total.Add(int32(n.Ended))
		})
	}
	wg.Wait()
	if total.Load() != many {
		t.Errorf("%d records were purged, want %d", total.Load(), many)
	}
	var list []candidate
	for i := range many {
		list = append(list, candidate{ref: "gone-" + strconv.Itoa(i)})
	}
	var out store.PurgeCount
	if n, err := s.removeSome(ctx, "fjord", list, store.Retention{Ended: later}, &out); err != nil || n == 0 || out != (store.PurgeCount{}) {
		t.Errorf("what others removed: dealt with %d, counted %+v, %v", n, out, err)
	}
}
