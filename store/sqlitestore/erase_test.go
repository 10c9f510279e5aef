package sqlitestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/vismanet-go/background/store"
)

// secret is a body in which a mark stands every few bytes.
func secret(mark string, size int) []byte {
	return bytes.Repeat([]byte(mark), size/len(mark)+1)
}

// enqueued enqueues a record, and returns it.
func enqueued(t *testing.T, s *Store, ref, sequence string, body []byte) store.Record {
	t.Helper()
	rec, err := s.Enqueue(t.Context(), store.Record{Tenant: "fjord", Ref: ref, Sequence: sequence, Method: "POST", Path: "/v2/customerinvoice"}, body)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// decided has decisions made about a record, each under a lease of its own.
func decided(t *testing.T, s *Store, ref string, list ...store.Decision) {
	t.Helper()
	for _, d := range list {
		l, _, err := s.Acquire(t.Context(), "fjord", ref, "me", store.ToAcknowledge, time.Minute)
		if err == nil {
			_, err = s.Decide(t.Context(), l, d)
		}
		if err != nil {
			t.Fatalf("%s: %T: %v", ref, d, err)
		}
	}
}

// reported has facts reported.
func reported(t *testing.T, s *Store, ref string, list ...store.Fact) {
	t.Helper()
	for _, f := range list {
		if _, err := s.Report(t.Context(), "fjord", ref, f); err != nil {
			t.Fatalf("%s: %T: %v", ref, f, err)
		}
	}
}

// found are the marks that stand in a store's file or in its log.
func found(t *testing.T, path string, marks map[string]string) (refs []string) {
	t.Helper()
	var all []byte
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	for ref, mark := range marks {
		if bytes.Contains(all, []byte(mark)) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// TestBodiesThatNobodyNeedsAreErased searches the file and the log for the bytes of
// bodies, of all sizes and written in such an order that SQLite has to move them
// about, once nobody needs them.
func TestBodiesThatNobodyNeedsAreErased(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, Config{Path: path})
	ctx := t.Context()
	ends := []func(ref string){
		func(ref string) { decided(t, s, ref, store.WithdrawDecision{Reason: "a mistake"}) },
		func(ref string) {
			decided(t, s, ref, store.SendDecision{})
			reported(t, s, ref, store.AcceptedFact{ID: "id-" + ref, Source: store.FromAnswer},
				store.SettledFact{ID: "id-" + ref, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
			decided(t, s, ref, store.AcknowledgeDecision{})
		},
		func(ref string) {
			decided(t, s, ref, store.SendDecision{})
			rec, err := s.Get(ctx, "fjord", ref)
			if err != nil {
				t.Fatal(err)
			}
			reported(t, s, ref, store.UncertainFact{Epoch: rec.SendEpoch})
			decided(t, s, ref, store.AbandonDecision{Reason: "lost"})
		},
		func(ref string) { // to be purged
			decided(t, s, ref, store.SendDecision{})
			reported(t, s, ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 400}})
		},
	}
	marks, kept, gone := map[string]string{}, map[string]string{}, map[string]string{}
	for i := range 400 {
		ref := fmt.Sprintf("r-%03d", i)
		marks[ref] = fmt.Sprintf("<%016x>", rand.Uint64())
		size := []int{20, 300, 1500, 3000, 4000, 9000, 70_000}[rand.IntN(7)]
		enqueued(t, s, ref, "", secret(marks[ref], size))
		if i%3 == 0 && i > 20 { // some in between
			old := fmt.Sprintf("r-%03d", rand.IntN(i-10))
			if gone[old] == "" {
				gone[old] = marks[old]
				ends[rand.IntN(3)](old)
			}
		}
	}
	if err := s.file.Truncate(ctx); err != nil {
		t.Fatal(err)
	}
	for ref, mark := range marks {
		if gone[ref] == "" {
			kept[ref] = mark
		}
	}
	if n := len(found(t, path, kept)); n != len(kept) {
		t.Errorf("%d of %d bodies that are kept stand in the file: the search is wrong", n, len(kept))
	}
	if refs := found(t, path, gone); len(refs) > 0 {
		t.Errorf("the bytes of %d of %d bodies that are gone are there: %v", len(refs), len(gone), refs)
	}
	n := 0
	for ref := range kept {
		n++
		ends[n%3](ref)
	}
	if n, err := s.Purge(ctx, "fjord", store.Retention{}); n.Total() != 0 || err != nil { // but it truncates the log
		t.Fatalf("purged %+v, %v", n, err)
	}
	if refs := found(t, path, marks); len(refs) > 0 {
		t.Errorf("the bytes of %d of %d bodies are there: %v", len(refs), len(marks), refs)
	}
	marks = map[string]string{"purged": fmt.Sprintf("<%016x>", rand.Uint64())}
	enqueued(t, s, "purged", "", secret(marks["purged"], 9000))
	ends[3]("purged")
	later := time.Now().Add(time.Hour)
	if n, err := s.Purge(ctx, "fjord", store.Retention{Unacknowledged: later}); n.Total() == 0 || err != nil { // and it truncates the log
		t.Fatalf("purged %+v, %v", n, err)
	}
	if refs := found(t, path, marks); len(refs) > 0 {
		t.Error("the bytes of the body of what was purged are there")
	}
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
}
