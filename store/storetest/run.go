package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

// wantRuns checks how many runs a record counts.
func (e *env) wantRuns(rec store.Record, want int) {
	e.Helper()
	if got := e.get(rec); got.Attempts != want {
		e.Fatalf("%s that is %s counts %d runs, want %d", rec.Ref, got.Phase, got.Attempts, want)
	}
}

// runnable are records that a handler runs for.
func (e *env) runnable() []store.Record {
	e.Helper()
	return []store.Record{
		e.settled(id1, 200), e.choose(e.accepted(id2), store.ExpireDecision{Reason: "404"}), e.delivery(e.accepted(id2[:35] + "2")),
	}
}

var runTests = []test{
	{"a run counts when it begins, whatever becomes of its process", func(e *env) {
		for _, rec := range e.runnable() {
			dead, begun := e.begin(rec, owner)
			if begun.Attempts != 1 || begun.Lease != dead || begun.RunEpoch != dead.Epoch {
				e.Fatalf("%s: began run %d of epoch %d under %+v", rec.Phase, begun.Attempts, begun.RunEpoch, dead)
			}
		}
		e.lapse()
		for _, rec := range e.runnableAgain() {
			if _, begun := e.begin(rec, rival); begun.Attempts != 2 {
				e.Errorf("%s: the run after one that vanished is number %d, want 2", rec.Phase, begun.Attempts)
			}
		}
	}},
	{"a run that was cut off is not counted, and due as it was", func(e *env) {
		for _, rec := range e.runnable() {
			l, begun := e.begin(rec, owner)
			got := e.decide(l, store.InterruptDecision{})
			if got.Attempts != 0 || got.Lease.Owner != "" || got.RunEpoch != 0 || !same(got.Due, begun.Due) || got.Phase != rec.Phase {
				e.Errorf("%s: got %+v", rec.Phase, got)
			}
			if _, begun := e.begin(rec, rival); begun.Attempts != 1 {
				e.Errorf("%s: the run after it is number %d, want 1", rec.Phase, begun.Attempts)
			}
		}
	}},
	{"a run is counted once for each lease, and taken back only under its own", func(e *env) {
		for _, rec := range e.runnable() {
			l, begun := e.begin(rec, owner)
			_, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToRun, e.ttl)
			if e.wantErr(err, store.ErrLeased); begun.Attempts != 1 || got.Attempts != 1 || got.Lease != l {
				e.Errorf("%s: begun twice: %d runs, then %d, leased %+v", rec.Phase, begun.Attempts, got.Attempts, got.Lease)
			}
			e.must(e.Release(e.ctx, l))
			if got := e.choose(rec, store.InterruptDecision{}); got.Attempts != 1 {
				e.Errorf("%s: another's run was taken back: %d left, want 1", rec.Phase, got.Attempts)
			}
			l, begun = e.begin(rec, owner)
			if begun.Attempts != 2 {
				e.Errorf("%s: the second run is number %d", rec.Phase, begun.Attempts)
			}
			l, err = e.Extend(e.ctx, l, e.ttl)
			e.must(err)
			if got := e.decide(l, store.InterruptDecision{}); got.Attempts != 1 {
				e.Errorf("%s: %d runs after the interrupted one, want 1", rec.Phase, got.Attempts)
			}
		}
	}},
	{"a retry counts nothing, and a replay begins anew", func(e *env) {
		for _, rec := range e.runnable() {
			for n := range 3 {
				if got := e.ran(rec, store.RetryDecision{Due: time.Now(), Reason: "busy"}); got.Attempts != n+1 || got.RunEpoch != 0 {
					e.Errorf("%s: %d runs, epoch %d after %d failures", rec.Phase, got.Attempts, got.RunEpoch, n+1)
				}
			}
			e.choose(rec, store.RetryDecision{Due: time.Now()})
			e.wantRuns(rec, 3)
			e.choose(rec, store.DeadLetterDecision{Reason: "no"})
			e.wantRuns(rec, 3)
			if got := e.choose(rec, store.ReplayDecision{}); got.Attempts != 0 || got.Phase != rec.Phase {
				e.Errorf("replayed: %d runs, %s", got.Attempts, got.Phase)
			}
		}
	}},
	{"polls, acknowledgements and what is not due count nothing", func(e *env) {
		for _, rec := range e.runnable() {
			for _, purpose := range []store.Purpose{store.ToPoll, store.ToAcknowledge, store.ToPoll} {
				l, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, purpose, e.ttl)
				if e.must(err); got.Attempts != 0 || got.RunEpoch == l.Epoch || got.Lease != l {
					e.Errorf("%s acquired to %s: %d runs, epoch %d of %+v", rec.Phase, purpose, got.Attempts, got.RunEpoch, l)
				}
				e.must(e.Release(e.ctx, l))
			}
			e.choose(rec, store.RetryDecision{Due: time.Now().Add(time.Hour)})
			l, got := e.begin(rec, owner)
			if got.Attempts != 0 || l.Owner != owner || got.Lease != l {
				e.Errorf("%s that is not due: %d runs, %+v", rec.Phase, got.Attempts, l)
			}
			e.must(e.Release(e.ctx, l))
			l = e.acquire(rec, owner)
			e.decide(l, store.DeadLetterDecision{Reason: "no"})
			l, _ = e.begin(rec, owner)
			e.must(e.Release(e.ctx, l))
			e.wantRuns(rec, 0)
		}
		polled := e.accepted(id1[:35] + "5")
		l, _ := e.begin(polled, owner)
		e.decide(l, store.RescheduleDecision{Due: time.Now()})
		e.wantRuns(polled, 0)
		acknowledged := e.choose(e.settled(id1[:35]+"6", 200), store.AcknowledgeDecision{})
		l, _ = e.begin(acknowledged, owner)
		e.must(e.Release(e.ctx, l))
		e.wantRuns(acknowledged, 0)
	}},
	{"no run begins for what has no handler's work", func(e *env) {
		uncertain, dead := e.sending(), e.choose(e.settled(id2, 200), store.DeadLetterDecision{Reason: "no"})
		uncertain = e.report(uncertain, store.UncertainFact{Epoch: uncertain.SendEpoch, Reason: "reset"})
		for _, rec := range []store.Record{e.create(e.fresh(store.Queued)), e.accepted(id1), uncertain, dead, e.unclear(id2[:35] + "4")} {
			l, got := e.begin(rec, owner)
			if got.Attempts != 0 || got.RunEpoch == l.Epoch || got.Lease != l {
				e.Errorf("%s: counted a run: %d, epoch %d of %+v", rec.Phase, got.Attempts, got.RunEpoch, l)
			}
			_, err := e.Decide(e.ctx, l, store.InterruptDecision{})
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, l))
		}
	}},
	{"one at a time begins a run", func(e *env) {
		rec := e.settledAnew()
		l, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToRun, e.ttl)
		e.must(err)
		if got.Attempts != 1 || got.Lease != l || l.Owner != owner {
			e.Errorf("run %d under %+v, record's %+v", got.Attempts, l, got.Lease)
		}
		none, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, rival, store.ToRun, e.ttl)
		if e.wantErr(err, store.ErrLeased); got.Lease.Owner != owner || got.Attempts != 1 || none != (store.Lease{}) {
			e.Errorf("refused with %+v and the lease %+v", got, none)
		}
		e.wantPhase(e.decide(l, store.AcknowledgeDecision{}), store.Acknowledged)
		_, _, err = e.Acquire(e.ctx, tenant, "none", owner, store.ToRun, e.ttl)
		e.wantErr(err, store.ErrNotFound)
		stopped, stop := context.WithCancel(e.ctx)
		stop()
		rec = e.settledAnew()
		if _, _, err = e.Acquire(stopped, tenant, rec.Ref, owner, store.ToRun, e.ttl); err == nil {
			e.Error("a run began after its context had ended")
		}
		e.wantRuns(rec, 0)
	}},
	{"questions are counted as they begin, where nobody knows what became of it", func(e *env) {
		uncertain, unclear := e.sending(), e.unclear(id2)
		uncertain = e.report(uncertain, store.UncertainFact{Epoch: uncertain.SendEpoch, Reason: "reset"})
		for _, rec := range []store.Record{uncertain, unclear} {
			for n := range 3 {
				l, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToResolve, e.ttl)
				if e.must(err); got.Asks != n+1 || got.AskedAt.IsZero() || got.AskedAt.After(time.Now()) || got.Attempts != 0 || got.Lease != l {
					e.Errorf("%s: question %d was counted as %d, at %v, under %+v", rec.Phase, n+1, got.Asks, got.AskedAt, l)
				}
				e.must(e.Release(e.ctx, l))
			}
			l, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToPoll, e.ttl)
			if e.must(err); got.Asks != 3 {
				e.Errorf("%s: %d questions after a poll, want 3", rec.Phase, got.Asks)
			}
			e.must(e.Release(e.ctx, l))
			e.wantPhase(e.get(rec), rec.Phase)
		}
		for _, rec := range []store.Record{e.create(e.fresh(store.Queued)), e.accepted(id1), e.settledAnew()} {
			l, got, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToResolve, e.ttl)
			if e.must(err); got.Asks != 0 || !got.AskedAt.IsZero() || got.Attempts != 0 || got.Lease != l {
				e.Errorf("%s: counted %d questions and %d runs", rec.Phase, got.Asks, got.Attempts)
			}
			e.must(e.Release(e.ctx, l))
		}
	}},
	{"a lease has a purpose", func(e *env) {
		rec := e.settledAnew()
		for _, purpose := range []store.Purpose{"", "play"} {
			_, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, purpose, e.ttl)
			if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != "purpose" {
				e.Errorf("acquired to %q: got error %v, want an *store.InvalidError about the purpose", purpose, err)
			}
		}
		e.wantRuns(rec, 0)
		e.acquire(rec, rival) // nobody has it
	}},
}

// settledAnew is a settled record with an id that no other one has.
func (e *env) settledAnew() store.Record {
	e.Helper()
	rec := e.sending()
	e.report(rec, store.AcceptedFact{ID: "id-of-" + rec.Ref, Source: answered})
	return e.report(rec, store.SettledFact{ID: "id-of-" + rec.Ref, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
}

// runnableAgain lists what the handlers are to run for.
func (e *env) runnableAgain() []store.Record {
	e.Helper()
	list, err := e.List(e.ctx, tenant, store.Query{Phases: []store.Phase{store.Settled, store.Expired}})
	e.must(err)
	return append(list, e.deliveries(store.Delivery)...)
}
