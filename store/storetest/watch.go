package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/store"
)

// woken waits for a wake-up; it must come soon.
func (e *env) woken(w *store.Watcher) {
	e.Helper()
	select {
	case <-w.C():
	case <-time.After(10 * time.Second):
		e.Fatal("no wake-up")
	}
}

var watchTests = []test{
	{"a watcher is woken by a notification", func(e *env) {
		rec := e.accepted(id1)
		w := e.Watch(tenant, rec.Ref)
		defer w.Close()
		e.notify(notification(rec.Ref, id1))
		e.woken(w)
		if refs, all := w.Take(); !all && !slices.Contains(refs, rec.Ref) {
			e.Errorf("woken for %v", refs)
		}
	}},
	{"what changed before the look is seen, what changes after it wakes", func(e *env) {
		rec := e.accepted(id1)
		w := e.Watch(tenant, rec.Ref)
		defer w.Close()
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		e.woken(w)
		e.wantPhase(e.get(rec), store.Settled)
	}},
	{"a watcher of the tenant hears of all its records and of no other's", func(e *env) {
		mine, theirs := e.Watch(tenant), e.Watch(other)
		defer mine.Close()
		defer theirs.Close()
		rec := e.sending()
		e.woken(mine)
		if refs, all := mine.Take(); !all && !slices.Contains(refs, rec.Ref) {
			e.Errorf("woken for %v", refs)
		}
		if refs, all := theirs.Take(); !all && slices.Contains(refs, rec.Ref) {
			e.Errorf("the other tenant was told of %v", refs)
		}
	}},
	{"a conflict wakes, also while somebody has the lease", func(e *env) {
		rec := e.accepted(id1)
		e.acquire(rec, rival)
		w := e.Watch(tenant, rec.Ref)
		defer w.Close()
		e.wantReceipt(e.notify(notification(rec.Ref, id2)), store.Disputed, rec.Ref)
		e.woken(w)
	}},
	{"a lease that is given back wakes", func(e *env) {
		rec := e.accepted(id1)
		l := e.acquire(rec, rival)
		w := e.Watch(tenant, rec.Ref)
		defer w.Close()
		e.must(e.Release(e.ctx, l))
		e.woken(w)
	}},
	{"a watcher learns what to watch while it lives", func(e *env) {
		w := e.Watch(tenant, store.NoRef)
		defer w.Close()
		a, b := e.accepted(id1), e.accepted(id2)
		w.Add(b.Ref)
		e.notify(notification(a.Ref, id1))
		e.notify(notification(b.Ref, id2))
		e.woken(w)
		if refs, all := w.Take(); !all && !slices.Equal(refs, []string{b.Ref}) {
			e.Errorf("woken for %v, want %s", refs, b.Ref)
		}
		w.Add(a.Ref)
		w.Remove(b.Ref)
		end := func(rec store.Record) {
			e.report(rec, store.SettledFact{ID: rec.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		}
		end(b)
		end(a)
		for {
			e.woken(w)
			refs, all := w.Take()
			if slices.Contains(refs, b.Ref) {
				e.Errorf("woken for %v, and %s is not watched any more", refs, b.Ref)
			}
			if all || slices.Contains(refs, a.Ref) {
				break
			}
		}
	}},
	{"closing the store ends the watchers", func(e *env) {
		none := e.Watch(tenant, store.NoRef)
		defer func() {
			<-none.C() // it may have been woken without a change
			if _, open := <-none.C(); open {
				e.Error("the channel of one that watches nothing stays open")
			}
		}()
		w := e.Watch(tenant)
		e.must(e.Close())
		for open := true; open; {
			select {
			case _, open = <-w.C():
			case <-time.After(10 * time.Second):
				e.Fatal("the channel stays open")
			}
		}
		w.Close()
		w.Close() // idempotent
	}},
}

var purgeTests = []test{
	{"a purge removes what ended and nothing else", func(e *env) {
		phases := map[store.Phase]store.Record{
			store.Queued:       e.create(e.fresh(store.Queued)),
			store.Accepted:     e.accepted(id1),
			store.Settled:      e.settled(id2, 200),
			store.Acknowledged: e.choose(e.settled(id2[:35]+"2", 200), store.AcknowledgeDecision{}),
			store.Dead:         e.choose(e.settled(id2[:35]+"3", 500), store.DeadLetterDecision{Reason: "no"}),
			store.Expired:      e.choose(e.accepted(id2[:35]+"4"), store.ExpireDecision{Reason: "404"}),
		}
		rejected, uncertain := e.sending(), e.sending()
		phases[store.Rejected] = e.report(rejected, store.RejectedFact{Epoch: rejected.SendEpoch})
		phases[store.Uncertain] = e.report(uncertain, store.UncertainFact{Epoch: uncertain.SendEpoch, Reason: "reset"})
		abandoned := e.sending()
		abandoned = e.report(abandoned, store.UncertainFact{Epoch: abandoned.SendEpoch, Reason: "reset"})
		phases[store.Abandoned] = e.choose(abandoned, store.AbandonDecision{Reason: "by hand"})
		phases[store.Sending] = e.sending()

		if n, err := e.purge(store.AnyTenant, time.Now().Add(-time.Hour)); n != 0 || err != nil {
			e.Fatalf("purged %d young ones, %v", n, err)
		}
		if n, err := e.purge(other, time.Now().Add(time.Hour)); n != 0 || err != nil {
			e.Fatalf("purged %d of another tenant, %v", n, err)
		}
		n, err := e.purge(tenant, time.Now().Add(time.Hour))
		if n != 3 || err != nil {
			e.Errorf("purged %d, %v; want 3", n, err)
		}
		for phase, rec := range phases {
			_, err := e.Get(e.ctx, tenant, rec.Ref)
			gone := phase == store.Acknowledged || phase == store.Rejected || phase == store.Expired
			if gone != (err == store.ErrNotFound) {
				e.Errorf("%s: got error %v", phase, err)
			}
		}
	}},
	{"a purged record leaves its key and its ref", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Key, rec.Fingerprint = "order-1", "aa"
		rec = e.create(rec)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		e.choose(rec, store.AcknowledgeDecision{})
		if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Fatalf("purged %d, %v", n, err)
		}
		again := e.fresh(store.Sending)
		again.Key = "order-1"
		_, err := e.Create(e.ctx, again, owner, e.ttl)
		if held, ok := err.(*store.KeyHeldError); !ok || !held.Purged || held.Record.ID != id1 || held.Record.Fingerprint != "aa" {
			e.Errorf("got %v", err)
		}
		e.wantReceipt(e.notify(notification(rec.Ref, id1)), store.Purged, "")
	}},
	{"unknown notifications are purged by age", func(e *env) {
		e.notify(notification("", id1))
		if n, err := e.purge(store.AnyTenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Errorf("purged %d, %v", n, err)
		}
	}},
}

var concurrencyTests = []test{
	{"of many that want a key one gets it", func(e *env) {
		var wg sync.WaitGroup
		var won atomic.Int32
		for range 16 {
			rec := e.fresh(store.Sending)
			rec.Key = "order-1"
			wg.Go(func() {
				if _, err := e.Create(e.ctx, rec, owner, e.ttl); err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			e.Errorf("%d got the key", won.Load())
		}
	}},
	{"of many that want a lease one gets it", func(e *env) {
		rec := e.accepted(id1)
		var wg sync.WaitGroup
		var won atomic.Int32
		for range 16 {
			wg.Go(func() {
				if _, _, err := e.Acquire(e.ctx, tenant, rec.Ref, owner, store.ToPoll, e.ttl); err == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			e.Errorf("%d got the lease", won.Load())
		}
	}},
	{"facts from all sides merge in any order", func(e *env) {
		for round := range 20 {
			rec := e.sending()
			id := id1[:34] + string(rune('a'+round%6)) + string(rune('0'+round%10))
			var wg sync.WaitGroup
			for _, f := range []func(){
				func() { e.notify(notification(rec.Ref, id)) },
				func() { e.notify(notification("", id)) },
				func() { e.report(rec, store.AcceptedFact{ID: id, Source: answered}) },
				func() { e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"}) },
				func() { e.report(rec, store.AcceptedFact{ID: id, Source: store.FromEvidence}) },
			} {
				wg.Go(f)
			}
			wg.Wait()
			got := e.report(rec, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
			if got.Phase != store.Settled || got.ID != id || got.IDSource != answered || got.Notification == nil {
				e.Fatalf("round %d: %+v", round, got)
			}
			if list, _ := e.List(e.ctx, store.NoTenant, store.Query{}); len(list) != 0 {
				e.Fatalf("round %d: left over %v", round, list)
			}
		}
	}},
}
