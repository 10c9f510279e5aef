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

// queued are events around one request that was enqueued and is sent twice, as
// seen by an ERP that took the first attempt as erpID, in any order. A sender
// that was slow, two persons and a notification have their say.
func queued(t *testing.T) []event {
	attempts := make([]store.Lease, 0, 2)
	send := func(s store.Store, rec store.Record) error {
		l, _, err := s.Acquire(t.Context(), rec.Tenant, rec.Ref, "sender", store.ToSend, time.Minute)
		if err != nil {
			return err
		}
		if _, err = s.Decide(t.Context(), l, store.SendDecision{}); err != nil {
			return errors.Join(err, s.Release(t.Context(), l))
		}
		attempts = append(attempts, l)
		return nil
	}
	report := func(f func() store.Fact) func(store.Store, store.Record) error {
		return func(s store.Store, rec store.Record) error {
			if len(attempts) == 0 {
				return nil // nobody knows of anything
			}
			_, err := s.Report(t.Context(), rec.Tenant, rec.Ref, f())
			return err
		}
	}
	last := func() uint64 { return attempts[len(attempts)-1].Epoch }
	return []event{
		{"send", send},
		{"send again", send},
		{"the first answer is lost", report(func() store.Fact { return store.UncertainFact{Epoch: attempts[0].Epoch, Reason: "reset"} })},
		{"202 of the first", report(func() store.Fact { return store.AcceptedFact{ID: erpID, Source: store.FromAnswer} })},
		{"a person says no", report(func() store.Fact { return store.RejectedFact{ByUser: true, Epoch: last(), Reason: "no"} })},
		{"the last was not taken", func(s store.Store, rec store.Record) error {
			if len(attempts) < 2 {
				return nil // the first one was
			}
			_, err := s.Report(t.Context(), rec.Tenant, rec.Ref, store.NotTakenFact{Epoch: last(), Reason: "429"})
			return err
		}},
		{"notified", func(s store.Store, rec store.Record) error {
			if len(attempts) == 0 {
				return nil
			}
			_, err := s.Notify(t.Context(), store.Notification{Ref: rec.Ref, ID: erpID, Body: []byte(erpID)})
			return err
		}},
	}
}

// TestEveryOrderOfAnOutbox runs all 5 040 orders of the events: it is sent a second
// time only where nobody has told yet that the first attempt was accepted, but a
// person that it was not.
func TestEveryOrderOfAnOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := 0
		permute(len(queued(t)), func(order []int) {
			evs := queued(t)
			s := store.NewMemory(store.MemoryConfig{})
			defer s.Close()
			rec, err := s.Enqueue(t.Context(), store.Record{
				Tenant: "fjord", Ref: "r", Method: "POST", Path: "/v2/customerinvoice", Key: "order-1",
			}, []byte("body"))
			if err != nil {
				t.Fatal(err)
			}
			var trail []string
			var done []string // without an error
			for _, i := range order {
				before, _ := s.Get(t.Context(), rec.Tenant, rec.Ref)
				err := evs[i].do(s, rec)
				got, failed := s.Get(t.Context(), rec.Tenant, rec.Ref)
				if failed != nil {
					t.Fatal(failed)
				}
				trail = append(trail, fmt.Sprintf("%s (%v)", evs[i].name, err))
				if err == nil {
					done = append(done, evs[i].name)
				}
				if got.Sends > before.Sends && got.Sends == 2 {
					again++
				}
				if fault := unsafe(before, got, evs[i].name, done); fault != "" {
					t.Fatalf("%s\nafter %s\nrecord %+v", fault, strings.Join(trail, ", "), got)
				}
			}
		})
		if again == 0 {
			t.Error("it was never sent again")
		}
	})
}

// unsafe names what must not be.
func unsafe(before, got store.Record, name string, done []string) string {
	sent := got.Sends > before.Sends
	accepted := before.ID == erpID
	switch {
	case sent && got.Sends == 2 && !slices.Contains(done, "a person says no"):
		return "sent again, and nobody has said that it was not accepted"
	case sent && accepted:
		return "sent although it was accepted"
	case sent && len(before.Candidates) > 0 && before.Doubted:
		return "sent although an id is proposed"
	case before.ID != "" && got.ID != before.ID:
		return "an accepted id was lost"
	case name == "notified" && before.Doubted && got.Phase == store.Queued:
		return "notified, and would be sent again"
	case !got.HoldsKey():
		return "the key is free"
	case !got.HasBody:
		return "the body is gone"
	}
	return ""
}
