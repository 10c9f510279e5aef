package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

// personal are events around a request that a person resolves while the ERP
// and a sender that was slow have their say, in any order.
func personal(t *testing.T) []event {
	all := events(t)
	report := func(f store.Fact) func(store.Store, store.Record) error {
		return func(s store.Store, rec store.Record) error {
			_, err := s.Report(t.Context(), rec.Tenant, rec.Ref, f)
			return err
		}
	}
	finished := store.Outcome{Status: "Finished", StatusCode: 201}
	return []event{
		all[slices.IndexFunc(all, func(e event) bool { return e.name == "202" })],
		all[slices.IndexFunc(all, func(e event) bool { return e.name == "notified" })],
		all[slices.IndexFunc(all, func(e event) bool { return e.name == "lapse" })],
		{"a person names an id", report(store.AcceptedFact{ID: forged, Source: store.FromUser})},
		{"a person ends it", report(store.SettledFact{ByUser: true, Outcome: store.Outcome{StatusCode: 200, Told: "it is there"}})},
		{"unclear", report(store.UnclearFact{ID: erpID, Outcome: store.Outcome{Status: "Cancelled", StatusCode: 200}})},
		{"finished", report(store.SettledFact{ID: erpID, Outcome: finished})},
	}
}

// TestEveryOrderOfAPersonsWord runs all 5 040 orders of the events: what the
// ERP said and what a person told are there in the end, and the key was never
// free.
func TestEveryOrderOfAPersonsWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evs := personal(t)
		permute(len(evs), func(order []int) {
			s := store.NewMemory(store.MemoryConfig{})
			defer s.Close()
			rec, err := s.Create(t.Context(), store.Record{
				Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Key: "order-1",
			}, "sender", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			var trail []string
			taken := map[string]bool{} // without an error
			for _, i := range order {
				err := evs[i].do(s, rec)
				trail = append(trail, fmt.Sprintf("%s (%v)", evs[i].name, err))
				taken[evs[i].name] = err == nil
				_, conflict := errors.AsType[*store.ConflictError](err)
				taken["202"] = taken["202"] || evs[i].name == "202" && conflict
				got, err := s.Get(t.Context(), rec.Tenant, rec.Ref)
				if err != nil {
					t.Fatal(err)
				}
				if fault := unsaid(got, taken); fault != "" {
					t.Fatalf("%s\nafter %s\nrecord %+v", fault, strings.Join(trail, ", "), got)
				}
			}
		})
	})
}

// unsaid names what was said and is not there.
func unsaid(got store.Record, taken map[string]bool) string {
	told := got.Outcome != nil && got.Outcome.Told != ""
	switch {
	case !got.HoldsKey():
		return "the key is free"
	case taken["202"] && got.ID != erpID && !slices.Contains(got.OtherIDs, erpID):
		return "an accepted id was lost"
	case taken["a person ends it"] != told:
		return "a person's word was lost, or made up"
	case taken["finished"] && !told && (got.Phase != store.Settled || got.Outcome.StatusCode != 201):
		return "a terminal state was lost"
	case taken["unclear"] && got.Phase != store.Unclear && got.Phase != store.Settled:
		return "an unclear end was lost"
	case told && got.Phase != store.Settled:
		return "told, and not settled"
	case got.Phase == store.Unclear && !got.Due.IsZero():
		return "unclear, and a look is due"
	case taken["notified"] && got.Notification == nil && got.Conflict == nil:
		return "a notification was lost"
	}
	return ""
}

// expiring are events around an accepted request that expires while a handler,
// a person and the ERP have their say, in any order. One of them remembers
// what its handler was told, so each order needs its own.
func expiring(t *testing.T) []event {
	report := func(f store.Fact) func(store.Store, store.Record) error {
		return func(s store.Store, rec store.Record) error {
			_, err := s.Report(t.Context(), rec.Tenant, rec.Ref, f)
			return err
		}
	}
	var run store.Lease
	return []event{
		{"named", report(store.AcceptedFact{ID: forged, Source: store.FromUser})},
		{"202", report(store.AcceptedFact{ID: erpID, Source: store.FromAnswer})},
		{"expires", func(s store.Store, rec store.Record) error {
			l, _, err := s.Acquire(t.Context(), rec.Tenant, rec.Ref, "looker", store.ToPoll, time.Minute)
			if err != nil {
				return err
			}
			_, err = s.Decide(t.Context(), l, store.ExpireDecision{Reason: "404"})
			return errors.Join(err, s.Release(t.Context(), l))
		}},
		{"a handler begins", func(s store.Store, rec store.Record) error {
			l, got, err := s.Acquire(t.Context(), rec.Tenant, rec.Ref, "handler", store.ToRun, time.Minute)
			if err == nil && got.RunEpoch != l.Epoch { // not one that a handler runs for
				return s.Release(t.Context(), l)
			}
			run = l
			return err
		}},
		{"it ends", func(s store.Store, _ store.Record) error {
			_, err := s.Decide(t.Context(), run, store.AcknowledgeDecision{})
			return err
		}},
		{"a person ends it", report(store.SettledFact{ByUser: true, Outcome: store.Outcome{StatusCode: 200, Told: "it is there"}})},
		{"finished", report(store.SettledFact{ID: erpID, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})},
	}
}

// TestEveryOrderOfAnExpiry runs all 5 040 orders of the events: what a person
// told is there in the end, and nothing is handled by who did not know it.
func TestEveryOrderOfAnExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handled, told := 0, 0
		permute(len(expiring(t)), func(order []int) {
			evs := expiring(t)
			s := store.NewMemory(store.MemoryConfig{})
			defer s.Close()
			rec, err := s.Create(t.Context(), store.Record{
				Tenant: "fjord", Ref: "r", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Key: "order-1",
			}, "sender", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Report(t.Context(), rec.Tenant, rec.Ref, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"}); err != nil {
				t.Fatal(err)
			}
			var trail []string
			knew := false // the handler, when it began, what the end was
			before, _ := s.Get(t.Context(), rec.Tenant, rec.Ref)
			for _, i := range order {
				err := evs[i].do(s, rec)
				trail = append(trail, fmt.Sprintf("%s (%v)", evs[i].name, err))
				got, failed := s.Get(t.Context(), rec.Tenant, rec.Ref)
				if failed != nil {
					t.Fatal(failed)
				}
				if evs[i].name == "a handler begins" {
					knew = got.Outcome != nil
				}
				if fault := untold(evs[i].name, before, got, err, knew); fault != "" {
					t.Fatalf("%s\nafter %s\nrecord %+v", fault, strings.Join(trail, ", "), got)
				}
				before = got
			}
			if before.Outcome != nil && before.Outcome.Told != "" {
				told++
			}
			if before.Phase == store.Acknowledged {
				handled++
			}
		})
		if told == 0 || handled == 0 {
			t.Errorf("%d orders told, %d handled: want some of each", told, handled)
		}
	})
}

// untold names what an event must not have done.
func untold(name string, before, got store.Record, err error, knew bool) string {
	told := func(r store.Record) bool { return r.Outcome != nil && r.Outcome.Told != "" }
	switch {
	case !got.HoldsKey():
		return "the key is free"
	case name == "a person ends it" && before.Unlearnt() && (err != nil || got.Phase != store.Settled || !got.Late || got.Attempts != 0 || got.Lease.Owner != ""):
		return "a person's word on what expired was not taken"
	case told(before) && !told(got):
		return "a person's word was lost"
	case name == "it ends" && err == nil && knew != (got.Outcome != nil):
		return "handled by who did not know the end"
	case got.Phase == store.Settled && got.Due.IsZero():
		return "settled, and no handler is due"
	}
	return ""
}
