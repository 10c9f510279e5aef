package storetest

import (
	"slices"
	"time"

	"github.com/vismanet-go/background/store"
)

// ahead carries out a step as by a process whose clock is ahead.
func (e *env) ahead(by time.Duration, step func(store.Rules) error) {
	e.Helper()
	e.must(e.aside(e.T, e.Store, by, step))
}

// aheads are how far a clock may be ahead.
var aheads = []time.Duration{6 * time.Minute, 90 * time.Minute, 48 * time.Hour, 40 * 365 * 24 * time.Hour}

// wantListed checks that a query selects just the record.
func (e *env) wantListed(tenant string, q store.Query, rec store.Record, want bool) {
	e.Helper()
	list, err := e.List(e.ctx, tenant, q)
	e.must(err)
	n, err := e.Count(e.ctx, tenant, q)
	e.must(err)
	if listed := slices.ContainsFunc(list, func(r store.Record) bool { return r.Ref == rec.Ref }); listed != want || n != len(list) {
		e.Errorf("%v due by %v: listed %v, want %v; counted %d of %d", q.Phases, q.DueBy, listed, want, n, len(list))
	}
}

var clockTests = []test{
	{"a lease that was taken while a clock was ahead is void once it is right", func(e *env) {
		for _, by := range aheads {
			recs := []store.Record{e.settledAnew(), e.report(e.sending(), store.AcceptedFact{ID: "id-" + by.String(), Source: answered})}
			e.notify(delivered("", "id-"+by.String()))
			recs = append(recs, e.deliveries(store.Delivery)...)
			for _, rec := range recs {
				var dead store.Lease
				e.ahead(by, func(r store.Rules) (err error) {
					dead, _, err = r.Acquire(rec.Tenant, rec.Ref, rival, store.ToRun, e.ttl)
					return err
				})
				if got := e.get(rec); got.Lease.Owner != rival || got.Lease.Valid(time.Now()) {
					e.Errorf("%v ahead: %s is leased %+v", by, rec.Phase, got.Lease)
				}
				l := e.acquire(rec, owner)
				if l.Epoch <= dead.Epoch {
					e.Errorf("%v ahead: epoch %d after %d", by, l.Epoch, dead.Epoch)
				}
				_, err := e.Decide(e.ctx, dead, store.AcknowledgeDecision{})
				e.wantErr(err, store.ErrFenced)
				e.must(e.Release(e.ctx, l))
			}
			for _, d := range e.deliveries(store.Delivery) {
				e.choose(d, store.AcknowledgeDecision{})
			}
		}
	}},
	{"a lease that was extended while a clock was ahead is void once it is right", func(e *env) {
		rec := e.accepted(id1)
		l := e.acquire(rec, owner)
		e.ahead(0, func(r store.Rules) (err error) { l, err = r.Extend(l, store.MaxLease); return err })
		e.ahead(30*time.Minute, func(r store.Rules) (err error) { l, err = r.Extend(l, e.ttl); return err })
		_, err := e.Extend(e.ctx, l, e.ttl)
		e.wantErr(err, store.ErrFenced)
		e.acquire(rec, rival)
	}},
	{"clocks that differ a little are believed", func(e *env) {
		rec := e.accepted(id1)
		e.ahead(4*time.Minute, func(r store.Rules) (err error) {
			_, _, err = r.Acquire(tenant, rec.Ref, rival, store.ToPoll, e.ttl)
			return err
		})
		_, _, err := e.Acquire(e.ctx, tenant, rec.Ref, owner, store.ToPoll, e.ttl)
		e.wantErr(err, store.ErrLeased)
	}},
	{"what was being sent by a clock that was ahead is uncertain once it is right", func(e *env) {
		for _, by := range aheads {
			rec := e.fresh(store.Sending)
			e.ahead(by, func(r store.Rules) error { _, err := r.Create(rec, rival, e.ttl); return err })
			if got := e.get(rec); got.Phase != store.Uncertain || got.SentAt.After(time.Now().Add(time.Second)) {
				e.Errorf("%v ahead: %s, sent at %v", by, got.Phase, got.SentAt)
			}
			e.wantListed(tenant, store.Query{Phases: []store.Phase{store.Uncertain}}, rec, true)
			e.wantListed(tenant, store.Query{Phases: []store.Phase{store.Sending}}, rec, false)
			e.wantListed(tenant, store.Query{Phases: []store.Phase{store.Sending, store.Uncertain}}, rec, true)
			e.wantListed(tenant, store.Query{}, rec, true)
			got := e.report(rec, store.AcceptedFact{ID: "id-" + rec.Ref, Source: answered})
			e.wantPhase(got, store.Accepted)
			e.report(rec, store.SettledFact{ID: got.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		}
		rec := e.fresh(store.Sending) // and what is being sent is so
		e.ahead(0, func(r store.Rules) error { _, err := r.Create(rec, rival, store.MaxLease); return err })
		e.wantListed(tenant, store.Query{Phases: []store.Phase{store.Sending}}, rec, true)
		e.wantListed(tenant, store.Query{Phases: []store.Phase{store.Uncertain}}, rec, false)
	}},
	{"what was planned while a clock was far ahead is due once it is right", func(e *env) {
		for _, by := range []time.Duration{3 * time.Hour, 48 * time.Hour} {
			looked, retried, settled := e.report(e.sending(), store.AcceptedFact{ID: "id-" + by.String(), Source: answered}), e.settledAnew(), e.sending()
			e.ahead(by, func(r store.Rules) error {
				l, _, err := r.Acquire(tenant, looked.Ref, rival, store.ToPoll, e.ttl)
				if err == nil {
					_, err = r.Decide(l, store.RescheduleDecision{Due: r.Tx.Now().Add(time.Minute)})
				}
				if err == nil {
					l, _, err = r.Acquire(tenant, retried.Ref, rival, store.ToRun, e.ttl)
				}
				if err == nil {
					_, err = r.Decide(l, store.RetryDecision{Due: r.Tx.Now().Add(time.Minute)})
				}
				if err == nil {
					_, err = r.Report(tenant, settled.Ref, foreground)
				}
				if err == nil {
					_, err = r.Notify(delivered("", "stranger-"+by.String()))
				}
				return err
			})
			planned := append(e.deliveries(store.Delivery), looked, retried, settled)
			for _, rec := range planned {
				before := time.Now()
				got := e.get(rec)
				if got.Due.IsZero() || got.Due.After(time.Now()) || got.Due.Before(before) {
					e.Errorf("%v ahead: %s is due %v, want now", by, got.Phase, got.Due)
				}
				for _, at := range []time.Time{got.PolledAt, got.AcceptedAt, got.SettledAt} {
					if at.After(time.Now().Add(store.ClockSlack)) {
						e.Errorf("%v ahead: %s still has the time %v", by, got.Phase, at)
					}
				}
				for _, dueBy := range []time.Time{before.Add(-time.Hour), before, before.Add(time.Minute), before.Add(1000 * time.Hour)} {
					e.wantListed(rec.Tenant, store.Query{DueBy: dueBy}, rec, true)
					e.wantListed(rec.Tenant, store.Query{DueBy: dueBy, Phases: []store.Phase{got.Phase}}, rec, true)
					e.wantListed(rec.Tenant, store.Query{DueBy: dueBy, Phases: []store.Phase{store.Dead}}, rec, false)
				}
			}
			for _, rec := range append(e.deliveries(store.Delivery), retried, settled) {
				if _, got := e.begin(rec, owner); got.Attempts == 0 {
					e.Errorf("%v ahead: no run begins for what is %s", by, rec.Phase)
				}
				e.lapse()
				e.choose(rec, store.AcknowledgeDecision{})
			}
		}
	}},
	{"a plan is never further ahead than can be", func(e *env) {
		far, latest := time.Now().Add(100*time.Hour), func() time.Time { return time.Now().Add(store.MaxDue) }
		created := e.fresh(store.Queued)
		created.Due = far
		for name, got := range map[string]store.Record{
			"created":     e.create(created),
			"rescheduled": e.choose(e.accepted(id1), store.RescheduleDecision{Due: far}),
			"retried":     e.choose(e.settledAnew(), store.RetryDecision{Due: far}),
			"delivery":    e.choose(e.delivery(e.accepted(id2)), store.RetryDecision{Due: far}),
		} {
			if got.Due.After(latest()) || got.Due.Before(time.Now().Add(store.MaxDue-time.Minute)) {
				e.Errorf("%s: due %v, want %v", name, got.Due, latest())
			}
			if kept := e.get(got); !same(kept.Due, got.Due) {
				e.Errorf("%s: due %v when read, want %v", name, kept.Due, got.Due)
			}
			e.wantListed(got.Tenant, store.Query{DueBy: time.Now().Add(time.Hour)}, got, false)
		}
	}},
	{"a lease is never longer than can be", func(e *env) {
		const long = 100 * time.Hour
		rec := e.fresh(store.Sending)
		sending, err := e.Create(e.ctx, rec, owner, long)
		e.must(err)
		l, _, err := e.Acquire(e.ctx, tenant, e.accepted(id1).Ref, owner, store.ToPoll, long)
		e.must(err)
		run, _, err := e.Store.Acquire(e.ctx, tenant, e.settledAnew().Ref, owner, store.ToRun, long)
		e.must(err)
		extended, err := e.Extend(e.ctx, e.acquire(e.accepted(id2), owner), long)
		e.must(err)
		for name, l := range map[string]store.Lease{"create": sending.Lease, "acquire": l, "begin": run, "extend": extended} {
			if l.Until.After(time.Now().Add(store.MaxLease)) || l.TTL != store.MaxLease || !l.Valid(time.Now()) {
				e.Errorf("%s: got %+v", name, l)
			}
		}
	}},
}
