package storetest

import (
	"errors"

	"github.com/vismanet-go/background/store"
)

// forgotten are records that expired, with their keys, by what their handler
// made of it.
func (e *env) forgotten() map[string]store.Record {
	e.Helper()
	expired := func(source store.Source) store.Record {
		rec := e.held()
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
		e.report(rec, store.AcceptedFact{ID: "id-of-" + rec.Ref, Source: source})
		return e.choose(rec, store.ExpireDecision{Reason: "404"})
	}
	return map[string]store.Record{
		"expired": expired(answered), "failed once": e.ran(expired(answered), store.RetryDecision{Reason: "busy"}),
		"acknowledged": e.ran(expired(answered), store.AcknowledgeDecision{}), "dead": e.ran(expired(answered), store.DeadLetterDecision{Reason: "gave up"}),
		"a person's id": expired(store.FromUser), "a person's id, acknowledged": e.ran(expired(store.FromUser), store.AcknowledgeDecision{}),
		"a person's id, dead": e.ran(expired(store.FromUser), store.DeadLetterDecision{Reason: "gave up"}),
	}
}

// ends are what tells the end of a record that expired, by whom.
func ends(rec store.Record) map[string]store.Fact {
	return map[string]store.Fact{
		"a person":           byHand,
		"the ERP":            store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}},
		"the ERP, unclearly": store.UnclearFact{ID: rec.ID, Outcome: odd},
	}
}

var forgottenTests = []test{
	{"a person tells how what expired ended, whatever its handler made of it", func(e *env) {
		for name, rec := range e.forgotten() {
			if !rec.Unlearnt() {
				e.Errorf("%s: its outcome is known", name)
			}
			got := e.report(rec, byHand)
			if got.Phase != store.Settled || !got.Late || got.Due.IsZero() || got.Reason != "" || !got.EndedAt.IsZero() || got.SettledAt.IsZero() ||
				!got.HoldsKey() || got.Attempts != 0 || got.Unlearnt() || got.Outcome.Told != byHand.Outcome.Told {
				e.Errorf("%s: got %+v, %+v", name, got, got.Outcome)
			}
			kept := rec.IDSource != store.FromUser
			if kept != (got.ID == rec.ID) || !kept && (got.ID != "" || got.Conflict == nil || got.Conflict.ID != rec.ID) {
				e.Errorf("%s: id %q with conflict %+v, was %q", name, got.ID, got.Conflict, rec.ID)
			}
			e.report(rec, byHand) // told twice
			l, run := e.begin(rec, owner)
			if run.Attempts != 1 || run.Outcome == nil || run.Outcome.Told == "" {
				e.Errorf("%s: its handler begins run %d with %+v", name, run.Attempts, run.Outcome)
			}
			e.wantPhase(e.decide(l, store.AcknowledgeDecision{}), store.Acknowledged)
			e.report(rec, byHand)
			if after := e.get(rec); after.Phase != store.Acknowledged || after.Conflicts != got.Conflicts {
				e.Errorf("%s: told after it was acknowledged: got %+v", name, after)
			}
		}
	}},
	{"an id that is named with the end of what expired is kept", func(e *env) {
		for name, rec := range e.forgotten() {
			bound := byHand
			bound.ID = rec.ID
			if got := e.report(rec, bound); got.Phase != store.Settled || got.ID != rec.ID || got.Conflicts != 0 {
				e.Errorf("%s: got %+v", name, got)
			}
		}
	}},
	{"what the ERP says after a person ended what expired is a conflict if it differs", func(e *env) {
		for name, rec := range e.forgotten() {
			before := e.report(rec, byHand)
			fact := store.SettledFact{ID: before.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 400, Foreground: before.ID == ""}}
			_, err := e.Report(e.ctx, tenant, rec.Ref, fact)
			e.wantConflict(err)
			_, err = e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: "other-of-" + rec.Ref, Source: answered})
			e.wantConflict(err)
			if got := e.get(rec); got.Phase != store.Settled || got.Outcome.StatusCode != 201 || got.Conflicts != before.Conflicts+2 || len(got.OtherIDs) != 1 {
				e.Errorf("%s: got %+v", name, got)
			}
		}
	}},
	{"a handler that runs while the end of what expired is told does not take it as acknowledged", func(e *env) {
		for who := range ends(store.Record{}) {
			for name, rec := range e.forgotten() {
				if rec.Phase != store.Expired {
					continue
				}
				knowsNothing, _ := e.begin(rec, rival)
				got := e.report(rec, ends(rec)[who])
				_, err := e.Decide(e.ctx, knowsNothing, store.AcknowledgeDecision{})
				e.wantErr(err, store.ErrFenced)
				_, err = e.Extend(e.ctx, knowsNothing, e.ttl)
				e.wantErr(err, store.ErrFenced)
				if after := e.get(rec); after.Phase != got.Phase || after.Outcome == nil || after.Attempts != 0 {
					e.Errorf("%s, %s: got %+v", who, name, after)
				}
			}
		}
	}},
	{"that what expired was not accepted, or is given up, cannot be told", func(e *env) {
		for name, rec := range e.forgotten() {
			_, err := e.Report(e.ctx, tenant, rec.Ref, store.RejectedFact{ByUser: true, Reason: "not there"})
			e.wantPhaseError(err)
			l := e.acquire(rec, owner)
			_, err = e.Decide(e.ctx, l, store.AbandonDecision{Reason: "by hand"})
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, l))
			if got := e.get(rec); got.Phase != rec.Phase || !got.HoldsKey() || got.ID != rec.ID {
				e.Errorf("%s: got %+v", name, got)
			}
		}
	}},
	{"the key of what expired is taken over until a person tells of a success, and not handed back", func(e *env) {
		take := func(rec store.Record) error {
			again := e.fresh(store.Sending)
			again.Key, again.Supersedes = rec.Key, rec.Ref
			_, err := e.Create(e.ctx, again, owner, e.ttl)
			return err
		}
		for name, rec := range e.forgotten() {
			e.report(rec, byHand)
			if held, ok := errors.AsType[*store.KeyHeldError](take(rec)); !ok || held.Record.Ref != rec.Ref {
				e.Errorf("%s: taken over although a person told of a success", name)
			}
		}
		for name, rec := range e.forgotten() {
			failed := byHand
			failed.Outcome.StatusCode = 400
			e.report(rec, failed)
			if err := take(rec); err != nil {
				e.Errorf("%s: a person told of a failure: %v", name, err)
			}
		}
		for name, rec := range e.forgotten() {
			e.must(take(rec))
			if got := e.report(rec, byHand); got.Phase != store.Settled || got.HoldsKey() || got.Outcome.Told == "" {
				e.Errorf("%s: told after it was taken over: got %+v", name, got)
			}
		}
	}},
	{"the end that the ERP named of what expired is not replaced by a person's", func(e *env) {
		for name, rec := range e.forgotten() {
			e.report(rec, store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 400}})
			_, err := e.Report(e.ctx, tenant, rec.Ref, byHand)
			e.wantPhaseError(err)
			if got := e.get(rec); got.Outcome.StatusCode != 400 || got.Outcome.Told != "" {
				e.Errorf("%s: got %+v", name, got)
			}
		}
	}},
}
