package store_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/vismanet-go/background/store"
)

// sent creates a record that is being sent.
func sent(t *testing.T, s store.Store, ref, key string) store.Record {
	t.Helper()
	rec, err := s.Create(t.Context(), store.Record{
		Tenant: "fjord", Ref: ref, Key: key, Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
	}, "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func report(t *testing.T, s store.Store, rec store.Record, facts ...store.Fact) store.Record {
	t.Helper()
	for _, f := range facts {
		var err error
		if rec, err = s.Report(t.Context(), rec.Tenant, rec.Ref, f); err != nil {
			t.Fatal(err)
		}
	}
	return rec
}

func TestMemoryIsBoundedThoughNobodyAcknowledges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.NewMemory(store.MemoryConfig{Keep: time.Hour})
		defer m.Close()
		for i := range 500 {
			n := strconv.Itoa(i)
			report(t, m, sent(t, m, "r"+n, "order-"+n), store.AcceptedFact{ID: "id-" + n, Source: store.FromAnswer},
				store.SettledFact{ID: "id-" + n, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
			time.Sleep(time.Minute)
		}
		list, err := m.List(t.Context(), "fjord", store.Query{Limit: 1000})
		if err != nil || len(list) < 50 || len(list) > 70 {
			t.Errorf("got %d records, %v, want those of an hour of one a minute", len(list), err)
		}
		// Their keys still name them.
		_, err = m.Create(t.Context(), store.Record{
			Tenant: "fjord", Ref: "again", Key: "order-0", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
		}, "me", time.Minute)
		if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || !held.Purged || held.Record.ID != "id-0" {
			t.Errorf("got %v, want the key held by the purged id-0", err)
		}
	})
}

// TestMemoryDropsPastWhatCameBackToLife has the oldest record that ended turn
// out to be accepted after all.
func TestMemoryDropsPastWhatCameBackToLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.NewMemory(store.MemoryConfig{Keep: time.Hour})
		defer m.Close()
		for i := range 10 {
			n := strconv.Itoa(i)
			rec := sent(t, m, "r"+n, "")
			report(t, m, rec, store.RejectedFact{Epoch: rec.SendEpoch})
		}
		report(t, m, store.Record{Tenant: "fjord", Ref: "r0"}, store.AcceptedFact{ID: "id-0", Source: store.FromAnswer})
		time.Sleep(2 * time.Hour)
		for i := range 10 { // a little goes with each new one
			sent(t, m, "new"+strconv.Itoa(i), "")
		}
		list, err := m.List(t.Context(), "fjord", store.Query{Phases: []store.Phase{store.Rejected, store.Accepted}})
		if err != nil || len(list) != 1 || list[0].Ref != "r0" {
			t.Errorf("got %d records, %v, want only the one that lives", len(list), err)
		}
	})
}

func TestMemoryForgetsTheOldestPurgedOnesWithoutAKey(t *testing.T) {
	m := store.NewMemory(store.MemoryConfig{})
	defer m.Close()
	keyed := sent(t, m, "keyed", "order-1")
	report(t, m, keyed, store.AcceptedFact{ID: "id", Source: store.FromAnswer}, store.SettledFact{ID: "id", Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
	l, _, err := m.Acquire(t.Context(), "fjord", "keyed", "me", store.ToPoll, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Decide(t.Context(), l, store.AcknowledgeDecision{}); err != nil {
		t.Fatal(err)
	}
	purge := func(want int) {
		t.Helper()
		if n, err := m.Purge(t.Context(), store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); n.Total() != want || err != nil {
			t.Fatalf("purged %+v, %v, want %d", n, err, want)
		}
	}
	reject := func(ref string) {
		t.Helper()
		rec := sent(t, m, ref, "")
		report(t, m, rec, store.RejectedFact{Epoch: rec.SendEpoch})
	}
	reject("oldest")
	purge(2)
	const many = 1 << 16
	for i := range many {
		reject(strconv.Itoa(i))
	}
	purge(many)
	verdict := func(ref string) store.Verdict {
		t.Helper()
		r, err := m.Notify(t.Context(), store.Notification{Ref: ref, ID: "of " + ref, Body: []byte(ref)})
		if err != nil {
			t.Fatal(err)
		}
		return r.Verdict
	}
	if got := verdict("oldest"); got != store.Unknown {
		t.Errorf("the oldest: got %s, want unknown", got)
	}
	if got := verdict("keyed"); got != store.Purged {
		t.Errorf("the one with a key: got %s, want purged", got)
	}
	_, err = m.Create(t.Context(), store.Record{Tenant: "fjord", Ref: "again", Key: "order-1", Phase: store.Sending, Method: "POST", Path: "/"}, "me", time.Minute)
	if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || !held.Purged {
		t.Errorf("got %v, want the key held by the purged one", err)
	}
}

func TestHubKeepsItsOwnListOfRefs(t *testing.T) {
	var active []bool
	h := store.Hub{OnActive: func(a bool) { active = append(active, a) }}
	refs := []string{"a", "b"}
	w := h.Watch("fjord", refs...)
	refs[0] = "changed"
	h.Publish("fjord", "a")
	if got, all := w.Take(); all || fmt.Sprint(got) != "[a]" {
		t.Errorf("got %v, %v, want a", got, all)
	}
	w.Close()
	h.Publish("fjord", "a")
	if got, all := w.Take(); all || len(got) > 0 {
		t.Errorf("a closed watcher was woken for %v", got)
	}
	if fmt.Sprint(active) != "[true false]" {
		t.Errorf("got %v, want active and then not", active)
	}
	left := weak.Make(w)
	runtime.GC()
	if left.Value() != nil {
		t.Error("the hub holds on to a closed watcher")
	}
	runtime.KeepAlive(&h)
}
