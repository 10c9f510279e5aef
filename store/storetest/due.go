package storetest

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// wantDue checks what is due, the earliest first, whatever the size of a page:
// each page is leased, so that the next one is what is left. Nobody else may have
// anything leased.
func (e *env) wantDue(q store.DueQuery, want ...store.Record) {
	e.Helper()
	refs := make([]string, len(want))
	for i, rec := range want {
		refs[i] = rec.Ref
	}
	for _, limit := range []int{1, 2, 100} {
		var got []string
		var leases []store.Lease
		q := q
		for q.Limit = limit; ; {
			page, err := e.Due(e.ctx, tenant, q)
			e.must(err)
			for _, rec := range page.Records {
				got = append(got, rec.Ref)
				l, _, err := e.Acquire(e.ctx, rec.Tenant, rec.Ref, owner, store.ToPoll, while)
				e.must(err)
				leases = append(leases, l)
			}
			if more := len(got) < len(want); more && (page.Next.IsZero() || page.Next.After(time.Now()) && page.Next.After(q.By)) {
				e.Errorf("%+v: %d of %d due ones, and the next is said to be due at %v", q, len(got), len(want), page.Next)
			}
			if len(page.Records) < limit || len(got) > len(want) {
				break
			}
		}
		for _, l := range leases {
			e.must(e.Release(e.ctx, l))
		}
		if !slices.Equal(got, refs) {
			e.Errorf("%+v in pages of %d: got %s, want %s", q, limit, strings.Join(got, " "), strings.Join(refs, " "))
		}
	}
}

// wantNext checks that nothing of what is selected is due by a time, and when the
// next is.
func (e *env) wantNext(q store.DueQuery, want time.Time) {
	e.Helper()
	got, err := e.Due(e.ctx, tenant, q)
	e.must(err)
	if len(got.Records) != 0 || !same(got.Next, want) {
		e.Errorf("%+v: %d are due, the next at %v, want none and %v", q, len(got.Records), got.Next, want)
	}
}

// acceptedDue creates an accepted record that is due at a time.
func (e *env) acceptedDue(due time.Time) store.Record {
	e.Helper()
	rec := e.sending()
	return e.report(rec, store.AcceptedFact{ID: "id-" + rec.Ref, Source: answered, Due: due})
}

// settledAs creates a record of a kind that has settled.
func (e *env) settledAs(kind string) store.Record {
	e.Helper()
	rec := e.fresh(store.Sending)
	rec.Kind = kind
	rec = e.create(rec)
	e.report(rec, store.AcceptedFact{ID: "id-" + rec.Ref, Source: answered})
	return e.report(rec, store.SettledFact{ID: "id-" + rec.Ref, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
}

var dueTests = []test{
	{"what is accepted is due when its fact says so, or at once if it was notified", func(e *env) {
		due := time.Now().Add(time.Minute).Truncate(time.Millisecond)
		if rec := e.acceptedDue(due); !same(rec.Due, due) || !same(e.get(rec).Due, due) {
			e.Errorf("due at %v, want %v", rec.Due, due)
		}
		if rec := e.acceptedDue(time.Time{}); !rec.Due.IsZero() {
			e.Errorf("due at %v, want that nothing is planned", rec.Due)
		}
		if rec := e.acceptedDue(time.Now().Add(48 * time.Hour)); rec.Due.After(time.Now().Add(store.MaxDue)) {
			e.Errorf("due at %v, want no more than %v ahead", rec.Due, store.MaxDue)
		}
		rec := e.sending()
		e.notify(notification(rec.Ref, id1))
		rec = e.report(rec, store.AcceptedFact{ID: id1, Source: answered, Due: due})
		if rec.Due.IsZero() || rec.Due.After(time.Now()) {
			e.Errorf("notified before its 202, and due at %v", rec.Due)
		}
		again := e.report(rec, store.AcceptedFact{ID: id1, Source: answered, Due: due})
		if !same(again.Due, rec.Due) {
			e.Errorf("the same fact once more moved the poll to %v", again.Due)
		}
	}},
	{"the most urgent is first, whatever its phase", func(e *env) {
		now := time.Now()
		second := e.acceptedDue(now.Add(-2 * time.Minute))
		third := e.acceptedDue(now.Add(-time.Minute))
		first := e.acceptedDue(time.Time{})
		later := e.acceptedDue(now.Add(30 * time.Minute))
		settled := e.settledAs("invoice")
		e.acceptedDue(now.Add(time.Hour))
		e.sending() // nothing is planned for this one
		q := store.DueQuery{By: time.Now()}
		e.wantDue(q, first, second, third, settled)
		q.Phases = []store.Phase{store.Settled, store.Expired}
		e.wantDue(q, settled)
		q.Phases = []store.Phase{store.Accepted, store.Accepted}
		e.wantDue(q, first, second, third)
		q.By = now.Add(-90 * time.Second)
		e.wantDue(q, first, second)
		q.By = time.Time{}
		e.wantDue(q, first)
		q.By = now.Add(45 * time.Minute)
		e.wantDue(q, first, second, third, later)
	}},
	{"one timer is enough: the list tells when there will be more", func(e *env) {
		q := store.DueQuery{By: time.Now(), Phases: []store.Phase{store.Accepted, store.Settled}}
		e.wantNext(q, time.Time{})
		next, last := time.Now().Add(30*time.Minute).Truncate(time.Millisecond), time.Now().Add(time.Hour)
		e.acceptedDue(last)
		rec := e.acceptedDue(next)
		e.wantNext(q, next)
		l := e.acquire(rec, owner)
		e.wantNext(q, next)
		e.decide(l, store.RescheduleDecision{Due: next.Add(-time.Minute)})
		e.wantNext(q, next.Add(-time.Minute))
		other, err := e.Due(e.ctx, other, q)
		if e.must(err); len(other.Records) != 0 || !other.Next.IsZero() {
			e.Errorf("another tenant has %+v", other)
		}
		due := e.acceptedDue(time.Now().Add(-time.Minute))
		got, err := e.Due(e.ctx, tenant, q)
		if e.must(err); len(got.Records) != 1 || got.Records[0].Ref != due.Ref || !same(got.Next, next.Add(-time.Minute)) {
			e.Errorf("got %d records, the next at %v, want %s and %v", len(got.Records), got.Next, due.Ref, next.Add(-time.Minute))
		}
	}},
	{"who has leased the first ones holds nobody up", func(e *env) {
		var leases []store.Lease
		for i := range 20 {
			rec := e.acceptedDue(time.Now().Add(-time.Duration(20-i) * time.Second))
			l, _, err := e.Acquire(e.ctx, tenant, rec.Ref, rival, store.ToPoll, while)
			e.must(err)
			leases = append(leases, l)
		}
		due := e.acceptedDue(time.Now().Add(-time.Millisecond))
		q := store.DueQuery{By: time.Now(), Limit: 2}
		got, err := e.Due(e.ctx, tenant, q)
		if e.must(err); len(got.Records) != 1 || got.Records[0].Ref != due.Ref || !same(got.Next, leases[0].Until) {
			e.Errorf("got %d records, the next at %v, want %s and the end of the first lease, %v", len(got.Records), got.Next, due.Ref, leases[0].Until)
		}
		_, _, err = e.Acquire(e.ctx, tenant, due.Ref, owner, store.ToPoll, while)
		e.must(err)
		e.wantNext(q, leases[0].Until)
		for _, l := range leases {
			_, err := e.Extend(e.ctx, l, e.ttl)
			e.must(err)
		}
		e.lapse()
		if got, err = e.Due(e.ctx, tenant, q); err != nil || len(got.Records) != 2 || got.Records[0].Ref != leases[0].Ref {
			e.Errorf("once the leases have ended: %d records, %v, want 2 from %s on", len(got.Records), err, leases[0].Ref)
		}
	}},
	{"of a kind that nobody handles nothing is in the way", func(e *env) {
		for range 5 {
			e.settledAs("nobody's")
		}
		one, two := e.settledAs("invoice"), e.settledAs("payment")
		polled := e.acceptedDue(time.Now().Add(-time.Hour))
		q := store.DueQuery{By: time.Now(), Phases: []store.Phase{store.Settled, store.Expired}, Kinds: []string{"payment", "invoice", "payment", "receipt"}}
		e.wantDue(q, one, two)
		q.Phases = nil
		e.wantDue(q, one, two)
		q.Kinds = append(q.Kinds, "")
		e.wantDue(q, polled, one, two)
		q.Kinds = []string{"receipt"}
		e.wantNext(q, time.Time{})
	}},
	{"what waits for a person is not due, unless there is something to read", func(e *env) {
		uncertain := e.sending()
		e.report(uncertain, store.UncertainFact{Epoch: uncertain.SendEpoch, Reason: "reset"})
		heard := e.sending()
		heard = e.report(heard, store.UncertainFact{Epoch: heard.SendEpoch, Reason: "reset"})
		e.choose(e.settled(id1, 500), store.DeadLetterDecision{Reason: "no"})
		e.notify(notification(heard.Ref, id2))
		e.wantDue(store.DueQuery{By: time.Now()}, heard)
	}},
	{"what is being sent is due as uncertain once its sender vanished", func(e *env) {
		rec := e.sending()
		e.notify(notification(rec.Ref, id1))
		q := store.DueQuery{By: time.Now(), Phases: []store.Phase{store.Uncertain}}
		e.wantNext(q, rec.Lease.Until)
		e.lapse()
		q.By = time.Now()
		e.wantDue(q, rec)
		q.Phases = []store.Phase{store.Sending}
		e.wantNext(q, time.Time{})
	}},
	{"deliveries are due in their order", func(e *env) {
		first := e.delivery(e.accepted(id1))
		second := e.accepted(id2)
		e.notify(store.Notification{Ref: second.Ref, ID: id2, Body: []byte("{}"), Deliver: true})
		got, err := e.Due(e.ctx, store.DeliveryTenant, store.DueQuery{By: time.Now()})
		if e.must(err); len(got.Records) != 2 || got.Records[0].Ref != first.Ref || got.Records[1].Notification.Ref != second.Ref {
			e.Errorf("got %d deliveries, want 2", len(got.Records))
		}
	}},
	{"what is due can be had without its content", func(e *env) {
		e.report(e.accepted(id1), store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("the answer"),
		}})
		for _, without := range []bool{false, true} {
			got, err := e.Due(e.ctx, tenant, store.DueQuery{By: time.Now(), WithoutContent: without})
			e.must(err)
			if len(got.Records) != 1 || !got.Records[0].Outcome.Kept || (got.Records[0].Outcome.Content == nil) != without {
				e.Errorf("without content %v: got %+v", without, got)
			}
		}
	}},
	{"many replicas share the work, and none asks in vain", func(e *env) {
		const records, replicas = 60, 6
		for i := range records {
			e.acceptedDue(time.Now().Add(time.Duration(i-records) * time.Second))
		}
		var mu sync.Mutex
		done, asked := make(map[string]int), 0
		var wg sync.WaitGroup
		for r := range replicas {
			wg.Go(func() {
				for {
					page, err := e.Due(e.ctx, tenant, store.DueQuery{By: time.Now(), Limit: 5})
					if err != nil {
						e.Error(err)
						return
					}
					mu.Lock()
					asked++
					mu.Unlock()
					for _, rec := range page.Records {
						_, _, err := e.Acquire(e.ctx, tenant, rec.Ref, "replica-"+strconv.Itoa(r), store.ToPoll, while)
						if err == store.ErrLeased {
							continue
						}
						if err != nil {
							e.Error(err)
							return
						}
						mu.Lock()
						done[rec.Ref]++
						mu.Unlock()
					}
					if page.Next.IsZero() || page.Next.After(time.Now()) {
						return
					}
				}
			})
		}
		wg.Wait()
		// A page is in vain only if others have leased all of it meanwhile.
		if len(done) != records || asked > records*replicas {
			e.Errorf("%d of %d records were leased, in %d pages of 5", len(done), records, asked)
		}
		for ref, n := range done {
			if n != 1 {
				e.Errorf("%s was leased %d times", ref, n)
			}
		}
	}},
	{"a refused tenant has nothing due", func(e *env) {
		for _, name := range []string{"", store.AnyTenant, "*own"} {
			if _, err := e.Due(e.ctx, name, store.DueQuery{}); err == nil {
				e.Errorf("tenant %q was taken", name)
			}
		}
	}},
}

// endedFacts are facts that end the lease of an epoch, for an accepted record.
func endedFacts(id string, epoch uint64) map[string]store.Fact {
	return map[string]store.Fact{
		"settled": store.SettledFact{ID: id, Epoch: epoch, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}},
		"unclear": store.UnclearFact{ID: id, Epoch: epoch, Outcome: store.Outcome{Status: "Halted", StatusCode: 200}},
	}
}

var epochTests = []test{
	{"a fact ends the lease under which it was read", func(e *env) {
		for name := range endedFacts("", 0) {
			rec := e.acceptedDue(time.Time{})
			l := e.acquire(rec, owner)
			got := e.report(rec, endedFacts(rec.ID, l.Epoch)[name])
			if got.Lease.Owner != "" || got.Lease.Epoch != l.Epoch {
				e.Errorf("%s: leased %+v after it, want epoch %d and nobody's", name, got.Lease, l.Epoch)
			}
			e.acquire(got, rival)
		}
	}},
	{"a fact that is known already ends it too", func(e *env) {
		for name := range endedFacts("", 0) {
			rec := e.acceptedDue(time.Time{})
			e.report(rec, endedFacts(rec.ID, 0)[name])
			l := e.acquire(rec, owner)
			got := e.report(rec, endedFacts(rec.ID, l.Epoch)[name])
			if got.Lease.Owner != "" || e.get(rec).Lease.Owner != "" {
				e.Errorf("%s: still leased to %q", name, got.Lease.Owner)
			}
		}
	}},
	{"a fact leaves the lease of another epoch alone", func(e *env) {
		for name := range endedFacts("", 0) {
			rec := e.acceptedDue(time.Time{})
			old := e.acquire(rec, owner)
			e.must(e.Release(e.ctx, old))
			l := e.acquire(rec, rival)
			for _, epoch := range []uint64{0, old.Epoch} {
				got := e.report(rec, endedFacts(rec.ID, epoch)[name])
				if got.Lease != l || got.Lease.Epoch == old.Epoch {
					e.Errorf("%s of epoch %d: leased %+v after it, want %+v", name, epoch, got.Lease, l)
				}
			}
		}
	}},
	{"a fact that is refused ends no lease, and one in dispute does", func(e *env) {
		rec := e.create(e.fresh(store.Queued))
		l := e.acquire(rec, owner)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.UnclearFact{Epoch: l.Epoch, Outcome: store.Outcome{Status: "Halted"}})
		if err == nil || e.get(rec).Lease != l {
			e.Errorf("refused (%v), and the lease is %+v, want %+v", err, e.get(rec).Lease, l)
		}
		rec = e.acceptedDue(time.Time{})
		l = e.acquire(rec, owner)
		_, err = e.Report(e.ctx, tenant, rec.Ref, store.SettledFact{ID: id1, Epoch: l.Epoch})
		e.wantConflict(err)
		if got := e.get(rec); got.Lease.Owner != "" {
			e.Errorf("in dispute, and still leased to %q", got.Lease.Owner)
		}
	}},
}
