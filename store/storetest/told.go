package storetest

import (
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

// byHand is what a person says of an outcome.
var byHand = store.SettledFact{ByUser: true, Outcome: store.Outcome{
	StatusCode: 201, Header: map[string][]string{"Location": {"/v1/customerinvoice/100017"}}, Told: "invoice 100017 is there",
	HasContent: true, Kept: true, Content: []byte("{}"), ContentType: "application/json",
}}

// held creates a record with a key that is being sent.
func (e *env) held() store.Record {
	e.Helper()
	rec := e.fresh(store.Sending)
	rec.Key = "key-of-" + rec.Ref
	return e.create(rec)
}

// open are records that a person may end, with their keys, by how they came to be.
func (e *env) open() map[string]store.Record {
	e.Helper()
	uncertain := func() store.Record {
		rec := e.held()
		return e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
	}
	bound := func(source store.Source) store.Record {
		rec := uncertain()
		return e.report(rec, store.AcceptedFact{ID: "id-of-" + rec.Ref, Source: source})
	}
	unclear := bound(answered)
	lapsed := e.held()
	e.lapse()
	return map[string]store.Record{
		"uncertain": uncertain(), "a sender that vanished": lapsed, "tentative": bound(store.FromUser),
		"abandoned": e.choose(uncertain(), store.AbandonDecision{Reason: "by hand"}),
		"unclear":   e.report(unclear, store.UnclearFact{ID: unclear.ID, Outcome: odd}),
		"tentative, and not found once": e.choose(bound(store.FromUser), store.RescheduleDecision{
			Progress: store.Progress{Missing: true, Missings: 1},
		}),
	}
}

var toldTests = []test{
	{"a person tells how what is open ended", func(e *env) {
		for name, rec := range e.open() {
			held := rec.HoldsKey()
			got := e.report(rec, byHand)
			o := got.Outcome
			if got.Phase != store.Settled || got.Due.IsZero() || got.Reason != "" || !got.EndedAt.IsZero() || got.SettledAt.IsZero() ||
				o.Told != byHand.Outcome.Told || !o.Succeeded() || o.Header["Location"][0] != "/v1/customerinvoice/100017" || string(e.get(rec).Outcome.Content) != "{}" {
				e.Errorf("%s: got %+v, %+v", name, got, o)
			}
			if got.HoldsKey() != held || held == (name == "abandoned") || got.Late != !held {
				e.Errorf("%s: holds its key %v, late %v", name, got.HoldsKey(), got.Late)
			}
			e.report(rec, byHand) // told twice
			if l, run := e.begin(rec, owner); run.Attempts != 1 {
				e.Errorf("%s: its handler does not run", name)
			} else {
				e.wantPhase(e.decide(l, store.AcknowledgeDecision{}), store.Acknowledged)
			}
			e.report(rec, byHand)
			if got := e.get(rec); got.Phase != store.Acknowledged || got.Outcome.Told == "" {
				e.Errorf("%s: acknowledged: got %+v", name, got)
			}
		}
	}},
	{"a late 202 after a person's word is kept as a second id", func(e *env) {
		for name, rec := range e.open() {
			before := e.report(rec, byHand)
			for _, source := range []store.Source{answered, store.FromEvidence, store.FromUser} {
				id := string(source) + "-of-" + rec.Ref
				_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id, Source: source})
				e.wantConflict(err)
			}
			got := e.get(rec)
			if got.Phase != store.Settled || got.Outcome.Told == "" || got.ID != before.ID || len(got.OtherIDs) != 3 || got.Conflicts != before.Conflicts+3 || got.HoldsKey() != before.HoldsKey() {
				e.Errorf("%s: got %+v", name, got)
			}
			e.wantReceipt(e.notify(notification(rec.Ref, "answer-of-"+rec.Ref)), store.Matched, rec.Ref)
		}
	}},
	{"what the ERP says after a person's word is a conflict if it differs", func(e *env) {
		for name, rec := range e.open() {
			before := e.report(rec, byHand)
			fact := store.SettledFact{ID: before.ID, Outcome: store.Outcome{
				Status: "Finished", Foreground: before.ID == "", StatusCode: 201, HasContent: true, Kept: true, Content: []byte("[7]"),
			}}
			if got := e.report(rec, fact); got.Outcome.Told == "" || string(got.Outcome.Content) != "{}" || got.Conflicts != before.Conflicts {
				e.Errorf("%s: got %+v", name, got)
			}
			fact.Outcome.StatusCode = 400
			_, err := e.Report(e.ctx, tenant, rec.Ref, fact)
			e.wantConflict(err)
			if got := e.get(rec); got.Outcome.StatusCode != 201 || got.Conflicts != before.Conflicts+1 || got.Conflict == nil {
				e.Errorf("%s: got %+v", name, got)
			}
			_, err = e.Report(e.ctx, tenant, rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch, Reason: "400"})
			e.wantConflict(err)
			e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
			e.wantPhase(e.get(rec), store.Settled)
		}
	}},
	{"a 202 of another operation takes the id that a person named, and not what the person told", func(e *env) {
		rec := e.open()["tentative"]
		bound := byHand
		bound.ID = rec.ID
		e.report(rec, bound)
		e.accepted(rec.ID)
		got := e.get(rec)
		if got.Phase != store.Settled || got.Outcome == nil || got.Outcome.Told == "" || got.ID != "" || got.Conflicts == 0 || !got.HoldsKey() {
			e.Errorf("got %+v", got)
		}
	}},
	{"a person's word needs a reason, the id that is bound, and something open", func(e *env) {
		rec := e.open()["uncertain"]
		for field, change := range map[string]func(*store.SettledFact){
			"SettledFact.Outcome.Told": func(f *store.SettledFact) { f.Outcome.Told = "" },
			"SettledFact.ID":           func(f *store.SettledFact) { f.ID = id1 },
		} {
			f := byHand
			change(&f)
			_, err := e.Report(e.ctx, tenant, rec.Ref, f)
			if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != field {
				e.Errorf("%s: got error %v", field, err)
			}
		}
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200, Told: "why"}})
		if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != "SettledFact.Outcome.Told" {
			e.Errorf("told by nobody: got error %v", err)
		}
		if got := e.get(rec); got.Phase != store.Uncertain || got.Conflicts != 0 {
			e.Errorf("got %+v", got)
		}
		confirmed := e.report(e.sending(), store.AcceptedFact{ID: id1, Source: store.FromUser})
		e.choose(confirmed, store.RescheduleDecision{Progress: store.Progress{Status: "Started"}})
		sending, err := e.Create(e.ctx, e.fresh(store.Sending), owner, time.Hour) // does not lapse meanwhile
		e.must(err)
		closed := []store.Record{
			e.create(e.fresh(store.Queued)), sending, e.accepted(id2), confirmed, e.settled(id2[:35]+"5", 200), e.report(e.sending(), foreground),
			e.choose(e.settled(id2[:35]+"2", 200), store.AcknowledgeDecision{}), e.choose(e.settled(id2[:35]+"3", 200), store.DeadLetterDecision{}),
		}
		for _, rec := range closed {
			before := e.get(rec)
			_, err := e.Report(e.ctx, tenant, rec.Ref, byHand)
			e.wantPhaseError(err)
			if got := e.get(rec); got.Phase != before.Phase || got.Outcome != nil && got.Outcome.Told != "" {
				e.Errorf("%s became %s", before.Phase, got.Phase)
			}
		}
		other := byHand
		other.Outcome.StatusCode = 400
		e.report(rec, byHand)
		_, err = e.Report(e.ctx, tenant, rec.Ref, other)
		e.wantPhaseError(err)
	}},
	{"a failure that a person told frees the work for another try", func(e *env) {
		rec := e.open()["unclear"]
		failed := byHand
		failed.Outcome.StatusCode = 400
		e.report(rec, failed)
		again := e.fresh(store.Sending)
		again.Key, again.Supersedes = rec.Key, rec.Ref
		e.create(again)
	}},
}

var boundTests = []test{
	{"an id that a person named can be named again until the ERP confirmed it", func(e *env) {
		for name, rec := range e.open() {
			if !rec.Tentative() {
				continue
			}
			look := e.acquire(rec, rival) // polls the first id
			got := e.report(rec, store.AcceptedFact{ID: id1, Source: store.FromUser})
			if got.Phase != store.Accepted || got.ID != id1 || !got.Tentative() || got.Due.IsZero() || got.Conflict == nil || got.Conflict.ID != rec.ID || !got.HoldsKey() {
				e.Errorf("%s: got %+v", name, got)
			}
			_, err := e.Decide(e.ctx, look, store.RescheduleDecision{Progress: store.Progress{Status: "Started"}})
			e.wantErr(err, store.ErrFenced) // what it saw is not about the second
			_, err = e.Report(e.ctx, tenant, rec.Ref, store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
			e.wantConflict(err)
			if _, err := e.GetByID(e.ctx, tenant, rec.ID); !errors.Is(err, store.ErrNotFound) {
				e.Errorf("%s: still found by the first id: %v", name, err)
			}
			e.choose(rec, store.RescheduleDecision{Progress: store.Progress{Status: "Started"}})
			if got := e.get(rec); got.Tentative() {
				e.Errorf("%s: tentative after a state was read", name)
			}
			_, err = e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id2, Source: store.FromUser})
			e.wantConflict(err)
			_, err = e.Report(e.ctx, tenant, rec.Ref, store.RejectedFact{ByUser: true})
			e.wantPhaseError(err)
			got = e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
			e.wantPhase(got, store.Settled)
			e.choose(rec, store.AcknowledgeDecision{})
			if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n == 0 || err != nil { // the next one has the same ids
				e.Fatalf("%s: not purged: %v", name, err)
			}
		}
	}},
	{"an id that a person named can be withdrawn", func(e *env) {
		for i, withdraw := range []func(store.Record) store.Record{
			func(rec store.Record) store.Record {
				return e.report(rec, store.RejectedFact{ByUser: true, Reason: "not there"})
			},
			func(rec store.Record) store.Record { return e.choose(rec, store.AbandonDecision{Reason: "by hand"}) },
			func(rec store.Record) store.Record { return e.report(rec, byHand) },
		} {
			rec := e.held()
			e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
			e.report(rec, store.AcceptedFact{ID: id1, Source: store.FromUser})
			got := withdraw(rec)
			if got.ID != "" || got.IDSource != "" || got.Conflict == nil || got.Conflict.ID != id1 || got.HoldsKey() != (i == 2) {
				e.Errorf("%d: got %+v", i, got)
			}
			// The id is free for the operation that it belongs to.
			owner := e.accepted(id1)
			e.wantPhase(owner, store.Accepted)
			if after := e.get(rec); after.Phase != got.Phase || after.Conflicts != got.Conflicts {
				e.Errorf("%d: got %+v", i, after)
			}
			// And the true answer is not lost.
			fact := store.AcceptedFact{ID: id2, Source: answered}
			late, err := e.Report(e.ctx, tenant, rec.Ref, fact)
			if i == 2 {
				e.wantConflict(err)
				if got := e.get(rec); len(got.OtherIDs) != 1 || got.OtherIDs[0] != id2 {
					e.Errorf("%d: got %+v", i, got)
				}
			} else if e.must(err); late.ID != id2 || late.Phase != store.Accepted || !late.Late {
				e.Errorf("%d: got %+v", i, late)
			}
			for _, rec := range []store.Record{owner, late} {
				if rec.Phase == store.Accepted {
					e.report(rec, store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
					e.choose(rec, store.AcknowledgeDecision{})
				}
			}
			if _, err := e.purge(tenant, time.Now().Add(time.Hour)); err != nil {
				e.Fatal(err)
			}
		}
	}},
	{"a 202 confirms or replaces what a person named, and evidence does not", func(e *env) {
		rec := e.open()["tentative"]
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		e.wantConflict(err)
		if got := e.get(rec); got.ID != rec.ID || !got.Tentative() {
			e.Errorf("got %+v", got)
		}
		if got := e.report(rec, store.AcceptedFact{ID: rec.ID, Source: answered}); got.Tentative() || got.IDSource != answered {
			e.Errorf("got %+v", got)
		}
		_, err = e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id2, Source: store.FromUser})
		e.wantConflict(err)
		other := e.open()["tentative"]
		if got := e.report(other, store.AcceptedFact{ID: id2, Source: answered}); got.ID != id2 || got.Tentative() || got.Conflict == nil {
			e.Errorf("got %+v", got)
		}
	}},
}
