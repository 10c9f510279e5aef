package storetest

import (
	"slices"
	"strconv"
	"time"

	"github.com/vismanet-go/background/store"
)

func notification(ref, id string) store.Notification {
	return store.Notification{Ref: ref, ID: id, Body: []byte(`{"id":"` + id + `"}`), Mode: "subscription"}
}

// wantReceipt checks what became of a notification.
func (e *env) wantReceipt(got store.Receipt, v store.Verdict, ref string) {
	e.Helper()
	if got.Verdict != v || got.Ref != ref {
		e.Fatalf("receipt: got %+v, want %s for %q", got, v, ref)
	}
}

var notifyTests = []test{
	{"a notification moves the next look to now and proves nothing", func(e *env) {
		rec := e.accepted(id1)
		e.choose(rec, store.RescheduleDecision{Due: time.Now().Add(time.Hour)})
		e.wantReceipt(e.notify(notification(rec.Ref, id1)), store.Matched, rec.Ref)
		got := e.get(rec)
		e.wantPhase(got, store.Accepted)
		if got.Due.After(time.Now()) || got.Notification == nil || got.Notifications != 1 {
			e.Errorf("due %v, %d notifications", got.Due, got.Notifications)
		}
	}},
	{"a notification finds its record by id alone", func(e *env) {
		rec := e.accepted(id1)
		e.wantReceipt(e.notify(notification("", id1)), store.Matched, rec.Ref)
	}},
	{"a notification with our ref comes before the 202", func(e *env) {
		rec := e.sending()
		e.wantReceipt(e.notify(notification(rec.Ref, id1)), store.Matched, rec.Ref)
		got := e.get(rec)
		if e.wantPhase(got, store.Sending); got.ID != "" || len(got.Candidates) != 1 || got.Candidates[0] != id1 {
			e.Errorf("id %q, candidates %v", got.ID, got.Candidates)
		}
		got = e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		if got.Due.IsZero() || got.Due.After(time.Now()) || len(got.Candidates) != 0 {
			e.Errorf("due %v, candidates %v: want a look at once", got.Due, got.Candidates)
		}
	}},
	{"a notification without our ref comes before the 202", func(e *env) {
		for _, sender := range []string{"", tenant} { // the tenant may be named or not
			id := id1
			if sender != "" {
				id = id2
			}
			n := notification("", id)
			n.Tenant = sender
			rec := e.sending()
			if r := e.notify(n); r.Verdict != store.Unknown {
				e.Fatalf("receipt %+v", r)
			}
			if r := e.notify(n); r.Verdict != store.Duplicate {
				e.Fatalf("receipt %+v", r)
			}
			got := e.report(rec, store.AcceptedFact{ID: id, Source: answered})
			if got.Notification == nil || got.Notifications != 1 || got.Due.IsZero() || got.Due.After(time.Now()) {
				e.Errorf("not merged: %+v", got)
			}
			e.wantReceipt(e.notify(n), store.Duplicate, rec.Ref)
			if list, _ := e.List(e.ctx, sender, store.Query{Phases: []store.Phase{store.Unmatched}}); len(list) != 0 {
				e.Errorf("left over: %v", list)
			}
		}
	}},
	{"an unknown operation of another tenant is not merged", func(e *env) {
		n := notification("", id1)
		n.Tenant = other
		e.notify(n)
		if got := e.accepted(id1); got.Notification != nil {
			e.Error("merged across tenants")
		}
		if list, _ := e.List(e.ctx, other, store.Query{Phases: []store.Phase{store.Unmatched}}); len(list) != 1 {
			e.Errorf("the other tenant's records: %v", list)
		}
	}},
	{"a tenant that disagrees is a conflict, never a merge", func(e *env) {
		rec := e.accepted(id1)
		n := notification(rec.Ref, id1)
		n.Tenant = other
		e.wantReceipt(e.notify(n), store.Disputed, rec.Ref)
		if got := e.get(rec); got.Notification != nil || got.Conflicts != 1 || !got.Due.IsZero() {
			e.Errorf("got %+v", got)
		}
	}},
	{"an id that disagrees is a conflict and wakes nobody", func(e *env) {
		rec := e.accepted(id1)
		e.wantReceipt(e.notify(notification(rec.Ref, id2)), store.Disputed, rec.Ref)
		if got := e.get(rec); got.ID != id1 || got.Notification != nil || got.Conflict == nil || got.Conflict.ID != id2 || !got.Due.IsZero() {
			e.Errorf("got %+v", got)
		}
	}},
	{"a further id of the operation is no conflict", func(e *env) {
		rec := e.accepted(id1)
		_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: id2, Source: answered})
		e.wantConflict(err)
		e.wantReceipt(e.notify(notification(rec.Ref, id2)), store.Matched, rec.Ref)
		if got := e.get(rec); got.Notification == nil || got.Due.IsZero() || got.Conflicts != 1 {
			e.Errorf("got %d conflicts, due %v, want 1 and a look at once", got.Conflicts, got.Due)
		}
	}},
	{"duplicates are counted and ask for no further look", func(e *env) {
		rec := e.accepted(id1)
		n := notification(rec.Ref, id1)
		n.NotificationID = "n-1"
		e.notify(n)
		later := time.Now().Add(time.Hour)
		e.choose(rec, store.RescheduleDecision{Due: later, Notifications: 1})
		e.wantReceipt(e.notify(n), store.Duplicate, rec.Ref)
		n.Body = append(n.Body, ' ') // the same notification, written anew
		e.wantReceipt(e.notify(n), store.Duplicate, rec.Ref)
		if got := e.get(rec); got.Duplicates != 2 || got.Notifications != 1 || !same(got.Due, later) {
			e.Errorf("%d duplicates, %d notifications, due %v", got.Duplicates, got.Notifications, got.Due)
		}
	}},
	{"another body for the same operation is kept as one conflict and still a hint", func(e *env) {
		rec := e.accepted(id1)
		e.notify(notification(rec.Ref, id1))
		for i := range 3 {
			n := notification(rec.Ref, id1)
			n.Body = []byte(`{"statusCode":` + strconv.Itoa(i) + `}`)
			e.wantReceipt(e.notify(n), store.Matched, rec.Ref)
		}
		got := e.get(rec)
		if got.Conflicts != 3 || got.Conflict == nil || string(got.Conflict.Body) != `{"statusCode":0}` || got.Due.IsZero() {
			e.Errorf("%d conflicts, %+v", got.Conflicts, got.Conflict)
		}
	}},
	{"what came with our ref but makes no sense still wakes", func(e *env) {
		rec := e.accepted(id1)
		e.wantReceipt(e.notify(store.Notification{Ref: rec.Ref, Body: []byte("%%"), Unparsed: true}), store.Matched, rec.Ref)
		if got := e.get(rec); got.Due.IsZero() || !got.Notification.Unparsed {
			e.Errorf("got %+v", got)
		}
	}},
	{"what made no sense contradicts nothing", func(e *env) {
		for i, unparsed := range []bool{true, false} { // in either order
			rec := e.accepted([]string{id1, id2}[i])
			for range 2 {
				n := notification(rec.Ref, rec.ID)
				if unparsed {
					n = store.Notification{Ref: rec.Ref, Body: []byte("%%"), Unparsed: true}
				}
				e.wantReceipt(e.notify(n), store.Matched, rec.Ref)
				unparsed = !unparsed
			}
			if got := e.get(rec); got.Conflicts != 0 || got.Notifications != 2 {
				e.Errorf("got %d conflicts of %d notifications, want none of 2", got.Conflicts, got.Notifications)
			}
		}
	}},
	{"what makes no sense at all is kept once", func(e *env) {
		n := store.Notification{Body: []byte("%%"), Unparsed: true}
		first := e.notify(n)
		e.wantReceipt(e.notify(n), store.Duplicate, first.Ref)
		n.Body = []byte("##")
		if second := e.notify(n); second.Verdict != store.Unknown || second.Ref == first.Ref {
			e.Errorf("receipt %+v", second)
		}
	}},
	{"a notification of an acknowledged operation changes nothing", func(e *env) {
		rec := e.settled(id1, 200)
		e.choose(rec, store.AcknowledgeDecision{})
		e.wantReceipt(e.notify(notification(rec.Ref, id1)), store.Matched, rec.Ref)
		if got := e.get(rec); got.Phase != store.Acknowledged || !got.Due.IsZero() {
			e.Errorf("%s, due %v", got.Phase, got.Due)
		}
	}},
	{"forged candidates stay bounded", func(e *env) {
		rec := e.sending()
		for i := range 100 {
			id := "00000000-0000-4000-8000-" + strconv.Itoa(100000000000+i)
			e.notify(notification(rec.Ref, id))
		}
		if got := e.get(rec); len(got.Candidates) == 0 || len(got.Candidates) > 16 || got.Notifications != 100 {
			e.Errorf("%d candidates, %d notifications", len(got.Candidates), got.Notifications)
		}
	}},
	{"the newest candidates stay", func(e *env) {
		rec := e.sending()
		e.report(rec, store.UncertainFact{Epoch: rec.SendEpoch, Reason: "reset"})
		for i := range 30 {
			e.notify(notification(rec.Ref, "id-"+strconv.Itoa(i)))
		}
		e.notify(notification(rec.Ref, id1))
		got := e.get(rec).Candidates
		if len(got) > 16 || !slices.Contains(got, id1) || !slices.Contains(got, "id-29") || slices.Contains(got, "id-0") {
			e.Errorf("got %v, want the newest", got)
		}
	}},
	{"tenants and ids that read alike side by side stay apart", func(e *env) {
		n := notification("", "b:c")
		n.Tenant = "a"
		e.notify(n)
		rec := e.fresh(store.Sending)
		rec.Tenant = "a:b"
		e.create(rec)
		got := e.report(rec, store.AcceptedFact{ID: "c", Source: answered})
		if got.Notification != nil {
			e.Errorf("tenant %q got the notification of tenant %q", got.Tenant, got.Notification.Tenant)
		}
		if list, err := e.List(e.ctx, "a", store.Query{}); err != nil || len(list) != 1 {
			e.Errorf("got %d records of tenant a, %v, want 1", len(list), err)
		}
	}},
	{"an id means the operation that is bound to it, and not one that was only notified of", func(e *env) {
		stranger := notification("", id1)
		stranger.Tenant = other // who names it has no operation of ours
		late := notification("", id2)
		late.Tenant = other
		e.notify(stranger)
		first, second := e.accepted(id1), e.accepted(id2)
		e.notify(late)
		e.wantReceipt(e.notify(notification("", id1)), store.Matched, first.Ref)
		e.wantReceipt(e.notify(notification("", id2)), store.Matched, second.Ref)
	}},
	{"an unknown operation can be adopted", func(e *env) {
		r := e.notify(notification("", id1))
		list, err := e.List(e.ctx, store.NoTenant, store.Query{Phases: []store.Phase{store.Unmatched}})
		e.must(err)
		if len(list) != 1 || list[0].Ref != r.Ref || list[0].ID != id1 {
			e.Fatalf("got %+v", list)
		}
		got := e.report(list[0], store.AcceptedFact{ID: id1, Source: store.FromEvidence})
		if e.wantPhase(got, store.Accepted); got.Notification == nil {
			e.Error("the notification was lost")
		}
	}},
}

// same allows for a store that keeps microseconds.
func same(a, b time.Time) bool { return a.Sub(b).Abs() < time.Microsecond }
