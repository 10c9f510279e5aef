package storetest

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/vismanet-go/background/store"
)

func contextCancelled() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}

var answered = store.FromAnswer

// foreground is an answer that came at once.
var foreground = store.SettledFact{Outcome: store.Outcome{Status: "Finished", Foreground: true, StatusCode: 201}}

var factTests = []test{
	{"a sender that vanishes leaves an uncertain record, never a queued one", func(e *env) {
		rec := e.sending()
		e.lapse()
		e.wantPhase(e.get(rec), store.Uncertain)
		list, err := e.List(e.ctx, tenant, store.Query{Phases: []store.Phase{store.Uncertain}})
		e.must(err)
		if len(list) != 1 || list[0].Ref != rec.Ref {
			e.Errorf("listed as uncertain: %v", list)
		}
		if list, _ := e.List(e.ctx, tenant, store.Query{Phases: []store.Phase{store.Sending, store.Queued}}); len(list) != 0 {
			e.Errorf("still listed as sending: %v", list)
		}
	}},
	{"a late 202 is never lost", func(e *env) {
		rec := e.sending()
		e.lapse()
		got := e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.wantPhase(got, store.Accepted)
		if byID, err := e.GetByID(e.ctx, tenant, id1); err != nil || byID.Ref != rec.Ref {
			e.Errorf("by id: %v, %v", byID.Ref, err)
		}
	}},
	{"a late 202 revives the abandoned record and leaves its successor alone", func(e *env) {
		first := e.fresh(store.Sending)
		first.Key = "order-1"
		e.create(first)
		e.lapse()
		e.wantPhase(e.choose(first, store.AbandonDecision{Reason: "checked by hand"}), store.Abandoned)
		second := e.fresh(store.Sending)
		second.Key = "order-1"
		e.create(second)
		got := e.report(first, store.AcceptedFact{ID: id1, Source: answered})
		if e.wantPhase(got, store.Accepted); !got.Late {
			e.Error("not marked late")
		}
		if holder, err := e.GetByKey(e.ctx, tenant, "order-1"); err != nil || holder.Ref != second.Ref || holder.ID != "" {
			e.Errorf("the key belongs to %+v, %v", holder.Ref, err)
		}
	}},
	{"a fact may be told twice", func(e *env) {
		rec := e.accepted(id1)
		before := e.get(rec)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "late"})
		if after := e.get(rec); after.Phase != store.Accepted || !after.AcceptedAt.Equal(before.AcceptedAt) || after.Conflicts != 0 {
			e.Errorf("got %+v", after)
		}
		fact := store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 201, Header: map[string][]string{"Etag": {"x"}}}}
		e.report(rec, fact)
		fact.Outcome.StatusCode = 500
		if got := e.report(rec, fact); got.Outcome.StatusCode != 201 {
			e.Errorf("the first outcome was replaced: %+v", got.Outcome)
		}
	}},
	{"only the last attempt's refusal counts", func(e *env) {
		rec := e.sending()
		if got := e.report(rec, store.RejectedFact{Epoch: rec.SendEpoch + 1, Reason: "other attempt"}); got.Phase != store.Sending {
			e.Fatalf("got %s", got.Phase)
		}
		e.lapse()
		got := e.report(rec, store.RejectedFact{Epoch: rec.SendEpoch, Reason: "400"})
		e.wantPhase(got, store.Rejected)
	}},
	{"only the last attempt's uncertainty counts", func(e *env) {
		rec := e.create(e.fresh(store.Queued))
		rec = e.decide(e.acquire(rec, owner), store.SendDecision{})
		for _, epoch := range []uint64{0, rec.SendEpoch - 1, rec.SendEpoch + 1} {
			got := e.report(rec, store.UncertainFact{Epoch: epoch, Reason: "of another attempt"})
			if e.wantPhase(got, store.Sending); got.Lease.Owner != owner {
				e.Fatalf("epoch %d ended the lease of epoch %d", epoch, rec.SendEpoch)
			}
		}
		e.wantPhase(e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"}), store.Uncertain)
	}},
	{"a refusal ends the attempt's lease, and a late 202 its end", func(e *env) {
		rec := e.sending()
		got := e.report(rec, store.RejectedFact{Epoch: rec.SendEpoch, Reason: "400"})
		if got.Lease.Owner != "" || got.EndedAt.IsZero() {
			e.Errorf("got lease %+v, ended %v, want no lease and an end", got.Lease, got.EndedAt)
		}
		e.must(e.Release(e.ctx, e.acquire(rec, rival)))
		got = e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		if e.wantPhase(got, store.Accepted); !got.EndedAt.IsZero() || got.Reason != "" {
			e.Errorf("got end %v and reason %q, want none", got.EndedAt, got.Reason)
		}
	}},
	{"a 202 outranks every other fact about the attempt", func(e *env) {
		rec := e.accepted(id1)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch, Reason: "400"})
		e.wantConflict(err)
		e.wantPhase(e.get(rec), store.Accepted)
		again := e.sending()
		e.report(again, store.RejectedFact{Epoch: again.SendEpoch, Reason: "400"})
		got := e.report(again, store.AcceptedFact{ID: id2, Source: answered})
		if e.wantPhase(got, store.Accepted); !got.Late {
			e.Error("not marked late")
		}
	}},
	{"evidence binds an id once, and a 202 replaces it", func(e *env) {
		rec := e.sending()
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
		e.wantPhase(e.report(rec, store.AcceptedFact{ID: id1, Source: store.FromEvidence}), store.Accepted)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id2, Source: store.FromEvidence})
		e.wantConflict(err)
		got := e.report(rec, store.AcceptedFact{ID: id2, Source: answered})
		if got.ID != id2 || got.IDSource != answered || got.Conflicts == 0 {
			e.Errorf("got %s from %s with %d conflicts", got.ID, got.IDSource, got.Conflicts)
		}
		_, err = e.GetByID(e.ctx, tenant, id1)
		e.wantErr(err, store.ErrNotFound)
	}},
	{"evidence never takes an id from another record", func(e *env) {
		e.accepted(id1)
		rec := e.sending()
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		e.wantConflict(err)
		if got := e.get(rec); got.ID != "" || got.Conflict == nil || got.Conflict.ID != id1 {
			e.Errorf("got %+v", got)
		}
	}},
	{"a 202 takes an inferred id from another record", func(e *env) {
		wrong := e.sending()
		e.report(wrong, store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		right := e.sending()
		e.wantPhase(e.report(right, store.AcceptedFact{ID: id1, Source: answered}), store.Accepted)
		if got := e.get(wrong); got.Phase != store.Uncertain || got.ID != "" || got.Conflicts != 1 {
			e.Errorf("the wrong one: %+v", got)
		}
		if byID, err := e.GetByID(e.ctx, tenant, id1); err != nil || byID.Ref != right.Ref {
			e.Errorf("by id: %v, %v", byID.Ref, err)
		}
	}},
	{"an id that gives way takes its outcome with it", func(e *env) {
		rec := e.sending()
		e.report(rec, store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		e.choose(rec, store.RescheduleDecision{Due: time.Now(), Progress: store.Progress{Status: "Started"}})
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
		got := e.report(rec, store.AcceptedFact{ID: id2, Source: answered})
		if e.wantPhase(got, store.Accepted); got.ID != id2 || got.Outcome != nil || !got.SettledAt.IsZero() || got.Progress.Status != "" || got.Conflicts == 0 {
			e.Errorf("got id %s, outcome %+v, progress %+v, %d conflicts, want nothing of %s", got.ID, got.Outcome, got.Progress, got.Conflicts, id1)
		}
		got = e.report(rec, store.SettledFact{ID: id2, Outcome: store.Outcome{Status: "Finished", StatusCode: 400}})
		if got.Outcome == nil || got.Outcome.StatusCode != 400 {
			e.Errorf("got outcome %+v, want that of %s", got.Outcome, id2)
		}
	}},
	{"what was acknowledged stays so when its id turns out to be another's", func(e *env) {
		wrong := e.sending()
		e.report(wrong, store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		e.report(wrong, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 201}})
		e.choose(wrong, store.AcknowledgeDecision{})
		right := e.sending()
		e.wantPhase(e.report(right, store.AcceptedFact{ID: id1, Source: answered}), store.Accepted)
		got := e.get(wrong)
		if got.Phase != store.Acknowledged || got.ID != "" || got.Outcome == nil || got.Outcome.StatusCode != 201 || got.Conflicts != 1 || !slices.Equal(got.OtherIDs, []string{id1}) {
			e.Errorf("got %s, id %q, others %v, outcome %+v, want it acknowledged with its outcome and a trace of the id", got.Phase, got.ID, got.OtherIDs, got.Outcome)
		}
		if byID, err := e.GetByID(e.ctx, tenant, id1); err != nil || byID.Ref != right.Ref {
			e.Errorf("by id: got %s, %v, want %s", byID.Ref, err, right.Ref)
		}
	}},
	{"further ids stay bounded", func(e *env) {
		rec := e.accepted(id1)
		for i := range 100 {
			_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: "id-" + strconv.Itoa(i), Source: answered})
			e.wantConflict(err)
		}
		if got := e.get(rec); len(got.OtherIDs) == 0 || len(got.OtherIDs) > 16 || got.OtherIDs[0] != "id-0" || got.Conflicts != 100 {
			e.Errorf("got %d ids %v and %d conflicts, want at most 16, the oldest first, and 100", len(got.OtherIDs), got.OtherIDs, got.Conflicts)
		}
	}},
	{"a second answered id is kept beside the first", func(e *env) {
		rec := e.accepted(id1)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id2, Source: answered})
		e.wantConflict(err)
		if got := e.get(rec); got.ID != id1 || !slices.Equal(got.OtherIDs, []string{id2}) {
			e.Errorf("ids %s and %v", got.ID, got.OtherIDs)
		}
	}},
	{"an id is unique in its tenant only", func(e *env) {
		e.accepted(id1)
		foreign := e.fresh(store.Sending)
		foreign.Tenant = other
		e.wantPhase(e.report(e.create(foreign), store.AcceptedFact{ID: id1, Source: answered}), store.Accepted)
	}},
	{"a terminal state settles, and only for the bound id", func(e *env) {
		rec := e.accepted(id1)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.SettledFact{ID: id2, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		e.wantConflict(err)
		e.wantPhase(e.get(rec), store.Accepted)
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("[]"), ContentType: "application/json",
			Header: map[string][]string{"Etag": {`"x"`}},
		}})
		got := e.get(rec)
		e.wantPhase(got, store.Settled)
		if o := got.Outcome; o == nil || string(o.Content) != "[]" || !o.Kept || o.ContentType != "application/json" || o.Header["Etag"][0] != `"x"` {
			e.Errorf("outcome %+v", o)
		}
		if got.SettledAt.IsZero() || got.Due.IsZero() {
			e.Error("a settled record is not due for its handler")
		}
	}},
	{"content that came later completes the outcome", func(e *env) {
		rec := e.settled(id1, 200)
		got := e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("[1]"),
		}})
		if string(got.Outcome.Content) != "[1]" {
			e.Errorf("content %q", got.Outcome.Content)
		}
	}},
	{"an expired operation that shows up again is settled", func(e *env) {
		rec := e.accepted(id1)
		e.wantPhase(e.choose(rec, store.ExpireDecision{Reason: "404"}), store.Expired)
		got := e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		if e.wantPhase(got, store.Settled); !got.Late {
			e.Error("not marked late")
		}
	}},
	{"a foreground answer settles without an id", func(e *env) {
		rec := e.sending()
		got := e.report(rec, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 201}})
		if e.wantPhase(got, store.Settled); got.Lease.Owner != "" {
			e.Error("the attempt's lease is still held")
		}
		other := e.sending()
		_, err := e.Report(e.ctx, tenant, other.Ref, store.SettledFact{Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		e.wantPhaseError(err)
	}},
	{"an outcome in the foreground is never replaced by an id", func(e *env) {
		for _, source := range []store.Source{answered, store.FromUser, store.FromEvidence} {
			rec := e.report(e.sending(), foreground)
			_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id1, Source: source})
			e.wantConflict(err)
			got := e.get(rec)
			if e.wantPhase(got, store.Settled); got.ID != "" || got.Outcome == nil || got.Outcome.StatusCode != 201 || !slices.Equal(got.OtherIDs, []string{id1}) {
				e.Errorf("%s: got id %q, others %v, outcome %+v, want the outcome and the id beside it", source, got.ID, got.OtherIDs, got.Outcome)
			}
		}
	}},
	{"an outcome in the foreground revives what was written off", func(e *env) {
		rejected, abandoned, uncertain := e.sending(), e.sending(), e.sending()
		e.lapse()
		e.report(rejected, store.RejectedFact{ByUser: true, Reason: "not in the ERP"})
		e.choose(abandoned, store.AbandonDecision{Reason: "by hand"})
		for _, tt := range []struct {
			rec  store.Record
			late bool
		}{{rejected, true}, {abandoned, true}, {uncertain, false}} {
			before := e.get(tt.rec)
			got := e.report(tt.rec, foreground)
			if got.Phase != store.Settled || got.Late != tt.late || got.Reason != "" || !got.EndedAt.IsZero() || got.Outcome == nil {
				e.Errorf("from %s: got %s, late %v, reason %q, ended %v, want settled, late %v", before.Phase, got.Phase, got.Late, got.Reason, got.EndedAt, tt.late)
			}
		}
	}},
	{"a user resolves what is uncertain, either way", func(e *env) {
		taken, not := e.sending(), e.sending()
		_, err := e.Report(e.ctx, tenant, not.Ref, store.RejectedFact{ByUser: true, Reason: "not in the ERP"})
		e.wantPhaseError(err) // still being sent
		e.lapse()
		e.wantPhase(e.report(taken, store.AcceptedFact{ID: id1, Source: store.FromUser}), store.Accepted)
		e.wantPhase(e.report(not, store.RejectedFact{ByUser: true, Reason: "not in the ERP"}), store.Rejected)
	}},
	{"a refuted candidate is dropped and kept as a conflict", func(e *env) {
		rec := e.sending()
		e.notify(notification(rec.Ref, id1))
		got := e.report(rec, store.RefutedFact{ID: id1, Reason: "another path"})
		if len(got.Candidates) != 0 || got.Conflict == nil || got.Conflict.ID != id1 || got.Conflict.Reason != "another path" {
			e.Errorf("got %+v", got)
		}
		if again := e.report(rec, store.RefutedFact{ID: id1, Reason: "another path"}); again.Conflicts != 1 {
			e.Errorf("told twice, counted %d times", again.Conflicts)
		}
	}},
	{"a fact without substance is refused", func(e *env) {
		rec := e.sending()
		for _, f := range []store.Fact{nil, store.AcceptedFact{Source: answered}, store.AcceptedFact{ID: id1}, &store.AcceptedFact{ID: id1, Source: answered}} {
			if _, err := e.Report(e.ctx, tenant, rec.Ref, f); err == nil {
				e.Errorf("%#v was taken", f)
			}
		}
		e.wantPhase(e.get(rec), store.Sending)
	}},
}
