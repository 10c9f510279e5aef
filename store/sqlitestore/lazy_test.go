package sqlitestore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// TestPowerLossTakesNothingButLazyMarks looks at what a loss of power may
// leave: the log as it was at the last sync, and any part of what was written
// to it since. After the last sync 30 records were settled and handled, and others
// were rescheduled and leased. Marks may be gone, the last ones first; nothing else
// may.
func TestPowerLossTakesNothingButLazyMarks(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	ctx := t.Context()
	last := make(map[string]int)
	for i := range 60 {
		ref := fmt.Sprintf("r-0-%02d", i)
		if err := liveUntil(ctx, s, ref, "accepted"); err != nil {
			t.Fatal(err)
		}
		last[ref] = 3
	}
	synced := sizeOf(t, path+"-wal") // nothing is checkpointed yet: the log only grows
	for i := range 60 {
		ref := fmt.Sprintf("r-0-%02d", i)
		if i%2 == 0 {
			if err := liveStage(ctx, s, ref, "settled"); err != nil {
				t.Fatal(err)
			}
			if err := handle(s, ref); err != nil {
				t.Fatal(err)
			}
			put(t, s, i/2+1)
			continue
		}
		l, _, err := s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
		if err == nil && i%4 == 1 {
			_, err = s.Decide(ctx, l, store.RescheduleDecision{Due: time.Now().Add(time.Hour)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	full := sizeOf(t, path+"-wal")
	if full == synced {
		t.Fatal("nothing was written after the last sync")
	}
	dir := t.TempDir()
	settled, handled, written := make(map[int64]int), make(map[int64]int), make(map[int64]int)
	for i, size := range append([]int64{synced, full}, random(20, synced, full)...) {
		now := cut(t, path, filepath.Join(dir, fmt.Sprint(i, ".db")), size)
		survey(t, now, last)
		written[size] = counted(t, now)
		settled[size], handled[size] = inOrder(t, now)
	}
	if settled[synced] != 0 || settled[full] != 30 || handled[synced] != 0 || handled[full] != 30 {
		t.Errorf("%d outcomes and %d of 30 marks without what was written since the last sync, %d and %d with all of it, want none and all",
			settled[synced], handled[synced], settled[full], handled[full])
	}
	if written[synced] != 0 || written[full] != 30 {
		t.Errorf("a document says %d without what was written since the last sync, %d with all of it, want 0 and 30", written[synced], written[full])
	}
	for size, n := range handled {
		if k := written[size]; k != n && k != n-1 { // each was written right after a mark
			t.Errorf("%d marks are left of a log of %d bytes, and a document that says %d", n, size, k)
		}
		if k := settled[size]; k != n && k != n+1 { // each was written right before a mark
			t.Errorf("%d marks are left of a log of %d bytes, and %d outcomes", n, size, k)
		}
	}
	t.Logf("marks that are left, by the size of the log: %v", handled)
}

// cut copies a store as a loss of power may leave it: with the first bytes of its
// log.
func cut(t *testing.T, path, to string, log int64) string {
	t.Helper()
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if end != "" {
			data = data[:log]
		}
		if err := os.WriteFile(to+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// put has a document say n.
func put(t *testing.T, s store.Store, n int) {
	t.Helper()
	d, err := s.GetDocument(t.Context(), "fjord", "count")
	if err == nil {
		d.Body = []byte(strconv.Itoa(n))
		_, err = s.PutDocument(t.Context(), d)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// counted is what the document says, 0 if it is not there.
func counted(t *testing.T, path string) int {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := s.GetDocument(t.Context(), "fjord", "count")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(string(d.Body))
	return n
}

// inOrder counts the outcomes and the marks, and makes sure that none is left where
// an earlier one is gone, nor a mark without its outcome.
func inOrder(t *testing.T, path string) (settled, handled int) {
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.List(t.Context(), "fjord", store.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	gone := false
	for i, rec := range list {
		switch {
		case i%2 != 0:
			continue
		case gone && rec.Phase != store.Accepted:
			t.Errorf("%s is %s, and what was written earlier is gone", rec.Ref, rec.Phase)
		case rec.Phase == store.Acknowledged:
			handled++
		default:
			gone = true
		}
		if rec.Phase != store.Accepted {
			settled++
			if rec.Outcome == nil || rec.Outcome.StatusCode != 200 {
				t.Errorf("%s is %s with the outcome %+v", rec.Ref, rec.Phase, rec.Outcome)
			}
		}
	}
	return settled, handled
}

func random(n int, from, to int64) (out []int64) {
	for range n {
		out = append(out, from+rand.Int64N(to-from))
	}
	return out
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// TestLazyMarksAreSeenAtOnce by all who have the file open.
func TestLazyMarksAreSeenAtOnce(t *testing.T) {
	path := fresh(t)
	here, there := open(t, path), open(t, path)
	if err := settle(here, "r"); err != nil {
		t.Fatal(err)
	}
	if err := handle(here, "r"); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*sqlitestore.Store{here, there} {
		if rec, err := s.Get(t.Context(), "fjord", "r"); err != nil || rec.Phase != store.Acknowledged {
			t.Errorf("got %+v, %v", rec, err)
		}
	}
}

// TestOutcomesThatOnlyTheStoreHasAreSynced: what the ERP does not tell again is on
// disk when the call returns.
func TestOutcomesThatOnlyTheStoreHasAreSynced(t *testing.T) {
	done := store.Outcome{Status: "Finished", StatusCode: 200}
	foreground, told := done, done
	foreground.Foreground, told.Told = true, "seen in the ERP"
	longAgo := time.Now().Add(-13 * time.Hour)
	tests := []struct {
		name   string
		before []store.Fact
		fact   store.Fact
		synced bool
	}{
		{"of an id", []store.Fact{accepted()}, store.SettledFact{ID: "id-r", Outcome: done}, false},
		{"in the foreground", nil, store.SettledFact{Outcome: foreground}, true},
		{"told by a person", []store.Fact{accepted(), unclear()}, store.SettledFact{ID: "id-r", Outcome: told, ByUser: true}, true},
		{"unclear", []store.Fact{accepted()}, unclear(), true},
		{"of an operation that was accepted long ago", []store.Fact{store.AcceptedFact{ID: "id-r", Source: store.FromAnswer, At: longAgo}}, store.SettledFact{ID: "id-r", Outcome: done}, true},
		{"of another id", []store.Fact{accepted()}, store.SettledFact{ID: "id-x", Outcome: done}, true},
		{"after a contradiction", []store.Fact{accepted(), store.SettledFact{ID: "id-x", Outcome: done}}, store.SettledFact{ID: "id-r", Outcome: done}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := fresh(t)
			s := open(t, path)
			ctx := t.Context()
			if _, err := s.Create(ctx, store.Record{Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "POST", Path: "/"}, "me", time.Minute); err != nil {
				t.Fatal(err)
			}
			for _, f := range tt.before {
				if _, err := s.Report(ctx, "fjord", "r", f); err != nil && !isConflict(err) {
					t.Fatal(err)
				}
			}
			before := sqlitestore.Syncs(s)
			if _, err := s.Report(ctx, "fjord", "r", tt.fact); err != nil && !isConflict(err) {
				t.Fatal(err)
			}
			if got := sqlitestore.Syncs(s) > before; got != tt.synced {
				t.Errorf("synced before it returned: %v, want %v", got, tt.synced)
			}
		})
	}
}

func accepted() store.Fact { return store.AcceptedFact{ID: "id-r", Source: store.FromAnswer} }

func unclear() store.Fact {
	return store.UnclearFact{ID: "id-r", Outcome: store.Outcome{Status: "Halted", StatusCode: 200}}
}

func isConflict(err error) bool {
	_, ok := errors.AsType[*store.ConflictError](err)
	return ok
}

// TestALifeTakesTwoSyncs: of an operation that is submitted, polled twice, settled
// and acknowledged.
func TestALifeTakesTwoSyncs(t *testing.T) {
	s := open(t, fresh(t))
	ctx := t.Context()
	const lives = 50
	before := sqlitestore.Syncs(s)
	for i := range lives {
		ref := strconv.Itoa(i)
		_, err := s.Create(ctx, store.Record{Tenant: "fjord", Ref: ref, Phase: store.Sending, Method: "POST", Path: "/"}, "me", time.Minute)
		if err == nil {
			_, err = s.Report(ctx, "fjord", ref, store.AcceptedFact{ID: "id-" + ref, Source: store.FromAnswer, Due: time.Now()})
		}
		for range 2 {
			var l store.Lease
			if err == nil {
				l, _, err = s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
			}
			if err == nil {
				_, err = s.Decide(ctx, l, store.RescheduleDecision{Due: time.Now()})
			}
		}
		var l store.Lease
		if err == nil {
			l, _, err = s.Acquire(ctx, "fjord", ref, "me", store.ToPoll, time.Minute)
		}
		if err == nil {
			_, err = s.Report(ctx, "fjord", ref, store.SettledFact{ID: "id-" + ref, Epoch: l.Epoch, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		}
		if err == nil {
			err = handle(s, ref)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// A timer may have brought some more, where the disk is slow.
	if got := sqlitestore.Syncs(s) - before; got < 2*lives || got > 2*lives+lives/2 {
		t.Errorf("%d lives took %d syncs, want 2 each", lives, got)
	}
}
