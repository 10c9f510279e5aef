package storetest

import (
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

var leaseTests = []test{
	{"one owner at a time, and a higher epoch each time", func(e *env) {
		rec := e.accepted(id1)
		a := e.acquire(rec, owner)
		_, _, err := e.Acquire(e.ctx, tenant, rec.Ref, rival, store.ToPoll, e.ttl)
		e.wantErr(err, store.ErrLeased)
		e.must(e.Release(e.ctx, a))
		b := e.acquire(rec, rival)
		if b.Epoch <= a.Epoch {
			e.Errorf("epoch %d after %d", b.Epoch, a.Epoch)
		}
	}},
	{"the work of a dead replica is taken over when its lease ends", func(e *env) {
		rec := e.accepted(id1)
		dead := e.acquire(rec, owner)
		e.lapse()
		live := e.acquire(rec, rival)
		_, err := e.Decide(e.ctx, dead, store.RescheduleDecision{Due: time.Now()})
		e.wantErr(err, store.ErrFenced)
		_, err = e.Extend(e.ctx, dead, e.ttl)
		e.wantErr(err, store.ErrFenced)
		e.must(e.Release(e.ctx, dead)) // harmless
		_, err = e.Decide(e.ctx, live, store.RescheduleDecision{Due: time.Now()})
		e.must(err)
	}},
	{"a lease that ended decides nothing, even if nobody took it over", func(e *env) {
		rec := e.settled(id1, 200)
		l := e.acquire(rec, owner)
		e.lapse()
		_, err := e.Decide(e.ctx, l, store.AcknowledgeDecision{})
		e.wantErr(err, store.ErrFenced)
		e.wantPhase(e.get(rec), store.Settled)
	}},
	{"a lease is of one epoch, also among leases of one owner", func(e *env) {
		rec := e.settled(id1, 200)
		old := e.acquire(rec, owner)
		e.lapse()
		now := e.acquire(rec, owner)
		_, err := e.Decide(e.ctx, old, store.AcknowledgeDecision{})
		e.wantErr(err, store.ErrFenced)
		_, err = e.Extend(e.ctx, old, e.ttl)
		e.wantErr(err, store.ErrFenced)
		e.must(e.Release(e.ctx, old))
		e.wantPhase(e.decide(now, store.AcknowledgeDecision{}), store.Acknowledged) // the old one did not let go of it
	}},
	{"epochs do not repeat when a record is purged and made again", func(e *env) {
		r := e.notify(notification("", id1))
		list, err := e.List(e.ctx, store.NoTenant, store.Query{})
		if err != nil || len(list) != 1 || list[0].Ref != r.Ref {
			e.Fatalf("got %+v, %v, want the unmatched one", list, err)
		}
		old := e.acquire(list[0], owner)
		if n, err := e.purge(store.AnyTenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Fatalf("purged %d, %v, want 1", n, err)
		}
		time.Sleep(time.Millisecond)
		if again := e.notify(notification("", id1)); again.Ref != r.Ref {
			e.Fatalf("made again as %q, want %q", again.Ref, r.Ref)
		}
		now := e.acquire(list[0], owner)
		if now.Epoch <= old.Epoch {
			e.Errorf("epoch %d after %d", now.Epoch, old.Epoch)
		}
		_, err = e.Extend(e.ctx, old, e.ttl)
		e.wantErr(err, store.ErrFenced)
	}},
	{"an extended lease lasts", func(e *env) {
		rec := e.settled(id1, 200)
		l := e.acquire(rec, owner)
		l, err := e.Extend(e.ctx, l, 10*e.ttl)
		e.must(err)
		e.lapse()
		e.wantPhase(e.decide(l, store.AcknowledgeDecision{}), store.Acknowledged)
	}},
	{"an acknowledgement is made once under its lease, however often", func(e *env) {
		rec := e.settled(id1, 200)
		l, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToRun, while)
		e.must(err)
		first := e.decide(l, store.AcknowledgeDecision{})
		if !first.AcknowledgedUnder(l) {
			e.Errorf("not acknowledged under %+v: %+v", l, first)
		}
		again := e.decide(l, store.AcknowledgeDecision{})
		if again.Phase != store.Acknowledged || again.Attempts != 1 || !again.EndedAt.Equal(first.EndedAt) || !again.UpdatedAt.Equal(first.UpdatedAt) {
			e.Errorf("once more: got %+v, want %+v", again, first)
		}
		for _, d := range []store.Decision{
			store.RetryDecision{Due: time.Now()}, store.DeadLetterDecision{Reason: "no"}, store.InterruptDecision{}, store.DropDecision{}, store.ReplayDecision{},
		} {
			if _, err := e.Decide(e.ctx, l, d); !errors.Is(err, store.ErrFenced) {
				e.Errorf("%T after it: got error %v, want %v", d, err, store.ErrFenced)
			}
		}
		_, err = e.Extend(e.ctx, l, e.ttl)
		e.wantErr(err, store.ErrFenced)
		e.must(e.Release(e.ctx, l))
		older := l
		older.Epoch--
		_, err = e.Decide(e.ctx, older, store.AcknowledgeDecision{})
		e.wantErr(err, store.ErrFenced)
		// Another replica wanted to run it, and waited for the transaction that acknowledged.
		theirs, ran, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, rival, store.ToRun, while)
		e.must(err)
		if ran.RunEpoch == theirs.Epoch || ran.AcknowledgedUnder(theirs) {
			e.Errorf("acknowledged, and run again under %+v: %+v", theirs, ran)
		}
		if got := e.decide(l, store.AcknowledgeDecision{}); got.Lease != theirs || !got.AcknowledgedUnder(l) {
			e.Errorf("once more, while another has a lease: got %+v", got)
		}
		e.must(e.Release(e.ctx, theirs))
		if got := e.get(rec); !got.AcknowledgedUnder(l) {
			e.Errorf("after another had a lease: got %+v", got)
		}
	}},
	{"the zero lease and a forged one decide nothing", func(e *env) {
		rec := e.settled(id1, 200)
		_, err := e.Decide(e.ctx, store.Lease{Tenant: tenant, Ref: rec.Ref}, store.AcknowledgeDecision{})
		e.wantErr(err, store.ErrFenced)
		l := e.acquire(rec, owner)
		l.Owner = rival
		_, err = e.Decide(e.ctx, l, store.AcknowledgeDecision{})
		e.wantErr(err, store.ErrFenced)
	}},
	{"an attempt's lease is not let go without an outcome", func(e *env) {
		rec := e.sending()
		e.wantPhaseError(e.Release(e.ctx, rec.Lease))
		e.wantPhase(e.get(rec), store.Sending)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.acquire(rec, rival) // the outcome ended it
	}},
	{"the end of an attempt leaves the lease of a rival alone", func(e *env) {
		rec := e.sending()
		e.lapse()
		l := e.acquire(rec, rival)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.decide(l, store.RescheduleDecision{Due: time.Now().Add(time.Hour)})
	}},
	{"a decision ends the lease, and a look is remembered", func(e *env) {
		rec := e.accepted(id1)
		l := e.acquire(rec, owner)
		started, due := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
		e.decide(l, store.RescheduleDecision{Due: due, Progress: store.Progress{Status: "Started", StartedAt: started, EndSeen: started}})
		_, err := e.Decide(e.ctx, l, store.RescheduleDecision{Due: due})
		e.wantErr(err, store.ErrFenced)
		e.decide(e.acquire(rec, rival), store.RescheduleDecision{Due: due})
		got := e.get(rec)
		if got.Polls != 2 || got.PolledAt.IsZero() || !same(got.Due, due) || got.Progress.Status != "Started" || !same(got.Progress.StartedAt, started) || !same(got.Progress.EndSeen, started) {
			e.Errorf("got %+v", got)
		}
	}},
	{"a new plan does not undo a notification that came meanwhile", func(e *env) {
		rec := e.accepted(id1)
		l := e.acquire(rec, owner)
		e.notify(notification(rec.Ref, id1))
		got := e.decide(l, store.RescheduleDecision{Due: time.Now().Add(time.Hour), Notifications: 0})
		if got.Due.After(time.Now()) || got.Polls != 1 {
			e.Errorf("due %v after %d polls: the hint was lost", got.Due, got.Polls)
		}
	}},
	{"decisions fit the phase", func(e *env) {
		queued, accepted := e.create(e.fresh(store.Queued)), e.accepted(id1)
		settled, acknowledged := e.settled(id2, 200), e.settled(id2[:35]+"2", 200)
		dead, uncertain := e.settled(id2[:35]+"3", 200), e.sending()
		uncertain = e.report(uncertain, store.UncertainFact{Epoch: uncertain.SendEpoch, Reason: "reset"})
		acknowledged = e.choose(acknowledged, store.AcknowledgeDecision{})
		dead = e.choose(dead, store.DeadLetterDecision{Reason: "gave up"})
		now := time.Now()
		for _, tt := range []struct {
			d       store.Decision
			allowed []store.Phase
		}{
			{store.SendDecision{}, []store.Phase{store.Queued}},
			{store.RescheduleDecision{Due: now}, []store.Phase{store.Queued, store.Accepted, store.Uncertain}},
			{store.AcknowledgeDecision{}, []store.Phase{store.Settled}},
			{store.RetryDecision{Due: now, Reason: "busy"}, []store.Phase{store.Settled}},
			{store.DeadLetterDecision{Reason: "no"}, []store.Phase{store.Settled}},
			{store.ReplayDecision{}, []store.Phase{store.Dead}},
			{store.DropDecision{Reason: "no use"}, []store.Phase{store.Dead}},
			{store.ExpireDecision{Reason: "410"}, []store.Phase{store.Accepted}},
			{store.AbandonDecision{Reason: "by hand"}, []store.Phase{store.Uncertain}},
			{&store.AcknowledgeDecision{}, nil},
			{nil, nil},
		} {
			for _, rec := range []store.Record{queued, accepted, settled, acknowledged, dead, uncertain} {
				want := false
				for _, p := range tt.allowed {
					want = want || p == rec.Phase
				}
				if want {
					continue // proven where the decision is used
				}
				l := e.acquire(rec, owner)
				_, err := e.Decide(e.ctx, l, tt.d)
				_, wrongPhase := errors.AsType[*store.PhaseError](err)
				_, invalid := errors.AsType[*store.InvalidError](err)
				if !wrongPhase && !invalid {
					e.Errorf("%T on a record that is %s: got error %v", tt.d, rec.Phase, err)
				}
				e.must(e.Release(e.ctx, l))
				if got := e.get(rec); got.Phase != rec.Phase {
					e.Errorf("%T moved %s to %s", tt.d, rec.Phase, got.Phase)
				}
			}
		}
	}},
	{"only what is accepted expires", func(e *env) {
		rejected, abandoned, foregrounded := e.sending(), e.sending(), e.report(e.sending(), foreground)
		rejected = e.report(rejected, store.RejectedFact{Epoch: rejected.SendEpoch})
		abandoned = e.report(abandoned, store.UncertainFact{Epoch: abandoned.SendEpoch, Reason: "reset"})
		abandoned = e.choose(abandoned, store.AbandonDecision{Reason: "by hand"})
		expired := e.choose(e.accepted(id1), store.ExpireDecision{Reason: "404"})
		for _, rec := range []store.Record{rejected, abandoned, foregrounded, expired} {
			l := e.acquire(rec, owner)
			_, err := e.Decide(e.ctx, l, store.ExpireDecision{Reason: "404"})
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, l))
			e.wantPhase(e.get(rec), rec.Phase)
		}
		sending := e.sending()
		_, err := e.Decide(e.ctx, sending.Lease, store.ExpireDecision{Reason: "404"})
		e.wantPhaseError(err)
		e.wantPhase(e.get(sending), store.Sending)
	}},
	{"content is let go when the application has it", func(e *env) {
		rec := e.accepted(id1)
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("[1]"), ContentType: "application/json",
		}})
		e.choose(rec, store.AcknowledgeDecision{})
		got := e.get(rec).Outcome
		if got == nil || len(got.Content) > 0 || got.Kept || !got.HasContent || got.StatusCode != 200 || got.ContentType != "application/json" {
			e.Errorf("got %+v, want all but the content", got)
		}
	}},
	{"an expired operation is told to its handler like a settled one", func(e *env) {
		rec := e.choose(e.accepted(id1), store.ExpireDecision{Reason: "404"})
		if rec.Due.IsZero() {
			e.Error("not due for its handler")
		}
		due := time.Now().Add(time.Minute)
		if got := e.ran(rec, store.RetryDecision{Due: due, Reason: "busy"}); got.Phase != store.Expired || got.Attempts != 1 || !same(got.Due, due) {
			e.Errorf("got %+v", got)
		}
		e.wantPhase(e.choose(rec, store.DeadLetterDecision{Reason: "gave up"}), store.Dead)
		e.wantPhase(e.choose(rec, store.ReplayDecision{}), store.Expired)
		e.wantPhase(e.choose(rec, store.AcknowledgeDecision{}), store.Acknowledged)
	}},
	{"what is dead and dropped is acknowledged, for a reason, and keeps its key", func(e *env) {
		rec := e.held()
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("[1]")}})
		died := e.choose(rec, store.DeadLetterDecision{Reason: "gave up"})
		if e.wantPhase(died, store.Dead); died.EndedAt.IsZero() || died.Reason != "gave up" {
			e.Errorf("got %+v, want when and why it died", died)
		}
		got := e.choose(rec, store.DropDecision{Reason: "no use"})
		if e.wantPhase(got, store.Acknowledged); got.Reason != "no use" || got.Outcome.Kept || !got.HoldsKey() || !got.Due.IsZero() || got.EndedAt.IsZero() {
			e.Errorf("got %+v", got)
		}
		if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Errorf("purged %d, %v, want what was dropped", n, err)
		}
	}},
	{"a handler's failures are counted and its work can be parked and replayed", func(e *env) {
		rec := e.settled(id1, 200)
		due := time.Now().Add(time.Minute)
		got := e.ran(rec, store.RetryDecision{Due: due, Reason: "database down"})
		if got.Attempts != 1 || !same(got.Due, due) || got.Reason != "database down" {
			e.Errorf("got %+v", got)
		}
		e.wantPhase(e.choose(rec, store.DeadLetterDecision{Reason: "gave up"}), store.Dead)
		got = e.choose(rec, store.ReplayDecision{})
		if e.wantPhase(got, store.Settled); got.Attempts != 0 || got.Due.IsZero() {
			e.Errorf("got %+v", got)
		}
		e.wantPhase(e.choose(rec, store.AcknowledgeDecision{}), store.Acknowledged)
	}},
}
