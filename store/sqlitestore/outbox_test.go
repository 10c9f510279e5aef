package sqlitestore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// decide makes a decision under a lease of its own.
func decide(t *testing.T, s store.Store, ref string, d store.Decision) store.Record {
	t.Helper()
	l, _, err := s.Acquire(t.Context(), "fjord", ref, "me", store.ToSend, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := s.Decide(t.Context(), l, d)
	if err != nil {
		t.Fatalf("%s: %T: %v", ref, d, err)
	}
	return rec
}

func tell(t *testing.T, s store.Store, ref string, f store.Fact) store.Record {
	t.Helper()
	rec, err := s.Report(t.Context(), "fjord", ref, f)
	if err != nil {
		t.Fatalf("%s: %T: %v", ref, f, err)
	}
	return rec
}

func enqueue(t *testing.T, s store.Store, ref, sequence string) {
	t.Helper()
	_, err := s.Enqueue(t.Context(), store.Record{Tenant: "fjord", Ref: ref, Sequence: sequence, Method: "POST", Path: "/"}, []byte("body of "+ref))
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheOutboxIsSynced: what the outbox promises is on disk when the call returns.
func TestTheOutboxIsSynced(t *testing.T) {
	s := open(t, fresh(t))
	var rec store.Record
	refused := func() store.Fact {
		return store.SettledFact{Epoch: rec.SendEpoch, Outcome: store.Outcome{Foreground: true, StatusCode: 400}}
	}
	send := func() { rec = decide(t, s, "a", store.SendDecision{}) }
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"enqueue", func() { enqueue(t, s, "a", "orders") }},
		{"send", send},
		{"not taken", func() { tell(t, s, "a", store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "429"}) }},
		{"send again", send},
		{"refused", func() { tell(t, s, "a", refused()) }},
		{"queue again", func() { decide(t, s, "a", store.RequeueDecision{}) }},
		{"send once more", send},
		{"uncertain", func() { tell(t, s, "a", store.UncertainFact{Epoch: rec.SendEpoch}) }},
		{"not accepted", func() { tell(t, s, "a", store.RejectedFact{ByUser: true, Reason: "no"}) }},
		{"send for the last time", send},
		{"refused again", func() { tell(t, s, "a", refused()) }},
		{"skip", func() { decide(t, s, "a", store.SkipDecision{Reason: "by hand"}) }},
		{"enqueue another", func() { enqueue(t, s, "b", "orders") }},
		{"withdraw", func() { decide(t, s, "b", store.WithdrawDecision{Reason: "a mistake"}) }},
	} {
		before := sqlitestore.Syncs(s)
		if step.do(); sqlitestore.Syncs(s) == before {
			t.Errorf("%s: returned before it was synced", step.name)
		}
	}
}

// TestPowerLossLeavesTheOutboxWhole cuts the log anywhere: what was enqueued until
// then has its body, no sequence has gone on without its reason, and all of it can
// still be sent.
func TestPowerLossLeavesTheOutboxWhole(t *testing.T) {
	path := fresh(t)
	s := open(t, path)
	start := sizeOf(t, path+"-wal")
	known := map[string]int64{} // the size of the log when it was enqueued
	var refs []string
	for i := range 60 {
		name := fmt.Sprint("s", i%4)
		if i%4 == 3 {
			name = ""
		}
		ref := fmt.Sprintf("r-%02d", i)
		enqueue(t, s, ref, name)
		known[ref] = sizeOf(t, path+"-wal")
		refs = append(refs, ref)
		old := refs[rand.IntN(len(refs))]
		rec, err := s.Get(t.Context(), "fjord", old)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case rec.Blocked && rand.IntN(4) == 0:
			decide(t, s, old, store.WithdrawDecision{Reason: "a mistake"})
		case rec.Phase == store.Queued && !rec.Blocked:
			rec = decide(t, s, old, store.SendDecision{})
			if rand.IntN(4) == 0 {
				tell(t, s, old, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "429"})
				break
			}
			tell(t, s, old, store.AcceptedFact{ID: "id-" + old, Source: store.FromAnswer})
			tell(t, s, old, store.SettledFact{ID: "id-" + old, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
			if rand.IntN(2) == 0 {
				decide(t, s, old, store.AcknowledgeDecision{})
			}
		}
	}
	full := sizeOf(t, path+"-wal")
	dir := t.TempDir()
	for i, size := range append([]int64{full}, random(25, start, full)...) {
		now, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: cut(t, path, filepath.Join(dir, fmt.Sprint(i, ".db")), size)})
		if err != nil {
			t.Fatal(err)
		}
		for ref, at := range known {
			if _, err := now.Get(t.Context(), "fjord", ref); err != nil && at <= size {
				t.Errorf("%s was enqueued, and is not there: %v", ref, err)
			}
		}
		wholeOutbox(t, now)
		drain(t, now)
		if err := now.Close(); err != nil {
			t.Error(err)
		}
	}
}

// wholeOutbox checks that records, bodies and sequences fit together.
func wholeOutbox(t *testing.T, s *sqlitestore.Store) {
	t.Helper()
	list, err := s.List(t.Context(), "fjord", store.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	waiting := map[string][]store.Record{} // those that have not succeeded, by sequence
	for _, rec := range list {
		body, err := s.GetBody(t.Context(), "fjord", rec.Ref)
		if has := err == nil; has != rec.HasBody || has && string(body) != "body of "+rec.Ref || has == (rec.Phase == store.Acknowledged || rec.Phase == store.Rejected) {
			t.Errorf("%s, %s: HasBody %v, got the body %q, %v", rec.Ref, rec.Phase, rec.HasBody, body, err)
		}
		if rec.Place != 0 && (rec.Outcome == nil || !rec.Outcome.Succeeded()) {
			waiting[rec.Sequence] = append(waiting[rec.Sequence], rec)
		}
	}
	for name, recs := range waiting {
		slices.SortFunc(recs, func(a, b store.Record) int { return int(a.Place) - int(b.Place) })
		for i, rec := range recs {
			if rec.Blocked != (i > 0) {
				t.Errorf("%s, number %d of %s, is blocked: %v", rec.Ref, i, name, rec.Blocked)
			}
		}
		if seq, err := s.GetSequence(t.Context(), "fjord", name); err != nil || seq.Head.Ref != recs[0].Ref || seq.Waiting != len(recs) || seq.Done != recs[0].Place-1 {
			t.Errorf("%s: %d wait, %s at the head, done %d, %v; want %d, %s, %d", name, seq.Waiting, seq.Head.Ref, seq.Done, err, len(recs), recs[0].Ref, recs[0].Place-1)
		}
	}
}

// drain has all that is queued, and that somebody was sending, end in success.
func drain(t *testing.T, s *sqlitestore.Store) {
	t.Helper()
	for range 200 {
		list, err := s.List(t.Context(), "fjord", store.Query{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, rec := range list {
			id := "id-" + rec.Ref
			switch {
			case rec.Phase == store.Queued && !rec.Blocked:
				if err := s.Release(t.Context(), rec.Lease); err != nil { // of who was about to send it
					t.Error(err)
				}
				decide(t, s, rec.Ref, store.SendDecision{})
				fallthrough
			case rec.Phase == store.Sending || rec.Phase == store.Uncertain:
				tell(t, s, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
				fallthrough
			case rec.Phase == store.Accepted:
				tell(t, s, rec.Ref, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
				fallthrough
			case rec.Phase == store.Queued:
				left++
			}
		}
		if left == 0 {
			return
		}
	}
	t.Error("it cannot be sent to its end")
}

// TestTheOutboxIsSharedByHandles: one handle unblocks what another waits for.
func TestTheOutboxIsSharedByHandles(t *testing.T) {
	path := fresh(t)
	here, there := open(t, path), open(t, path)
	enqueue(t, here, "a", "orders")
	enqueue(t, there, "b", "orders")
	w := there.Watch("fjord", "b")
	defer w.Close()
	rec := decide(t, there, "a", store.SendDecision{})
	if _, _, err := here.Acquire(t.Context(), "fjord", "a", "me too", store.ToSend, time.Minute); !errors.Is(err, store.ErrLeased) {
		t.Errorf("got error %v, want ErrLeased", err)
	}
	tell(t, here, "a", store.SettledFact{Epoch: rec.SendEpoch, Outcome: store.Outcome{Foreground: true, StatusCode: 201}})
	select {
	case <-w.C():
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was woken")
	}
	if body, err := there.GetBody(t.Context(), "fjord", "b"); err != nil || string(body) != "body of b" {
		t.Errorf("got the body %q, %v", body, err)
	}
	decide(t, there, "b", store.SendDecision{})
}
