package storetest

import (
	"bytes"
	"time"

	"github.com/vismanet-go/background/store"
)

var retentionTests = []test{
	{"what settled and was never acknowledged goes by a time of its own", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Key, rec.Fingerprint = "order-1", "aa"
		rec = e.create(rec)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		rec = e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 500, HasContent: true, Kept: true, Content: []byte("why"),
		}})
		at := rec.SettledAt
		e.wantPurged(store.AnyTenant, store.Retention{Ended: at.Add(time.Hour), Unmatched: at.Add(time.Hour)}, store.PurgeCount{})
		e.wantPurged(store.AnyTenant, store.Retention{Unacknowledged: at}, store.PurgeCount{})
		e.wantPurged(other, store.Retention{Unacknowledged: at.Add(time.Hour)}, store.PurgeCount{})
		e.wantPurged(store.AnyTenant, store.Retention{Unacknowledged: at.Add(time.Hour)}, store.PurgeCount{Unacknowledged: 1})
		_, err := e.Get(e.ctx, tenant, rec.Ref)
		e.wantErr(err, store.ErrNotFound)

		again := e.fresh(store.Sending)
		again.Key = "order-1"
		_, err = e.Create(e.ctx, again, owner, e.ttl)
		if held, ok := err.(*store.KeyHeldError); !ok || !held.Purged || held.Record.ID != id1 || held.Record.Fingerprint != "aa" || held.Record.Outcome != nil {
			e.Errorf("got %v", err)
		}
		e.wantReceipt(e.notify(notification(rec.Ref, id1)), store.Purged, "")
		again.Supersedes = rec.Ref // it failed
		e.create(again)
	}},
	{"an outcome that a handler works on is not purged", func(e *env) {
		due, later := time.Now().Add(time.Hour), time.Now().Add(time.Minute)
		retried, buried, held := e.settled(id1, 500), e.settled(id2, 500), e.settled(id2[:35]+"2", 500)
		e.choose(retried, store.RetryDecision{Due: due, Reason: "busy"})
		e.choose(buried, store.DeadLetterDecision{Reason: "no"})
		l, _, err := e.Acquire(e.ctx, tenant, held.Ref, owner, store.ToPoll, time.Hour)
		e.must(err)
		e.wantPurged(tenant, store.Retention{Unacknowledged: later}, store.PurgeCount{})
		e.must(e.Release(e.ctx, l))
		e.wantPurged(tenant, store.Retention{Unacknowledged: later}, store.PurgeCount{Unacknowledged: 1})

		replayed := e.choose(buried, store.ReplayDecision{}) // it counts from now on
		e.wantPurged(tenant, store.Retention{Unacknowledged: replayed.Due}, store.PurgeCount{})
		e.wantPurged(tenant, store.Retention{Unacknowledged: replayed.Due.Add(1)}, store.PurgeCount{Unacknowledged: 1})
		e.wantPurged(tenant, store.Retention{Unacknowledged: due}, store.PurgeCount{})
		e.wantPurged(tenant, store.Retention{Unacknowledged: due.Add(1)}, store.PurgeCount{Unacknowledged: 1})
	}},
	{"what is unmatched goes by a time of its own, also without a tenant", func(e *env) {
		named := notification("", id1)
		named.Tenant = tenant
		e.notify(named)
		e.notify(notification("", id2))
		later := time.Now().Add(time.Hour)
		e.wantPurged(tenant, store.Retention{Ended: later, Unacknowledged: later}, store.PurgeCount{})
		e.wantPurged(other, store.Retention{Unmatched: later}, store.PurgeCount{Unmatched: 1})
		e.wantPurged(tenant, store.Retention{Unmatched: later}, store.PurgeCount{Unmatched: 1})
	}},
	{"a key of what was purged is remembered until it is freed", func(e *env) {
		later := time.Now().Add(time.Hour)
		var recs []store.Record
		for _, name := range []string{tenant, other} {
			rec := e.fresh(store.Sending)
			rec.Tenant, rec.Key = name, "order-1"
			rec = e.create(rec)
			_, err := e.Report(e.ctx, name, rec.Ref, store.RejectedFact{Epoch: rec.SendEpoch})
			e.must(err)
			rec = e.fresh(store.Sending)
			rec.Tenant, rec.Key = name, "order-2"
			rec = e.create(rec)
			_, err = e.Report(e.ctx, name, rec.Ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}})
			e.must(err)
			recs = append(recs, rec)
		}
		again := func(rec store.Record) error {
			rec = store.Record{Tenant: rec.Tenant, Ref: e.fresh(store.Queued).Ref, Key: rec.Key, Phase: store.Queued, Method: "POST", Path: "/"}
			_, err := e.Create(e.ctx, rec, "", 0)
			return err
		}
		e.wantPurged(store.AnyTenant, store.Retention{Keys: later}, store.PurgeCount{}) // of records that are there
		e.wantPurged(store.AnyTenant, store.Retention{Ended: later, Unacknowledged: later}, store.PurgeCount{Ended: 2, Unacknowledged: 2})
		e.wantPurged(store.AnyTenant, store.Retention{Ended: later, Unacknowledged: later}, store.PurgeCount{})
		e.wantPurged(store.AnyTenant, store.Retention{Keys: time.Now().Add(-time.Hour)}, store.PurgeCount{})
		e.wantPurged(tenant, store.Retention{Keys: later}, store.PurgeCount{Keys: 1})
		if err := again(recs[0]); err != nil {
			e.Errorf("a key that was freed: got error %v", err)
		}
		if held, ok := again(recs[1]).(*store.KeyHeldError); !ok || !held.Purged || held.Record.Ref != recs[1].Ref {
			e.Errorf("the key of another tenant: got %+v", held)
		}
		e.wantPurged(store.AnyTenant, store.Retention{Keys: later}, store.PurgeCount{Keys: 1})
		if err := again(recs[1]); err != nil {
			e.Errorf("a key that was freed: got error %v", err)
		}
		n := notification(recs[0].Ref, id1)
		n.Tenant = tenant
		if got := e.notify(n); got.Verdict != store.Unknown {
			e.Errorf("a notification of what is forgotten: got %+v, want unknown", got)
		}
	}},
	{"a list can leave the content out", func(e *env) {
		content := bytes.Repeat([]byte("x"), 1000)
		rec := e.accepted(id1)
		want := e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: content, ContentType: "text/plain",
		}})
		e.accepted(id2)
		list, err := e.List(e.ctx, tenant, store.Query{WithoutContent: true})
		e.must(err)
		if len(list) != 2 || list[1].Outcome != nil {
			e.Fatalf("got %+v", list)
		}
		if o := list[0].Outcome; o == nil || !o.Kept || o.Content != nil || o.ContentType != "text/plain" || list[0].Ref != want.Ref {
			e.Errorf("got %+v", list[0])
		}
		got, err := e.Get(e.ctx, tenant, rec.Ref)
		e.must(err)
		if !bytes.Equal(got.Outcome.Content, content) {
			e.Error("the content is gone from the store")
		}
	}},
}

func (e *env) wantPurged(tenant string, p store.Retention, want store.PurgeCount) {
	e.Helper()
	got, err := e.Purge(e.ctx, tenant, p)
	e.must(err)
	if got != want {
		e.Errorf("purged %+v, want %+v", got, want)
	}
}
