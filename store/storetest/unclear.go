package storetest

import (
	"time"

	"github.com/vismanet-go/background/store"
)

// odd is an end that nobody understands.
var odd = store.Outcome{Status: "Cancelled", StatusCode: 200, Header: map[string][]string{"Location": {"/v1/x/7"}}}

// unclear creates a record whose end was unclear.
func (e *env) unclear(id string) store.Record {
	e.Helper()
	return e.report(e.accepted(id), store.UnclearFact{ID: id, Outcome: odd})
}

var unclearTests = []test{
	{"an unclear end is kept and leads to nothing by itself", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Key = "order-1"
		rec = e.create(rec)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		for range 2 { // a fact may be told twice
			got := e.report(rec, store.UnclearFact{ID: id1, Outcome: odd})
			if got.Phase != store.Unclear || got.Outcome.Status != "Cancelled" || got.Outcome.StatusCode != 200 ||
				got.Outcome.Header["Location"][0] != "/v1/x/7" || !got.Due.IsZero() || got.EndedAt.IsZero() || got.Reason == "" || got.Conflicts != 0 {
				e.Fatalf("got %+v", got)
			}
		}
		if got := e.get(rec); !got.Phase.Terminal() || got.Outcome.Succeeded() {
			e.Errorf("terminal %v, succeeded %v", got.Phase.Terminal(), got.Outcome.Succeeded())
		}
		e.notify(notification(rec.Ref, id1))
		if list, err := e.List(e.ctx, tenant, store.Query{DueBy: time.Now().Add(time.Hour)}); err != nil || len(list) != 0 {
			e.Errorf("due: %v, %v", list, err)
		}
		for _, d := range []store.Decision{
			store.SendDecision{},
			store.RescheduleDecision{Due: time.Now()},
			store.InterruptDecision{},
			store.AcknowledgeDecision{},
			store.RetryDecision{Due: time.Now()},
			store.DeadLetterDecision{},
			store.ReplayDecision{},
			store.ExpireDecision{},
		} {
			l := e.acquire(rec, owner)
			_, err := e.Decide(e.ctx, l, d)
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, l))
		}
		e.wantPhase(e.get(rec), store.Unclear)
	}},
	{"what is unclear is listed, counted and never purged, and holds its key", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Key = "order-1"
		rec = e.create(rec)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.report(rec, store.UnclearFact{ID: id1, Outcome: odd})
		later := time.Now().Add(1000 * time.Hour)
		e.wantPurged(store.AnyTenant, store.Retention{Ended: later, Unacknowledged: later, Unmatched: later}, store.PurgeCount{})
		for _, q := range []store.Query{{}, {Phases: []store.Phase{store.Unclear}}, {Phases: []store.Phase{store.Uncertain, store.Unclear}}} {
			list, err := e.List(e.ctx, tenant, q)
			e.must(err)
			n, err := e.Count(e.ctx, tenant, q)
			e.must(err)
			if len(list) != 1 || list[0].Phase != store.Unclear || n != 1 {
				e.Errorf("%v: listed %d, counted %d", q.Phases, len(list), n)
			}
		}
		again := e.fresh(store.Sending)
		again.Key, again.Supersedes = "order-1", rec.Ref
		_, err := e.Create(e.ctx, again, owner, e.ttl)
		if held, ok := err.(*store.KeyHeldError); !ok || held.Record.Ref != rec.Ref || held.Record.Phase != store.Unclear {
			e.Errorf("superseded: got error %v", err)
		}
	}},
	{"a terminal state ends what was unclear", func(e *env) {
		rec := e.unclear(id1)
		got := e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
		if got.Phase != store.Settled || got.Late || got.Outcome.StatusCode != 201 || !got.EndedAt.IsZero() || got.Due.IsZero() || got.Reason != "" {
			e.Errorf("got %+v", got)
		}
		e.wantPhase(e.report(rec, store.UnclearFact{ID: id1, Outcome: odd}), store.Settled) // known better
		e.wantPhase(e.ran(rec, store.AcknowledgeDecision{}), store.Acknowledged)
		e.wantPhase(e.report(rec, store.UnclearFact{ID: id1, Outcome: odd}), store.Acknowledged)
	}},
	{"a person ends what was unclear, and the ERP's word after that is not lost", func(e *env) {
		finished := store.SettledFact{Outcome: store.Outcome{Status: "Finished", StatusCode: 201}}
		for i, resolve := range []func(store.Record) store.Record{
			func(rec store.Record) store.Record {
				return e.report(rec, store.RejectedFact{ByUser: true, Reason: "not there"})
			},
			func(rec store.Record) store.Record { return e.choose(rec, store.AbandonDecision{Reason: "by hand"}) },
		} {
			id := id1[:35] + string(rune('1'+i))
			rec := e.fresh(store.Sending)
			rec.Key = "order-" + id
			rec = e.create(rec)
			e.report(rec, store.AcceptedFact{ID: id, Source: answered})
			e.report(rec, store.UnclearFact{ID: id, Outcome: odd})
			got := resolve(rec)
			if got.HoldsKey() || got.ID != id || got.Reason == "" || got.EndedAt.IsZero() {
				e.Errorf("got %+v", got)
			}
			e.wantPhase(e.report(rec, store.UnclearFact{ID: id, Outcome: odd}), got.Phase)
			_, err := e.Report(e.ctx, tenant, rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch})
			if got.Phase == store.Abandoned {
				e.wantConflict(err)
			} else {
				e.must(err)
			}
			fact := finished
			fact.ID = id
			if got := e.report(rec, fact); got.Phase != store.Settled || !got.Late || got.Outcome.StatusCode != 201 || got.HoldsKey() {
				e.Errorf("got %+v", got)
			}
		}
	}},
	{"an unclear end needs the id that is bound, and an accepted operation", func(e *env) {
		rec := e.accepted(id1)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.UnclearFact{ID: id2, Outcome: odd})
		e.wantConflict(err)
		if _, err = e.Report(e.ctx, tenant, rec.Ref, store.UnclearFact{Outcome: odd}); err == nil {
			e.Error("taken without an id")
		}
		e.wantPhase(e.get(rec), store.Accepted)
		expired := e.choose(rec, store.ExpireDecision{Reason: "404"})
		if got := e.report(expired, store.UnclearFact{ID: id1, Outcome: odd}); got.Phase != store.Unclear || !got.Late {
			e.Errorf("got %+v", got)
		}
		sending := e.sending()
		_, err = e.Report(e.ctx, tenant, sending.Ref, store.UnclearFact{ID: id2, Outcome: odd})
		e.wantConflict(err)
		e.wantPhase(e.get(sending), store.Sending)
	}},
	{"a 202 takes an inferred id from what was unclear", func(e *env) {
		rec := e.report(e.sending(), store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		e.report(rec, store.UnclearFact{ID: id1, Outcome: odd})
		got := e.accepted(id1)
		e.wantPhase(got, store.Accepted)
		if lost := e.get(rec); lost.Phase != store.Uncertain || lost.ID != "" || lost.Outcome != nil || lost.Conflicts == 0 || !lost.EndedAt.IsZero() {
			e.Errorf("got %+v", lost)
		}
		other := e.report(e.sending(), store.AcceptedFact{ID: id2, Source: store.FromEvidence})
		e.report(other, store.UnclearFact{ID: id2, Outcome: odd})
		if got := e.report(other, store.AcceptedFact{ID: id2[:35] + "9", Source: answered}); got.Phase != store.Accepted || got.Outcome != nil {
			e.Errorf("got %+v", got)
		}
	}},
	{"what an answer says of itself is kept", func(e *env) {
		for i, o := range []store.Outcome{
			{Status: "Finished", StatusCode: 200, Failure: "already released"}, {Status: "Finished", StatusCode: 200, Unconfirmed: true},
		} {
			id := id1[:35] + string(rune('1'+i))
			rec := e.report(e.accepted(id), store.SettledFact{ID: id, Outcome: o})
			got := e.get(rec).Outcome
			if got.Failure != o.Failure || got.Unconfirmed != o.Unconfirmed || got.Succeeded() != (o.Failure == "") {
				e.Errorf("got %+v, succeeded %v", got, got.Succeeded())
			}
		}
	}},
}
