package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// enqueue enqueues a new record, changed by how, with its ref as the body.
func (e *env) enqueue(how ...func(*store.Record)) store.Record {
	e.Helper()
	rec := e.fresh("")
	for _, f := range how {
		f(&rec)
	}
	out, err := e.Enqueue(e.ctx, rec, []byte("body of "+rec.Ref))
	e.must(err)
	return out
}

func withKey(key string) func(*store.Record) { return func(r *store.Record) { r.Key = key } }

func superseding(old store.Record) func(*store.Record) {
	return func(r *store.Record) { r.Key, r.Supersedes = old.Key, old.Ref }
}

// send begins an attempt.
func (e *env) send(rec store.Record) store.Record {
	e.Helper()
	l, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToSend, while)
	e.must(err)
	return e.decide(l, store.SendDecision{})
}

// outcome is a terminal state.
func outcome(code int) store.Outcome { return store.Outcome{Status: "Finished", StatusCode: code} }

// ends has what is queued sent, accepted and end with a status code.
func (e *env) ends(rec store.Record, code int) store.Record {
	e.Helper()
	rec = e.send(rec)
	id := "id-" + rec.Ref + "-" + strconv.Itoa(rec.Sends)
	e.report(rec, store.AcceptedFact{ID: id, Source: answered})
	return e.report(rec, store.SettledFact{ID: id, Outcome: outcome(code)})
}

// refusedWith is that the ERP answers an attempt with a refusal.
func refusedWith(rec store.Record, code int) store.Fact {
	return store.SettledFact{Epoch: rec.SendEpoch, Outcome: store.Outcome{Foreground: true, StatusCode: code}}
}

// doubted enqueues a record whose first attempt was not accepted by a person's word.
func (e *env) doubted(how ...func(*store.Record)) store.Record {
	e.Helper()
	rec := e.send(e.enqueue(how...))
	e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
	rec = e.report(rec, store.RejectedFact{ByUser: true, Epoch: rec.SendEpoch, Reason: "not there"})
	e.wantPhase(rec, store.Queued)
	return rec
}

// wantBody checks whether the store and the record say that there is a body.
func (e *env) wantBody(rec store.Record, want bool) {
	e.Helper()
	body, err := e.GetBody(e.ctx, rec.Tenant, rec.Ref)
	switch has := e.get(rec).HasBody; {
	case want && (err != nil || string(body) != "body of "+rec.Ref || !has):
		e.Errorf("%s, %s: got the body %q, %v, HasBody %v, want it", rec.Ref, rec.Phase, body, err, has)
	case !want && (!errors.Is(err, store.ErrNotFound) || has):
		e.Errorf("%s, %s: got the body %q, %v, HasBody %v, want none", rec.Ref, rec.Phase, body, err, has)
	}
}

// wantQueued checks that a record waits to be sent, and is due or is not.
func (e *env) wantQueued(rec store.Record, due bool) {
	e.Helper()
	got := e.get(rec)
	list, err := e.Due(e.ctx, rec.Tenant, store.DueQuery{Phases: []store.Phase{store.Queued}, By: time.Now(), Limit: 1000})
	e.must(err)
	is := slices.ContainsFunc(list.Records, func(r store.Record) bool { return r.Ref == rec.Ref })
	if got.Phase != store.Queued || is != due {
		e.Errorf("%s: %s, due %v, want queued and %v", rec.Ref, got.Phase, is, due)
	}
}

func (e *env) wantInvalid(err error, field string) {
	e.Helper()
	if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != field {
		e.Errorf("got error %v, want that %s is invalid", err, field)
	}
}

var outboxTests = []test{
	{"what is enqueued is queued, due, and has its body", func(e *env) {
		rec := e.enqueue(withKey("order-1"))
		if rec.Phase != store.Queued || !rec.Enqueued || !rec.HasBody || rec.Sends != 0 || rec.Lease.Owner != "" {
			e.Errorf("got %+v", rec)
		}
		e.wantQueued(rec, true)
		e.wantBody(rec, true)
		if got, err := e.GetByKey(e.ctx, tenant, "order-1"); err != nil || got.Ref != rec.Ref {
			e.Errorf("by its key: %s, %v", got.Ref, err)
		}
		other := e.fresh(store.Queued)
		other.Key = "order-1"
		_, err := e.Enqueue(e.ctx, other, nil)
		if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || held.Record.Ref != rec.Ref {
			e.Errorf("the key was taken twice: %v", err)
		}
		_, err = e.GetBody(e.ctx, tenant, other.Ref)
		e.wantErr(err, store.ErrNotFound)
		other.Key, other.Ref = "", rec.Ref
		_, err = e.Enqueue(e.ctx, other, nil)
		e.wantErr(err, store.ErrExists)
		e.wantBody(rec, true)
	}},
	{"a body may be empty or large, and is the store's own", func(e *env) {
		for _, size := range []int{0, 1, 100_000, store.MaxBody} {
			body := bytes.Repeat([]byte("x"), size)
			rec, err := e.Enqueue(e.ctx, e.fresh(""), body)
			e.must(err)
			if size > 0 {
				body[0] = '!'
			}
			got, err := e.GetBody(e.ctx, tenant, rec.Ref)
			if err != nil || len(got) != size || got == nil || size > 0 && got[0] != 'x' {
				e.Errorf("got %d bytes, %v, want %d of what was given", len(got), err, size)
			}
		}
		_, err := e.Enqueue(e.ctx, e.fresh(""), make([]byte, store.MaxBody+1))
		e.wantInvalid(err, "body")
	}},
	{"what cannot be enqueued is refused by the name of its field", func(e *env) {
		for field, spoil := range map[string]func(*store.Record){
			"Tenant":   func(r *store.Record) { r.Tenant = "" },
			"Ref":      func(r *store.Record) { r.Ref = "" },
			"Method":   func(r *store.Record) { r.Method = "" },
			"Path":     func(r *store.Record) { r.Path = "" },
			"Phase":    func(r *store.Record) { r.Phase = store.Sending },
			"Record":   func(r *store.Record) { r.Place = 1 },
			"Sequence": func(r *store.Record) { r.Sequence = string(make([]byte, store.MaxSequenceName+1)) },
		} {
			rec := e.fresh("")
			spoil(&rec)
			_, err := e.Enqueue(e.ctx, rec, nil)
			e.wantInvalid(err, field)
		}
		rec := e.fresh(store.Sending)
		rec.Sequence = "orders"
		_, err := e.Create(e.ctx, rec, owner, e.ttl)
		e.wantInvalid(err, "Sequence")
		rec.Sequence, rec.HasBody = "", true
		_, err = e.Create(e.ctx, rec, owner, e.ttl)
		e.wantInvalid(err, "Record")
	}},
	{"the first enqueued is the first that is due", func(e *env) {
		var want []string
		for range 5 {
			want = append(want, e.enqueue().Ref)
		}
		list, err := e.Due(e.ctx, tenant, store.DueQuery{Phases: []store.Phase{store.Queued}, By: time.Now()})
		e.must(err)
		var got []string
		for _, rec := range list.Records {
			got = append(got, rec.Ref)
		}
		if !slices.Equal(got, want) {
			e.Errorf("got %v, want %v", got, want)
		}
	}},
	{"its body stays as long as it may have to be sent", func(e *env) {
		rec := e.enqueue()
		rec = e.send(rec)
		e.wantBody(rec, true)
		rec = e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
		e.wantBody(rec, true)
		rec = e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.wantBody(rec, true)
		rec = e.report(rec, store.UnclearFact{ID: id1, Outcome: store.Outcome{Status: "Halted"}})
		e.wantBody(rec, true)
		rec = e.report(rec, store.SettledFact{ID: id1, Outcome: outcome(500)})
		e.wantBody(rec, true)
		rec = e.ran(rec, store.DeadLetterDecision{Reason: "no"})
		e.wantBody(rec, true)
		rec = e.choose(rec, store.ReplayDecision{})
		e.wantBody(rec, true)
		e.wantBody(e.ran(rec, store.AcknowledgeDecision{}), false)

		rec = e.ends(e.enqueue(), 200)
		e.choose(rec, store.DeadLetterDecision{Reason: "no"})
		e.wantBody(e.choose(rec, store.DropDecision{Reason: "no use"}), false)

		rec = e.send(e.enqueue())
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch})
		e.wantBody(e.choose(rec, store.AbandonDecision{Reason: "lost"}), false)
		rec = e.report(rec, store.AcceptedFact{ID: id2, Source: answered}) // late
		e.wantPhase(rec, store.Accepted)
		e.wantBody(rec, false)
	}},
	{"a body goes with its record", func(e *env) {
		rec := e.ends(e.enqueue(), 400)
		if n, err := e.Purge(e.ctx, tenant, store.Retention{Unacknowledged: time.Now().Add(time.Hour)}); n.Total() != 1 || err != nil {
			e.Fatalf("purged %+v, %v, want 1", n, err)
		}
		_, err := e.GetBody(e.ctx, tenant, rec.Ref)
		e.wantErr(err, store.ErrNotFound)
	}},
	{"nobody else sees a body", func(e *env) {
		rec := e.enqueue()
		_, err := e.GetBody(e.ctx, other, rec.Ref)
		e.wantErr(err, store.ErrNotFound)
		for _, name := range []string{"", store.AnyTenant} {
			_, err := e.GetBody(e.ctx, name, rec.Ref)
			e.wantInvalid(err, "tenant")
		}
	}},
	{"what was not taken is queued again, and due when it says", func(e *env) {
		rec := e.enqueue(withKey("order-1"))
		first := e.send(rec)
		if first.Sends != 1 || !first.Due.IsZero() {
			e.Errorf("sent %d times, due at %v, want 1 and never", first.Sends, first.Due)
		}
		due := time.Now().Add(time.Hour)
		got := e.report(first, store.NotTakenFact{Epoch: first.SendEpoch, Reason: "429", Due: due})
		if got.Phase != store.Queued || !same(got.Due, due) || got.Reason != "429" || got.Lease.Owner != "" || !got.HoldsKey() || got.Doubted {
			e.Errorf("got %+v", got)
		}
		e.wantQueued(rec, false)
		second := e.send(rec) // a person may not want to wait
		e.report(second, store.NotTakenFact{Epoch: first.SendEpoch, Reason: "late"})
		e.wantPhase(e.get(rec), store.Sending)
		got = e.report(second, store.NotTakenFact{Epoch: second.SendEpoch, Reason: "401"})
		if got.Phase != store.Queued || got.Sends != 2 || got.Due.IsZero() {
			e.Errorf("got %+v", got)
		}
		e.wantQueued(rec, true)
		e.wantBody(rec, true)
	}},
	{"what is not taken and was not enqueued is rejected", func(e *env) {
		rec := e.sending()
		e.wantPhase(e.report(rec, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "401"}), store.Rejected)
		rec = e.send(e.enqueue(withKey("order-1")))
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch})
		e.choose(rec, store.AbandonDecision{Reason: "lost"})
		e.wantPhase(e.report(rec, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "401"}), store.Rejected)
	}},
	{"a sender that vanished leaves what it enqueued uncertain", func(e *env) {
		rec := e.enqueue()
		l, _, err := e.Acquire(e.ctx, tenant, rec.Ref, owner, store.ToSend, e.ttl)
		e.must(err)
		e.lapse()
		e.wantQueued(rec, true) // nothing has left
		_, err = e.Decide(e.ctx, l, store.SendDecision{})
		e.wantErr(err, store.ErrFenced)
		l, _, err = e.Acquire(e.ctx, tenant, rec.Ref, owner, store.ToSend, e.ttl)
		e.must(err)
		sent := e.decide(l, store.SendDecision{})
		e.lapse()
		e.wantPhase(e.get(rec), store.Uncertain)
		e.report(sent, store.NotTakenFact{Epoch: sent.SendEpoch, Reason: "it wakes, and has sent nothing"})
		e.wantQueued(rec, true)
	}},
	{"what is queued can be withdrawn, and nothing else can", func(e *env) {
		rec := e.enqueue(withKey("order-1"))
		got := e.choose(rec, store.WithdrawDecision{Reason: "a mistake"})
		if got.Phase != store.Rejected || got.Reason != "a mistake" || got.HoldsKey() || got.EndedAt.IsZero() {
			e.Errorf("got %+v", got)
		}
		e.wantBody(rec, false)
		again := e.enqueue(withKey("order-1"))
		e.must(func() error {
			_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id1, Source: answered})
			return err
		}())
		if got := e.get(rec); got.Phase != store.Accepted || !got.Late {
			e.Errorf("a late 202: %+v", got)
		}
		again = e.send(again)
		_, err := e.Decide(e.ctx, again.Lease, store.WithdrawDecision{Reason: "too late"})
		e.wantPhaseError(err)
		e.wantBody(again, true)
	}},
	{"a refusal is an outcome that is told to a handler", func(e *env) {
		rec := e.send(e.enqueue(withKey("order-1")))
		got := e.report(rec, refusedWith(rec, 422))
		if got.Phase != store.Settled || got.Outcome.Succeeded() || !got.HoldsKey() || !got.Runs(time.Now()) || got.Lease.Owner != "" {
			e.Errorf("got %+v", got)
		}
		e.wantBody(rec, true)
		_, got = e.begin(got, owner)
		if got.Attempts != 1 {
			e.Errorf("%d runs, want 1", got.Attempts)
		}
	}},
	{"what failed can be queued again", func(e *env) {
		for name, end := range map[string]func(store.Record) store.Record{
			"refused": func(r store.Record) store.Record { r = e.send(r); return e.report(r, refusedWith(r, 400)) },
			"failed":  func(r store.Record) store.Record { return e.ends(r, 500) },
			"dead": func(r store.Record) store.Record {
				return e.ran(e.ends(r, 500), store.DeadLetterDecision{Reason: "no"})
			},
		} {
			rec := end(e.enqueue(withKey(name)))
			id := rec.ID
			got := e.choose(rec, store.RequeueDecision{})
			if got.Phase != store.Queued || got.ID != "" || got.Outcome != nil || got.Attempts != 0 || !got.HoldsKey() || !got.SettledAt.IsZero() {
				e.Errorf("%s: got %+v", name, got)
			}
			e.wantQueued(rec, true)
			if id == "" {
				continue
			}
			// Whatever is told of the first attempt is known.
			e.report(rec, store.SettledFact{ID: id, Outcome: outcome(500)})
			e.report(rec, store.UnclearFact{ID: id, Outcome: store.Outcome{Status: "Halted"}})
			e.report(rec, store.AcceptedFact{ID: id, Source: answered})
			e.wantReceipt(e.notify(notification(rec.Ref, id)), store.Matched, rec.Ref)
			if got := e.get(rec); got.Phase != store.Queued || len(got.Candidates) != 0 || got.Conflicts != 0 {
				e.Errorf("%s: after words on the first attempt %+v", name, got)
			}
			if last := e.ends(rec, 200); last.Phase != store.Settled || last.Conflicts != 0 || !slices.Equal(last.FormerIDs, []string{id}) {
				e.Errorf("%s: %+v", name, last)
			}
		}
	}},
	{"what has not failed, or has no body any more, is not queued again", func(e *env) {
		refuse := func(rec store.Record) {
			e.Helper()
			l := e.acquire(rec, owner)
			_, err := e.Decide(e.ctx, l, store.RequeueDecision{})
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, l))
		}
		refuse(e.enqueue())
		refuse(e.ends(e.enqueue(), 200))
		refuse(e.choose(e.ends(e.enqueue(), 400), store.AcknowledgeDecision{}))
		refuse(e.settled(id1, 400)) // was never enqueued
		rec := e.send(e.enqueue())
		e.report(rec, store.AcceptedFact{ID: id2, Source: answered})
		refuse(e.choose(rec, store.ExpireDecision{Reason: "404"}))
		refuse(e.choose(rec, store.DeadLetterDecision{Reason: "no"}))
		old := e.ends(e.enqueue(withKey("order-1")), 400)
		e.enqueue(superseding(old))
		refuse(old)
		e.wantBody(old, false)
	}},
	{"what a person says was not accepted is queued again, and keeps its key", func(e *env) {
		rec := e.doubted(withKey("order-1"))
		if !rec.HoldsKey() || !rec.Doubted || rec.Reason != "not there" {
			e.Errorf("got %+v", rec)
		}
		e.wantQueued(rec, true)
		e.wantBody(rec, true)
		again := e.send(rec)
		e.report(again, store.UncertainFact{Epoch: again.SendEpoch, Reason: "reset"})
		// Another person saw only the first attempt.
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.RejectedFact{ByUser: true, Epoch: rec.SendEpoch, Reason: "not there"})
		e.wantPhaseError(err)
		e.wantPhase(e.get(rec), store.Uncertain)
		e.report(again, store.RejectedFact{ByUser: true, Epoch: again.SendEpoch, Reason: "not there"})
		e.wantQueued(rec, true)

		// What is unclear, or tentative, as well.
		rec = e.send(e.enqueue())
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.report(rec, store.UnclearFact{ID: id1, Outcome: store.Outcome{Status: "Halted"}})
		if got := e.report(rec, store.RejectedFact{ByUser: true, Reason: "no"}); got.ID != "" || got.Outcome != nil || !slices.Equal(got.FormerIDs, []string{id1}) {
			e.Errorf("it was unclear: %+v", got)
		}
		e.wantQueued(rec, true)
		rec = e.send(e.enqueue())
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch})
		e.report(rec, store.AcceptedFact{ID: id2, Source: store.FromUser})
		e.report(rec, store.RejectedFact{ByUser: true, Reason: "no"})
		e.wantQueued(rec, true)
	}},
	{"a late answer to an earlier attempt counts more than that it is queued", func(e *env) {
		rec := e.doubted()
		if got := e.report(rec, store.AcceptedFact{ID: id1, Source: answered}); got.Phase != store.Accepted || !got.Late {
			e.Errorf("a late 202: %+v", got)
		}
		rec = e.doubted()
		ran := store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 201}, Epoch: rec.SendEpoch}
		if got := e.report(rec, ran); got.Phase != store.Settled || !got.Late || !got.Outcome.Succeeded() {
			e.Errorf("a late answer in the foreground: %+v", got)
		}
		// A sender that had it leased does not send it any more.
		rec = e.doubted()
		l, _, err := e.Acquire(e.ctx, tenant, rec.Ref, owner, store.ToSend, while)
		e.must(err)
		e.report(rec, store.AcceptedFact{ID: id2, Source: answered})
		_, err = e.Decide(e.ctx, l, store.SendDecision{})
		e.wantPhaseError(err)
	}},
	{"a late answer to an earlier attempt counts more than a later refusal", func(e *env) {
		for name, late := range map[string]store.Fact{
			"202":        store.AcceptedFact{ID: id1, Source: answered},
			"foreground": store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 201}},
		} {
			rec := e.doubted()
			second := e.send(rec)
			first := refusedWith(rec, 400)
			e.report(rec, first) // of the first attempt: it says nothing of the second
			e.wantPhase(e.get(rec), store.Sending)
			e.report(second, refusedWith(second, 409))
			l, _ := e.begin(rec, owner)
			got := e.report(rec, late)
			if refused := got.Outcome != nil && !got.Outcome.Succeeded(); refused || !got.Late || got.Lease.Owner != "" || got.Attempts != 0 {
				e.Errorf("%s: got %+v", name, got)
			}
			_, err := e.Decide(e.ctx, l, store.AcknowledgeDecision{}) // of the refusal
			e.wantErr(err, store.ErrFenced)
			if name == "202" {
				got = e.report(rec, refusedWith(second, 409)) // once more
				e.wantPhase(got, store.Accepted)
			}
		}
	}},
	{"a notification of an attempt in doubt makes it uncertain again", func(e *env) {
		rec := e.doubted()
		e.notify(notification(rec.Ref, id1))
		got := e.get(rec)
		if got.Phase != store.Uncertain || !slices.Equal(got.Candidates, []string{id1}) || !got.Due.IsZero() {
			e.Errorf("got %+v", got)
		}
		e.wantPhase(e.report(rec, store.AcceptedFact{ID: id1, Source: store.FromEvidence}), store.Accepted)

		rec = e.doubted()
		again := e.send(rec)
		e.notify(notification(rec.Ref, id2))
		e.wantPhase(e.report(again, store.NotTakenFact{Epoch: again.SendEpoch, Reason: "429"}), store.Uncertain)
		e.report(again, store.RefutedFact{ID: id2, Reason: "another's"})
		e.wantPhase(e.report(again, store.NotTakenFact{Epoch: again.SendEpoch, Reason: "429"}), store.Queued)

		// Where no attempt is in doubt it can only be forged, and moves nothing.
		rec = e.send(e.enqueue())
		due := time.Now().Add(time.Hour)
		e.report(rec, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "429", Due: due})
		e.notify(notification(rec.Ref, id2))
		if got := e.get(rec); got.Phase != store.Queued || !same(got.Due, due) {
			e.Errorf("got %+v", got)
		}
	}},
	{"an enqueued one takes the key of one that failed, by its name", func(e *env) {
		old := e.ends(e.enqueue(withKey("order-1")), 400)
		next := e.enqueue(superseding(old))
		if got, err := e.GetByKey(e.ctx, tenant, "order-1"); err != nil || got.Ref != next.Ref {
			e.Errorf("the key belongs to %s, %v, want %s", got.Ref, err, next.Ref)
		}
		for name, old := range map[string]store.Record{
			"queued": e.enqueue(), "succeeded": e.ends(e.enqueue(), 200), "accepted": e.accepted(id1), "nobody": {Ref: "nobody"},
		} {
			rec := e.fresh("")
			rec.Supersedes = old.Ref
			if _, err := e.Enqueue(e.ctx, rec, nil); err == nil {
				e.Errorf("it superseded one that is %s", name)
			}
			_, err := e.Get(e.ctx, tenant, rec.Ref)
			e.wantErr(err, store.ErrNotFound)
		}
		failed := e.ends(e.enqueue(), 400)
		e.enqueue(superseding(failed)) // without a key
		e.wantBody(failed, false)
	}},
	{"of many senders one gets each, and all are sent", func(e *env) {
		const n = 60
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range n / 4 {
					rec := store.Record{Tenant: tenant, Ref: fmt.Sprintf("r-%d-%d", i, j), Method: "POST", Path: "/"}
					if j%3 == 0 {
						rec.Sequence = "orders-" + strconv.Itoa(j%2)
					}
					if _, err := e.Enqueue(e.ctx, rec, []byte("body of "+rec.Ref)); err != nil {
						e.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var mu sync.Mutex
		sent := make(map[string]int)
		order := make(map[string][]uint64)
		for i := range 4 {
			who := "replica-" + strconv.Itoa(i)
			wg.Go(func() {
				for range 1000 {
					list, err := e.Due(e.ctx, tenant, store.DueQuery{Phases: []store.Phase{store.Queued}, By: time.Now(), Limit: 8})
					if err != nil {
						e.Error(err)
						return
					}
					for _, rec := range list.Records {
						l, _, err := e.Acquire(e.ctx, tenant, rec.Ref, who, store.ToSend, while)
						if err != nil {
							continue
						}
						body, err := e.GetBody(e.ctx, tenant, rec.Ref)
						if err != nil || string(body) != "body of "+rec.Ref {
							e.Errorf("%s: got the body %q, %v", rec.Ref, body, err)
						}
						got, err := e.Decide(e.ctx, l, store.SendDecision{})
						if err != nil {
							_ = e.Release(e.ctx, l) // another has sent it meanwhile
							continue
						}
						mu.Lock()
						sent[rec.Ref]++
						order[got.Sequence] = append(order[got.Sequence], got.Place)
						mu.Unlock()
						if _, err := e.Report(e.ctx, tenant, rec.Ref, store.SettledFact{Epoch: l.Epoch, Outcome: store.Outcome{Foreground: true, StatusCode: 201}}); err != nil {
							e.Error(err)
						}
					}
					if len(list.Records) == 0 && list.Next.IsZero() {
						return
					}
				}
			})
		}
		wg.Wait()
		if len(sent) != n {
			e.Errorf("%d of %d were sent", len(sent), n)
		}
		for ref, k := range sent {
			if k != 1 {
				e.Errorf("%s was sent %d times", ref, k)
			}
		}
		for name, places := range order {
			if name != "" && !slices.IsSorted(places) {
				e.Errorf("%s was sent in the order %v", name, places)
			}
		}
	}},
}
