package storetest

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/store"
)

// delivered is a notification that asks for a delivery.
func delivered(ref, id string) store.Notification {
	n := notification(ref, id)
	n.Deliver = true
	n.Header = map[string]string{"order": "4711"}
	return n
}

// deliveries lists what is in one of the phases.
func (e *env) deliveries(phases ...store.Phase) []store.Record {
	e.Helper()
	list, err := e.List(e.ctx, store.DeliveryTenant, store.Query{Phases: phases})
	e.must(err)
	return list
}

// delivery notifies of an operation and returns the delivery.
func (e *env) delivery(rec store.Record) store.Record {
	e.Helper()
	e.notify(delivered(rec.Ref, rec.ID))
	list := e.deliveries(store.Delivery)
	if len(list) != 1 {
		e.Fatalf("got %d deliveries, want 1", len(list))
	}
	return list[0]
}

var deliveryTests = []test{
	{"a delivery is made once, beside the operation", func(e *env) {
		rec := e.accepted(id1)
		if e.notify(notification(rec.Ref, id1)); len(e.deliveries()) != 0 {
			e.Fatal("delivered without being asked")
		}
		n := delivered("", id1)
		n.Body = append(n.Body, ' ')
		for range 3 {
			e.notify(n)
		}
		list := e.deliveries()
		if len(list) != 1 {
			e.Fatalf("got %d deliveries, want 1", len(list))
		}
		d := list[0]
		if d.Phase != store.Delivery || d.Kind != string(store.Matched) || d.Attempts != 0 || d.Due.After(time.Now()) || d.CreatedAt.IsZero() {
			e.Errorf("got %+v", d)
		}
		if got := d.Notification; got.Tenant != tenant || got.Ref != rec.Ref || got.ID != id1 || string(got.Body) != string(n.Body) || got.Header["order"] != "4711" || got.Deliver {
			e.Errorf("got %+v", got)
		}
		if got := e.get(rec); got.Notification.Deliver || got.Notification.Ref != "" {
			e.Errorf("the operation keeps %+v", got.Notification)
		}
	}},
	{"an unknown operation's notification is delivered, and survives the merge", func(e *env) {
		rec := e.sending()
		n := delivered("", id1)
		n.Tenant = tenant
		e.notify(n)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.wantReceipt(e.notify(n), store.Duplicate, rec.Ref)
		list := e.deliveries()
		if len(list) != 1 || list[0].Kind != string(store.Unknown) || list[0].Notification.Tenant != tenant {
			e.Errorf("got %+v", list)
		}
	}},
	{"conflicts and notifications of purged operations are not delivered", func(e *env) {
		rec := e.accepted(id1)
		e.wantReceipt(e.notify(delivered(rec.Ref, id2)), store.Disputed, rec.Ref)
		foreign := delivered(rec.Ref, id1)
		foreign.Tenant = other
		e.wantReceipt(e.notify(foreign), store.Disputed, rec.Ref)
		gone := e.choose(e.settled(id2, 200), store.AcknowledgeDecision{})
		if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Fatalf("purged %d, %v", n, err)
		}
		e.wantReceipt(e.notify(delivered(gone.Ref, id2)), store.Purged, "")
		if list := e.deliveries(); len(list) != 0 {
			e.Errorf("got %+v", list)
		}
	}},
	{"deliveries of one operation are bounded", func(e *env) {
		rec := e.accepted(id1)
		for i := range 100 {
			n := delivered(rec.Ref, id1)
			n.Body = []byte(`{"n":` + strconv.Itoa(i) + `}`)
			e.notify(n)
		}
		if got := len(e.deliveries()); got < 2 || got > 32 {
			e.Errorf("%d deliveries", got)
		}
	}},
	{"a delivery and its operation have leases of their own", func(e *env) {
		rec := e.accepted(id1)
		d := e.delivery(rec)
		l := e.acquire(d, owner)
		e.choose(rec, store.RescheduleDecision{Due: time.Now().Add(time.Hour), Notifications: 1})
		_, _, err := e.Acquire(e.ctx, d.Tenant, d.Ref, rival, store.ToPoll, e.ttl)
		e.wantErr(err, store.ErrLeased)
		e.decide(l, store.AcknowledgeDecision{})
		_, err = e.Get(e.ctx, d.Tenant, d.Ref)
		e.wantErr(err, store.ErrNotFound)
		if got := e.get(rec); got.Phase != store.Accepted || got.Attempts != 0 {
			e.Errorf("the operation became %+v", got)
		}
	}},
	{"a run is counted when it begins, also if its process ends", func(e *env) {
		d := e.delivery(e.accepted(id1))
		dead, begun := e.begin(d, owner)
		if begun.Attempts != 1 {
			e.Errorf("the first run is number %d", begun.Attempts)
		}
		e.lapse()
		l, begun := e.begin(d, rival)
		if begun.Attempts != 2 {
			e.Errorf("the second run is number %d", begun.Attempts)
		}
		_, err := e.Decide(e.ctx, dead, store.AcknowledgeDecision{})
		e.wantErr(err, store.ErrFenced)
		e.decide(l, store.AcknowledgeDecision{})
	}},
	{"a delivery that was acknowledged is not found, also under its lease", func(e *env) {
		d := e.delivery(e.accepted(id1))
		l, _, err := e.Acquire(e.ctx, d.Tenant, d.Ref, owner, store.ToRun, while)
		e.must(err)
		e.decide(l, store.AcknowledgeDecision{})
		for _, decision := range []store.Decision{store.AcknowledgeDecision{}, store.RetryDecision{Due: time.Now()}, store.DeadLetterDecision{Reason: "no"}} {
			if _, err := e.Decide(e.ctx, l, decision); !errors.Is(err, store.ErrNotFound) {
				e.Errorf("%T after it: got error %v, want %v", decision, err, store.ErrNotFound)
			}
		}
		_, err = e.Extend(e.ctx, l, e.ttl)
		e.wantErr(err, store.ErrNotFound)
		e.must(e.Release(e.ctx, l))
		if list := e.deliveries(); len(list) != 0 {
			e.Errorf("left over: %+v", list)
		}
	}},
	{"a delivery is retried when due, parked and replayed", func(e *env) {
		d := e.delivery(e.accepted(id1))
		due := time.Now().Add(time.Hour)
		got := e.ran(d, store.RetryDecision{Due: due, Reason: "database down"})
		if got.Phase != store.Delivery || got.Attempts != 1 || !same(got.Due, due) || got.Reason != "database down" || got.Lease.Owner != "" {
			e.Fatalf("got %+v", got)
		}
		l, early := e.begin(d, rival)
		if early.Attempts != 1 {
			e.Errorf("a look before it is due counted as run %d", early.Attempts)
		}
		got = e.decide(l, store.DeadLetterDecision{Reason: "gave up"})
		if got.Phase != store.Dead || got.Reason != "gave up" || !got.Due.IsZero() {
			e.Fatalf("got %+v", got)
		}
		if list := e.deliveries(store.Dead); len(list) != 1 || len(e.deliveries(store.Delivery)) != 0 {
			e.Errorf("the dead: %+v", list)
		}
		got = e.choose(d, store.ReplayDecision{})
		if got.Phase != store.Delivery || got.Attempts != 0 || got.Due.IsZero() || got.Due.After(time.Now()) || got.Reason != "gave up" {
			e.Errorf("got %+v", got)
		}
		e.choose(d, store.DeadLetterDecision{Reason: "again"})
		e.choose(d, store.DropDecision{Reason: "by hand"})
		if list := e.deliveries(); len(list) != 0 {
			e.Errorf("left over: %+v", list)
		}
	}},
	{"a delivery takes only its own decisions, and no facts", func(e *env) {
		d := e.delivery(e.accepted(id1))
		now := time.Now()
		for _, decision := range []store.Decision{
			store.SendDecision{}, store.RescheduleDecision{Due: now}, store.ReplayDecision{}, store.DropDecision{}, store.ExpireDecision{}, store.AbandonDecision{}, nil,
		} {
			l := e.acquire(d, owner)
			if _, err := e.Decide(e.ctx, l, decision); err == nil {
				e.Errorf("%T was taken", decision)
			} else if _, ok := errors.AsType[*store.PhaseError](err); !ok {
				e.Errorf("%T: got error %v", decision, err)
			}
			e.must(e.Release(e.ctx, l))
		}
		_, err := e.Report(e.ctx, d.Tenant, d.Ref, store.AcceptedFact{ID: id2, Source: answered})
		e.wantPhaseError(err)
		e.choose(d, store.DeadLetterDecision{Reason: "no"})
		for _, decision := range []store.Decision{store.RetryDecision{Due: now}, store.DeadLetterDecision{}, store.AcknowledgeDecision{}} {
			l := e.acquire(d, owner)
			_, err := e.Decide(e.ctx, l, decision)
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, l))
		}
		rec := e.fresh(store.Queued)
		rec.Tenant = store.DeliveryTenant
		_, err = e.Create(e.ctx, rec, owner, e.ttl)
		if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != "Tenant" {
			e.Errorf("created an operation: %v", err)
		}
	}},
	{"no notification finds a delivery", func(e *env) {
		rec := e.accepted(id1)
		d := e.delivery(rec)
		e.wantReceipt(e.notify(notification(d.Ref, id1)), store.Duplicate, rec.Ref)
		if r := e.notify(notification(d.Ref, id2)); r.Verdict != store.Unknown || r.Ref == d.Ref {
			e.Errorf("receipt %+v", r)
		}
	}},
	{"a purge leaves deliveries alone", func(e *env) {
		d := e.delivery(e.accepted(id1))
		if n, err := e.purge(store.AnyTenant, time.Now().Add(time.Hour)); n != 0 || err != nil {
			e.Errorf("purged %d, %v", n, err)
		}
		e.choose(d, store.DeadLetterDecision{Reason: "no"})
		if n, err := e.purge(store.AnyTenant, time.Now().Add(time.Hour)); n != 0 || err != nil {
			e.Errorf("purged %d, %v", n, err)
		}
	}},
	{"what is due is listed and counted, the oldest first", func(e *env) {
		var first store.Record
		for i := range 5 {
			n := delivered("", id1[:35]+strconv.Itoa(i))
			e.notify(n)
			time.Sleep(time.Millisecond)
			if i == 0 {
				first = e.deliveries()[0]
			}
		}
		list := e.deliveries(store.Delivery)
		if list[0].Ref != first.Ref || list[0].Notification.ID != id1[:35]+"0" || list[4].Notification.ID != id1[:35]+"4" {
			e.Errorf("listed %s first and %s last", list[0].Notification.ID, list[4].Notification.ID)
		}
		e.choose(first, store.RetryDecision{Due: time.Now().Add(time.Hour)})
		due := store.Query{Phases: []store.Phase{store.Delivery}, DueBy: time.Now(), Limit: 3}
		page, err := e.List(e.ctx, store.DeliveryTenant, due)
		e.must(err)
		due.After = page[len(page)-1].Position()
		rest, err := e.List(e.ctx, store.DeliveryTenant, due)
		e.must(err)
		if len(page) != 3 || len(rest) != 1 || page[0].Ref != list[1].Ref {
			e.Errorf("due: %d and %d", len(page), len(rest))
		}
		for want, q := range map[int]store.Query{
			5: {Phases: []store.Phase{store.Delivery}}, 4: due, 0: {Phases: []store.Phase{store.Dead}},
		} {
			q.Limit = 0
			if n, err := e.Count(e.ctx, store.DeliveryTenant, q); n != want || err != nil {
				e.Errorf("counted %d, %v; want %d", n, err, want)
			}
		}
		e.choose(e.settled(id2, 200), store.DeadLetterDecision{Reason: "no"})
		if n, err := e.Count(e.ctx, tenant, store.Query{DueBy: time.Now()}); n != 0 || err != nil {
			e.Errorf("counted %d as due that are not scheduled, %v", n, err)
		}
	}},
	{"a delivery wakes its watchers when it comes, is retried or replayed", func(e *env) {
		w := e.Watch(store.DeliveryTenant)
		defer w.Close()
		rec := e.accepted(id1)
		d := e.delivery(rec)
		e.woken(w)
		for _, decision := range []store.Decision{store.RetryDecision{Due: time.Now()}, store.DeadLetterDecision{}, store.ReplayDecision{}} {
			e.choose(d, decision)
			e.woken(w)
		}
	}},
	{"of many that want a delivery one gets it", func(e *env) {
		rec := e.accepted(id1)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := e.Notify(e.ctx, delivered(rec.Ref, id1)); err != nil {
					e.Errorf("unexpected error: %v", err)
				}
			})
		}
		wg.Wait()
		list := e.deliveries()
		if len(list) != 1 {
			e.Fatalf("got %d deliveries, want 1", len(list))
		}
		var won atomic.Int32
		for range 16 {
			wg.Go(func() {
				if _, _, err := e.Acquire(e.ctx, list[0].Tenant, list[0].Ref, owner, store.ToPoll, e.ttl); err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			e.Errorf("%d got the delivery", won.Load())
		}
	}},
}
