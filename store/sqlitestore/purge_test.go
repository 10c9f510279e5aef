package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// TestPurgeWorksInStepsAndBoundsTheFile runs three rounds of 250 records
// each: neither file nor log may grow with the rounds.
func TestPurgeWorksInStepsAndBoundsTheFile(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path, KeepTombstones: time.Nanosecond})
	ctx := t.Context()
	var sizes []int64
	for round := range 3 {
		var wg sync.WaitGroup
		for g := range 10 {
			wg.Go(func() {
				for i := range 25 {
					ref := strconv.Itoa(round*250 + g*25 + i)
					rec := sending(ref, "")
					rec.Metadata = map[string]string{"pad": strings.Repeat("x", 2000)}
					rec, err := s.Create(ctx, rec, "me", time.Minute)
					if err == nil {
						_, err = s.Report(ctx, "fjord", ref, store.RejectedFact{Epoch: rec.SendEpoch})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n, err := s.Purge(ctx, "elsewhere", store.Retention{Ended: time.Now().Add(time.Hour)}); n.Total() != 0 || err != nil {
			t.Errorf("purged %+v of another tenant, %v", n, err)
		}
		if n, err := s.Purge(ctx, store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); n.Total() != 250 || err != nil {
			t.Errorf("purged %+v, %v; want 250", n, err)
		}
		var size int64
		for _, end := range []string{"", "-wal"} {
			st, err := os.Stat(path + end)
			if err != nil {
				t.Fatal(err)
			}
			size += st.Size()
		}
		sizes = append(sizes, size)
	}
	if sizes[2] > sizes[0]*5/4 {
		t.Errorf("files grew: %v", sizes)
	}
	st, err := s.Stats(ctx)
	if err != nil || len(st.Phases) != 0 || st.Tombstones > 250 || st.Free == 0 || st.Bytes < st.Free {
		t.Errorf("stats %+v, %v", st, err)
	}
}

func TestTombstonesWithAKeyStay(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t), KeepTombstones: time.Nanosecond})
	ctx := t.Context()
	for ref, key := range map[string]string{"a": "order-1", "b": ""} {
		rec := sending(ref, key)
		if _, err := s.Create(ctx, rec, "me", time.Minute); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Report(ctx, "fjord", ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}}); err != nil {
			t.Fatal(err)
		}
		l, _, err := s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Decide(ctx, l, store.AcknowledgeDecision{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := s.Purge(ctx, store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := s.Stats(ctx); err != nil || st.Tombstones != 1 {
		t.Errorf("stats %+v, %v", st, err)
	}
	if r, err := s.Notify(ctx, store.Notification{Ref: "a", ID: "x"}); err != nil || r.Verdict != store.Purged {
		t.Errorf("with a key: %+v, %v", r, err)
	}
	if r, err := s.Notify(ctx, store.Notification{Ref: "b", ID: "y"}); err != nil || r.Verdict != store.Unknown {
		t.Errorf("without one, long ago: %+v, %v", r, err)
	}
}

func TestStatsTellPhasesAndWhatIsDue(t *testing.T) {
	s := mustOpen(t, Config{Path: temp(t)})
	ctx := t.Context()
	if st, err := s.Stats(ctx); err != nil || len(st.Phases) != 0 || !st.OldestDue.IsZero() {
		t.Errorf("empty: %+v, %v", st, err)
	}
	due := time.Now().Add(-time.Hour).Round(0)
	rec := sending("a", "")
	rec.Due = due
	if _, err := s.Create(ctx, rec, "me", time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(ctx, sending("b", ""), "me", time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Notify(ctx, store.Notification{ID: "x"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Millisecond)
	st, err := s.Stats(ctx)
	if err != nil || st.Phases[store.Sending] != 1 || st.Phases[store.Uncertain] != 1 || st.Phases[store.Unmatched] != 1 || !st.OldestDue.Equal(due) {
		t.Errorf("got %+v, %v; want due %v", st, err, due)
	}
}

// TestPurgeGivesSpaceBack: a file is made for that when it is new, and others keep
// the size of their largest moment.
func TestPurgeGivesSpaceBack(t *testing.T) {
	old := filepath.Join(t.TempDir(), "old.db")
	c := raw(t, old) // as an earlier version made it
	if err := errors.Join(c.Script("PRAGMA auto_vacuum = NONE; PRAGMA journal_mode = WAL; CREATE TABLE t (a); DROP TABLE t"), c.Close()); err != nil {
		t.Fatal(err)
	}
	for path, shrinks := range map[string]bool{temp(t): true, old: false} {
		s := mustOpen(t, Config{Path: path})
		ctx := t.Context()
		var kept, ended []store.Record
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range 1500 {
			wg.Go(func() {
				rec := sending(strconv.Itoa(i), "key-"+strconv.Itoa(i))
				rec.Metadata = map[string]string{"pad": strings.Repeat("x", 3000)}
				rec, err := s.Create(ctx, rec, "me", time.Minute)
				if err == nil && i%10 != 0 {
					_, err = s.Report(ctx, "fjord", rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch})
				}
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if i%10 == 0 {
					kept = append(kept, rec)
				} else {
					ended = append(ended, rec)
				}
			})
		}
		wg.Wait()
		before, err := s.Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := s.Purge(ctx, "fjord", store.Retention{Ended: time.Now().Add(time.Hour)}); n.Ended != len(ended) || err != nil {
			t.Fatalf("purged %+v, %v, want %d", n, err, len(ended))
		}
		after, err := s.Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if shrunk := after.Bytes < before.Bytes/2; shrunk != shrinks || shrinks && after.Free > after.Bytes/keepFree+(keepFreePages+shrinkPages)*4096 {
			t.Errorf("a file of %d bytes has %d, %d of them free, after a purge of nine tenths; want that it shrinks: %v", before.Bytes, after.Bytes, after.Free, shrinks)
		}
		for _, rec := range kept {
			if got, err := s.GetByKey(ctx, "fjord", rec.Key); err != nil || got.Metadata["pad"] != rec.Metadata["pad"] {
				t.Fatalf("%s: %v", rec.Ref, err)
			}
		}
		if err := s.Check(ctx); err != nil {
			t.Error(err)
		}
		if st, err := os.Stat(path); err != nil || st.Size() != after.Bytes {
			t.Errorf("the file has %d bytes, %v, want %d", st.Size(), err, after.Bytes)
		}
		_ = s.Close()
	}
}
