package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

const (
	erpID  = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
	forged = "00000000-0000-4000-8000-000000000000"
)

// event is one thing that can happen to a submitted operation, whoever does
// it. It returns the error of the store, which is often the point.
type event struct {
	name string
	do   func(s store.Store, rec store.Record) error
}

// events are what can happen around one non-GET request that the ERP did
// accept as erpID, in any order.
func events(t *testing.T) []event {
	report := func(f store.Fact) func(store.Store, store.Record) error {
		return func(s store.Store, rec store.Record) error {
			_, err := s.Report(t.Context(), rec.Tenant, rec.Ref, f)
			return err
		}
	}
	notify := func(ref bool, id string) func(store.Store, store.Record) error {
		return func(s store.Store, rec store.Record) error {
			n := store.Notification{ID: id, Body: []byte(`{"id":"` + id + `"}`)}
			if ref {
				n.Ref = rec.Ref
			}
			_, err := s.Notify(t.Context(), n)
			return err
		}
	}
	return []event{
		{"202", report(store.AcceptedFact{ID: erpID, Source: store.FromAnswer})},
		{"notified", notify(true, erpID)},
		{"notified by id", notify(false, erpID)},
		{"forged", notify(true, forged)},
		{"uncertain", func(s store.Store, rec store.Record) error {
			return report(store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})(s, rec)
		}},
		{"lapse", func(store.Store, store.Record) error { time.Sleep(2 * time.Minute); return nil }},
		{"rival abandons", func(s store.Store, rec store.Record) error {
			l, _, err := s.Acquire(t.Context(), rec.Tenant, rec.Ref, "rival", store.ToPoll, time.Minute)
			if err != nil {
				return err
			}
			_, err = s.Decide(t.Context(), l, store.AbandonDecision{Reason: "by hand"})
			return errors.Join(err, s.Release(t.Context(), l))
		}},
	}
}

// TestEveryOrderOfEvents runs all 5 040 orders of the events and holds the
// invariants after each step: an accepted id is never lost, a forged one is
// never believed, and a look is due as soon as id and notification are there.
func TestEveryOrderOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evs := events(t)
		orders := 0
		permute(len(evs), func(order []int) {
			orders++
			s := store.NewMemory(store.MemoryConfig{})
			defer s.Close()
			rec, err := s.Create(t.Context(), store.Record{
				Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Key: "order-1",
			}, "sender", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			var trail []string
			done := map[string]bool{}
			for _, i := range order {
				err := evs[i].do(s, rec)
				trail = append(trail, fmt.Sprintf("%s (%v)", evs[i].name, err))
				done[evs[i].name] = true
				got, err := s.Get(t.Context(), rec.Tenant, rec.Ref)
				if err != nil {
					t.Fatal(err)
				}
				if fault := broken(got, done); fault != "" {
					t.Fatalf("%s\nafter %s\nrecord %+v", fault, strings.Join(trail, ", "), got)
				}
			}
		})
		if orders != 5040 {
			t.Fatalf("ran %d orders", orders)
		}
	})
}

// broken names the invariant that does not hold.
func broken(got store.Record, done map[string]bool) string {
	heard := got.Notification != nil
	switch {
	case got.ID == forged:
		return "a forged id was bound"
	case done["202"] && (got.ID != erpID || got.Phase != store.Accepted):
		return "an accepted id was lost"
	case !done["202"] && got.ID != "":
		return "an id was bound without proof"
	case done["202"] && heard && (got.Due.IsZero() || got.Due.After(time.Now())):
		return "heard of and accepted, and yet no look is due"
	case done["notified"] && !heard, done["forged"] && !heard && got.Conflict == nil:
		return "a notification was lost"
	case done["202"] && done["notified by id"] && !heard:
		return "a notification without our ref was lost"
	case got.Phase == store.Sending && (done["202"] || done["uncertain"] || done["lapse"]):
		return "still sending"
	case got.Phase == store.Rejected || got.Phase == store.Queued:
		return "it could be sent again"
	case got.Phase == store.Abandoned && got.HoldsKey():
		return "an abandoned record holds its key"
	}
	return ""
}

// permute calls f with every order of 0..n-1.
func permute(n int, f func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var rec func(int)
	rec = func(k int) {
		if k == n {
			f(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			rec(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	rec(0)
}
