package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/vismanet-go/background/store"
)

const orders = "orders"

func inSequence(name string) func(*store.Record) {
	return func(r *store.Record) { r.Sequence = name }
}

// line enqueues n records in the sequence of orders.
func (e *env) line(n int) (out []store.Record) {
	e.Helper()
	for range n {
		out = append(out, e.enqueue(inSequence(orders), withKey("order-"+strconv.Itoa(e.n))))
	}
	return out
}

// wantSequence checks a sequence: who waits at its head, how many wait, and whether
// it is stopped.
func (e *env) wantSequence(head store.Record, waiting int, stopped bool) {
	e.Helper()
	s, err := e.GetSequence(e.ctx, tenant, orders)
	e.must(err)
	if s.Head.Ref != head.Ref || s.Waiting != waiting || s.Stopped() != stopped || s.Name != orders || s.Tenant != tenant {
		e.Errorf("%s is at the head as %s, %d wait, stopped %v; want %s, %d, %v", s.Head.Ref, s.Head.Phase, s.Waiting, s.Stopped(), head.Ref, waiting, stopped)
	}
	for _, q := range []store.SequenceQuery{{}, {Stopped: true}} {
		list, err := e.Sequences(e.ctx, tenant, q)
		e.must(err)
		want := 0
		if waiting > 0 && (stopped || !q.Stopped) {
			want = 1
		}
		if len(list) != want || want == 1 && (list[0].Head.Ref != head.Ref || list[0].Waiting != waiting || list[0].Stopped() != stopped || list[0].Last != s.Last || list[0].Done != s.Done) {
			e.Errorf("%+v: got %+v, want %d as above", q, list, want)
		}
	}
	if waiting > 0 && head.Phase == store.Queued && !stopped {
		e.wantQueued(head, true)
	}
}

// wantBlocked checks that none of them can be sent.
func (e *env) wantBlocked(list ...store.Record) {
	e.Helper()
	for _, rec := range list {
		e.wantQueued(rec, false)
		l := e.acquire(rec, owner)
		_, err := e.Decide(e.ctx, l, store.SendDecision{})
		e.wantPhaseError(err)
		e.must(e.Release(e.ctx, l))
	}
}

// nobody is at the head of a sequence in which nothing waits.
var nobody store.Record

var sequenceTests = []test{
	{"a sequence is sent in its order, each when the one before has succeeded", func(e *env) {
		_, err := e.GetSequence(e.ctx, tenant, orders)
		e.wantErr(err, store.ErrNotFound)
		l := e.line(4)
		for i, rec := range l {
			if rec.Place != uint64(i+1) || rec.Blocked != (i > 0) || rec.Due.IsZero() != (i > 0) {
				e.Errorf("%d: place %d, blocked %v, due at %v", i, rec.Place, rec.Blocked, rec.Due)
			}
		}
		for i, rec := range l {
			e.wantSequence(rec, 4-i, false)
			e.wantBlocked(l[i+1:]...)
			sent := e.send(rec)
			e.wantSequence(sent, 4-i, false)
			id := "id-" + rec.Ref
			e.wantSequence(e.report(rec, store.AcceptedFact{ID: id, Source: answered}), 4-i, false)
			e.wantBlocked(l[i+1:]...)
			e.report(rec, store.SettledFact{ID: id, Outcome: outcome(200)})
			if i+1 < len(l) && !same(e.get(l[i+1]).Due, l[i+1].CreatedAt) {
				e.Errorf("the next is due at %v, want when it was enqueued, %v", e.get(l[i+1]).Due, l[i+1].CreatedAt)
			}
		}
		e.wantSequence(nobody, 0, false)
		e.wantSequence(e.line(1)[0], 1, false)
	}},
	{"whatever does not succeed stops a sequence", func(e *env) {
		ends := map[string]func(store.Record) store.Record{
			"failed":  func(r store.Record) store.Record { return e.ends(r, 400) },
			"refused": func(r store.Record) store.Record { r = e.send(r); return e.report(r, refusedWith(r, 400)) },
			"refuted": func(r store.Record) store.Record {
				e.report(e.send(r), store.AcceptedFact{ID: id1, Source: answered})
				return e.report(r, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200, Refuted: "it is not there"}})
			},
			"acknowledged": func(r store.Record) store.Record { return e.choose(e.ends(r, 400), store.AcknowledgeDecision{}) },
			"dead":         func(r store.Record) store.Record { return e.choose(e.ends(r, 400), store.DeadLetterDecision{}) },
			"uncertain": func(r store.Record) store.Record {
				r = e.send(r)
				return e.report(r, store.UncertainFact{Epoch: r.SendEpoch})
			},
			"abandoned": func(r store.Record) store.Record {
				r = e.send(r)
				e.report(r, store.UncertainFact{Epoch: r.SendEpoch})
				return e.choose(r, store.AbandonDecision{})
			},
			"rejected": func(r store.Record) store.Record {
				r = e.send(r)
				return e.report(r, store.RejectedFact{Epoch: r.SendEpoch})
			},
			"expired": func(r store.Record) store.Record {
				e.report(e.send(r), store.AcceptedFact{ID: id2, Source: answered})
				return e.choose(r, store.ExpireDecision{Reason: "404"})
			},
			"unclear": func(r store.Record) store.Record {
				e.report(e.send(r), store.AcceptedFact{ID: id2[:35] + "2", Source: answered})
				return e.report(r, store.UnclearFact{ID: id2[:35] + "2", Outcome: store.Outcome{Status: "Halted"}})
			},
			"vanished": func(r store.Record) store.Record {
				l, _, err := e.Acquire(e.ctx, tenant, r.Ref, owner, store.ToSend, e.ttl)
				e.must(err)
				e.decide(l, store.SendDecision{})
				e.lapse()
				return e.get(r)
			},
		}
		l := e.line(len(ends) + 1)
		i := 0
		for name, end := range ends {
			e.wantSequence(e.get(l[i]), len(l)-i, false)
			head := end(l[i])
			e.wantSequence(head, len(l)-i, true)
			e.wantBlocked(l[i+1:]...)
			// It goes on without it, by a person's word.
			got := e.choose(head, store.SkipDecision{Reason: "done by hand"})
			if got.Phase != head.Phase || got.Place != 0 || got.Sequence != orders {
				e.Errorf("%s: after a skip %+v", name, got)
			}
			i++
		}
		e.wantSequence(e.get(l[i]), 1, false)
	}},
	{"only the head that stops a sequence is skipped", func(e *env) {
		l := e.line(3)
		refuse := func(rec store.Record, d store.Decision) {
			e.Helper()
			lease := e.acquire(rec, owner)
			_, err := e.Decide(e.ctx, lease, d)
			e.wantPhaseError(err)
			e.must(e.Release(e.ctx, lease))
		}
		skip := store.SkipDecision{Reason: "no"}
		refuse(l[0], skip)
		refuse(l[1], skip)
		refuse(e.enqueue(), skip)
		rec := e.ends(l[0], 200)
		refuse(rec, skip)
		rec = e.ends(l[1], 400)
		e.choose(rec, skip)
		refuse(rec, skip) // a second person
		e.wantSequence(e.get(l[2]), 1, false)
	}},
	{"a late success lets a sequence go on", func(e *env) {
		l := e.line(3)
		rec := e.send(l[0])
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch})
		e.choose(rec, store.AbandonDecision{Reason: "lost"})
		rec = e.report(rec, store.AcceptedFact{ID: id1, Source: answered}) // after all
		e.wantSequence(rec, 3, false)
		e.report(rec, store.SettledFact{ID: id1, Outcome: outcome(200)})
		e.wantSequence(l[1], 2, false)

		rec = e.send(l[1])
		e.report(rec, store.AcceptedFact{ID: id2, Source: answered})
		e.choose(rec, store.ExpireDecision{Reason: "404"})
		rec = e.choose(rec, store.AcknowledgeDecision{})
		e.wantSequence(rec, 2, true)
		if _, err := e.Report(e.ctx, tenant, rec.Ref, store.SettledFact{ID: id2, Outcome: outcome(200)}); err != nil {
			e.must(err)
		}
		e.wantSequence(e.get(l[2]), 1, false)

		rec = e.send(l[2])
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch})
		e.report(rec, store.SettledFact{ByUser: true, Outcome: store.Outcome{StatusCode: 200, Told: "it is there"}})
		e.wantSequence(nobody, 0, false)
	}},
	{"a sequence passes over those that succeeded before their turn", func(e *env) {
		l := e.line(4)
		for _, rec := range l[1:3] { // an id that a person names takes it out of the queue
			id := "id-" + rec.Ref
			if got := e.report(rec, store.AcceptedFact{ID: id, Source: store.FromUser}); got.Blocked || got.Place == 0 {
				e.Errorf("got %+v", got)
			}
			e.report(rec, store.SettledFact{ID: id, Outcome: outcome(200)})
		}
		e.wantSequence(l[0], 4, false)
		e.ends(l[0], 200)
		e.wantSequence(l[3], 1, false)
	}},
	{"what is withdrawn leaves its sequence, wherever it stands", func(e *env) {
		l := e.line(5)
		e.choose(l[2], store.WithdrawDecision{Reason: "a mistake"})
		e.wantSequence(l[0], 4, false)
		e.choose(l[0], store.WithdrawDecision{Reason: "a mistake"})
		e.wantSequence(l[1], 3, false)
		e.wantBlocked(l[3:]...)
		e.ends(l[1], 200)
		e.wantSequence(l[3], 2, false)
		e.choose(l[4], store.WithdrawDecision{Reason: "a mistake"})
		e.wantSequence(l[3], 1, false)
		e.choose(l[3], store.WithdrawDecision{Reason: "a mistake"})
		e.wantSequence(nobody, 0, false)
		next := e.line(1)[0]
		if next.Place != 6 || next.Blocked {
			e.Errorf("the next has place %d, blocked %v", next.Place, next.Blocked)
		}
	}},
	{"one that is queued again keeps its place", func(e *env) {
		l := e.line(3)
		rec := e.ends(l[0], 400)
		got := e.choose(rec, store.RequeueDecision{})
		if got.Blocked || got.Place != 1 {
			e.Errorf("got %+v", got)
		}
		e.wantSequence(got, 3, false)
		e.wantBlocked(l[1:]...)
		rec = e.send(rec)
		e.wantSequence(e.report(rec, store.NotTakenFact{Epoch: rec.SendEpoch, Reason: "401"}), 3, false)
		rec = e.send(rec)
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch})
		e.wantSequence(e.report(rec, store.RejectedFact{ByUser: true, Reason: "no"}), 3, false)
		// One behind it that a person had bound, and takes back.
		e.report(l[1], store.AcceptedFact{ID: id1, Source: store.FromUser})
		if got := e.report(l[1], store.RejectedFact{ByUser: true, Reason: "no"}); !got.Blocked {
			e.Errorf("got %+v", got)
		}
		e.wantBlocked(l[1:]...)
		e.ends(rec, 200)
		e.wantSequence(e.get(l[1]), 2, false)

		// One that was skipped is sent, outside the sequence.
		rec = e.ends(l[1], 400)
		rec = e.choose(rec, store.SkipDecision{Reason: "later"})
		rec = e.choose(rec, store.RequeueDecision{})
		e.wantQueued(rec, true)
		e.wantSequence(l[2], 1, false)
	}},
	{"one that supersedes another takes its place", func(e *env) {
		l := e.line(3)
		old := e.ends(l[0], 400)
		next := e.enqueue(inSequence(orders), superseding(old))
		if next.Place != 1 || next.Blocked || e.get(old).Place != 0 {
			e.Errorf("got place %d, blocked %v; the old one has %d", next.Place, next.Blocked, e.get(old).Place)
		}
		e.wantSequence(next, 3, false)
		e.wantBlocked(l[1:]...)
		_, err := e.Enqueue(e.ctx, func() store.Record { // a second person
			rec := e.fresh("")
			inSequence(orders)(&rec)
			superseding(old)(&rec)
			return rec
		}(), nil)
		if err == nil {
			e.Error("the key was taken twice")
		}
		e.choose(old, store.AcknowledgeDecision{})
		e.wantSequence(next, 3, false)

		// It was given up, and its key was free.
		old = e.send(next)
		e.report(old, store.UncertainFact{Epoch: old.SendEpoch})
		old = e.choose(old, store.AbandonDecision{Reason: "lost"})
		next = e.enqueue(inSequence(orders), superseding(old))
		e.wantSequence(next, 3, false)
		e.ends(next, 200)
		e.wantSequence(l[1], 2, false)

		// In another sequence, or in none, it stands for itself.
		old = e.ends(l[1], 400)
		next = e.enqueue(superseding(old))
		if next.Place != 0 || next.Sequence != "" {
			e.Errorf("got %+v", next)
		}
		e.wantSequence(e.get(old), 2, true)
		e.choose(old, store.SkipDecision{Reason: "superseded"})
		e.wantSequence(l[2], 1, false)
	}},
	{"what a sequence waits for is not purged, and a sequence goes with its last record", func(e *env) {
		l := e.line(3)
		rec := e.ends(l[0], 400)
		e.choose(rec, store.AcknowledgeDecision{})
		later := time.Now().Add(time.Hour)
		all := store.Retention{Ended: later, Unacknowledged: later}
		e.wantPurged(tenant, all, store.PurgeCount{})
		e.wantSequence(e.get(rec), 3, true)
		e.choose(rec, store.SkipDecision{Reason: "by hand"})
		e.wantPurged(tenant, all, store.PurgeCount{Ended: 1})
		e.wantSequence(l[1], 2, false)
		e.ends(l[1], 200)
		e.wantPurged(tenant, all, store.PurgeCount{Unacknowledged: 1})
		e.wantSequence(l[2], 1, false)
		e.ends(l[2], 200)
		e.wantSequence(nobody, 0, false)
		e.wantPurged(tenant, all, store.PurgeCount{Unacknowledged: 1})
		_, err := e.GetSequence(e.ctx, tenant, orders)
		e.wantErr(err, store.ErrNotFound)
		if rec := e.line(1)[0]; rec.Place != 1 || rec.Blocked {
			e.Errorf("anew: place %d, blocked %v", rec.Place, rec.Blocked)
		}
	}},
	{"sequences of two names, or two tenants, do not meet", func(e *env) {
		l := e.line(2)
		second := e.enqueue(inSequence("invoices"))
		foreign := e.enqueue(inSequence(orders), func(r *store.Record) { r.Tenant = other })
		if second.Place != 1 || foreign.Place != 1 || second.Blocked || foreign.Blocked {
			e.Errorf("got %+v and %+v", second, foreign)
		}
		e.ends(l[0], 400)
		e.wantQueued(second, true)
		s, err := e.GetSequence(e.ctx, other, orders)
		e.must(err)
		if s.Stopped() || s.Head.Ref != foreign.Ref {
			e.Errorf("got %+v", s)
		}
		for _, name := range []string{"", store.AnyTenant} {
			_, err := e.GetSequence(e.ctx, name, orders)
			e.wantInvalid(err, "tenant")
			_, err = e.Sequences(e.ctx, name, store.SequenceQuery{})
			e.wantInvalid(err, "tenant")
		}
	}},
	{"sequences are listed by name, page by page", func(e *env) {
		var want, stopped []string
		for i := range 7 {
			name := fmt.Sprint("s", i)
			rec := e.enqueue(inSequence(name))
			e.enqueue(inSequence(name))
			if want = append(want, name); i%3 == 0 {
				e.ends(rec, 400)
				stopped = append(stopped, name)
			}
		}
		e.ends(e.enqueue(inSequence("s9")), 200) // nothing waits there
		for _, q := range []store.SequenceQuery{{Limit: 2}, {Limit: 2, Stopped: true}, {}} {
			var got []string
			for range 20 {
				page, err := e.Sequences(e.ctx, tenant, q)
				e.must(err)
				for _, s := range page {
					got = append(got, s.Name)
					q.After = s.Name
				}
				if len(page) == 0 || q.Limit != 0 && len(page) < q.Limit {
					break
				}
			}
			list := want
			if q.Stopped {
				list = stopped
			}
			if !slices.Equal(got, list) {
				e.Errorf("%+v: got %v, want %v", q, got, list)
			}
		}
	}},
	{"the head of a sequence is told without its content", func(e *env) {
		rec := e.send(e.enqueue(inSequence(orders)))
		o := store.Outcome{Foreground: true, StatusCode: 400, HasContent: true, Kept: true, Content: []byte("why")}
		e.report(rec, store.SettledFact{Outcome: o})
		s, err := e.GetSequence(e.ctx, tenant, orders)
		e.must(err)
		list, err := e.Sequences(e.ctx, tenant, store.SequenceQuery{})
		e.must(err)
		for _, s := range append(list, s) {
			if s.Head.Outcome == nil || s.Head.Outcome.StatusCode != 400 || s.Head.Outcome.Content != nil {
				e.Errorf("got %+v", s.Head.Outcome)
			}
		}
		if got := e.get(rec); string(got.Outcome.Content) != "why" {
			e.Errorf("the record has the content %q", got.Outcome.Content)
		}
	}},
	{"whoever watches the next of a sequence is woken when it may go", func(e *env) {
		l := e.line(2)
		e.ends(l[0], 400)
		w := e.Watch(tenant, l[1].Ref)
		defer w.Close()
		e.choose(l[0], store.SkipDecision{Reason: "by hand"})
		select {
		case <-w.C():
		case <-time.After(10 * time.Second):
			e.Error("nobody was woken")
		}
	}},
}
