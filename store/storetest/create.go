package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

var createTests = []test{
	{"a new record comes back as it was stored", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Kind, rec.Verifier, rec.Fingerprint, rec.Origin = "invoice", "released", "f00d", "https://erp.mock"
		rec.Metadata = map[string]string{"order": "4711"}
		e.create(rec)
		got := e.get(rec)
		if got.Kind != "invoice" || got.Verifier != "released" || got.Fingerprint != "f00d" || got.Origin != "https://erp.mock" ||
			got.Metadata["order"] != "4711" || got.Method != "POST" || got.Path != "/v2/customerinvoice" || got.Notify != "subscription" {
			e.Errorf("got %+v", got)
		}
		if got.CreatedAt.IsZero() || got.SentAt.IsZero() || got.Lease.Owner != owner || got.SendEpoch != got.Lease.Epoch {
			e.Errorf("times or lease are not set: %+v", got)
		}
	}},
	{"a queued record is leased to nobody and sent under a lease", func(e *env) {
		rec := e.create(e.fresh(store.Queued))
		if rec.Lease.Owner != "" {
			e.Fatalf("leased to %q", rec.Lease.Owner)
		}
		l := e.acquire(rec, owner)
		sent := e.decide(l, store.SendDecision{})
		e.wantPhase(sent, store.Sending)
		if sent.SendEpoch != l.Epoch || sent.SentAt.IsZero() {
			e.Errorf("send epoch %d at %v, want epoch %d", sent.SendEpoch, sent.SentAt, l.Epoch)
		}
	}},
	{"what is given to a store may be changed by who gave it", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Metadata = map[string]string{"a": "1"}
		e.create(rec)
		rec.Metadata["a"] = "changed"
		if v := e.get(rec).Metadata["a"]; v != "1" {
			e.Errorf("metadata became %q", v)
		}
		body, header := []byte(`{"id":"x"}`), map[string]string{"X": "1"}
		e.notify(store.Notification{Ref: rec.Ref, Body: body, Header: header})
		body[0], header["X"] = '!', "changed"
		if n := e.get(rec).Notification; !bytes.Equal(n.Body, []byte(`{"id":"x"}`)) || n.Header["X"] != "1" {
			e.Errorf("notification became %s %v", n.Body, n.Header)
		}
	}},
	{"a record that was read stays as it was, whatever becomes of it", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Metadata = map[string]string{"a": "1"}
		rec = e.create(rec)
		type snapshot struct{ read, copied store.Record }
		var taken []snapshot
		take := func() {
			got := e.get(rec)
			taken = append(taken, snapshot{got, got.Clone()})
			list, err := e.List(e.ctx, tenant, store.Query{WithoutContent: true})
			e.must(err)
			for _, got := range list {
				taken = append(taken, snapshot{got, got.Clone()})
			}
		}
		do := func(f store.Fact) {
			_, err := e.Report(e.ctx, tenant, rec.Ref, f)
			if _, conflict := errors.AsType[*store.ConflictError](err); err != nil && !conflict {
				e.Fatal(err)
			}
			take()
		}
		take()
		for _, id := range []string{"id-1", "id-2", "id-3", id1} { // candidates
			e.notify(notification(rec.Ref, id))
			take()
		}
		do(store.RefutedFact{ID: "id-1", Reason: "another's"})
		do(store.RefutedFact{ID: "id-3", Reason: "another's"})
		do(store.AcceptedFact{ID: id1, Source: answered})
		for _, id := range []string{"id-4", "id-5", "id-6"} { // further ids
			do(store.AcceptedFact{ID: id, Source: answered})
		}
		kept := store.Outcome{Status: "Finished", StatusCode: 500, HasContent: true, Header: map[string][]string{"Etag": {"x"}}}
		do(store.SettledFact{ID: id1, Outcome: kept})
		kept.Kept, kept.Content = true, []byte("[1]")
		do(store.SettledFact{ID: id1, Outcome: kept})
		e.notify(notification(rec.Ref, id2))
		e.choose(rec, store.DeadLetterDecision{Reason: "no"})
		take()
		e.choose(rec, store.ReplayDecision{})
		take()
		e.choose(rec, store.AcknowledgeDecision{}) // its content goes
		take()
		for i, s := range taken {
			if !reflect.DeepEqual(s.read, s.copied) {
				e.Errorf("reading %d became\n%+v %+v, want\n%+v %+v", i, s.read, s.read.Outcome, s.copied, s.copied.Outcome)
			}
		}
		if first, last := taken[0].read, e.get(rec); len(last.OtherIDs) != 3 || last.Outcome.Kept || first.Metadata["a"] != "1" {
			e.Errorf("it has %d further ids and %+v", len(last.OtherIDs), last.Outcome)
		}
	}},
	{"records are read while they are written", func(e *env) {
		rec := e.sending()
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		var wg sync.WaitGroup
		read := func(f func() error) {
			wg.Go(func() {
				for range 50 {
					if err := f(); err != nil {
						e.Error(err)
					}
				}
			})
		}
		look := func(r store.Record, err error) error {
			_ = fmt.Sprint(r, r.Outcome, r.Notification, r.Conflict) // all of it
			return err
		}
		read(func() error { return look(e.Get(e.ctx, tenant, rec.Ref)) })
		read(func() error { return look(e.GetByID(e.ctx, tenant, id1)) })
		read(func() error {
			list, err := e.List(e.ctx, tenant, store.Query{})
			for _, r := range list {
				err = look(r, err)
			}
			return err
		})
		for i := range 30 {
			e.notify(notification(rec.Ref, "id-"+strconv.Itoa(i)))
			_, err := e.Report(e.ctx, tenant, rec.Ref, store.AcceptedFact{ID: "id-" + strconv.Itoa(i), Source: answered})
			if i < 8 {
				e.wantConflict(err)
			}
			e.choose(rec, store.RescheduleDecision{Due: time.Now(), Progress: store.Progress{Status: strconv.Itoa(i)}})
		}
		e.report(rec, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("[]")}})
		e.choose(rec, store.AcknowledgeDecision{})
		wg.Wait()
	}},
	{"invalid records are refused by the name of their field", func(e *env) {
		for field, spoil := range map[string]func(*store.Record){
			"Tenant": func(r *store.Record) { r.Tenant = "" },
			"Ref":    func(r *store.Record) { r.Ref = "" },
			"Method": func(r *store.Record) { r.Method = "" },
			"Path":   func(r *store.Record) { r.Path = "" },
			"Phase":  func(r *store.Record) { r.Phase = store.Accepted },
			"Record": func(r *store.Record) { r.ID = id1 },
		} {
			rec := e.fresh(store.Sending)
			spoil(&rec)
			_, err := e.Create(e.ctx, rec, owner, e.ttl)
			if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != field {
				e.Errorf("%s: got error %v", field, err)
			}
		}
		_, err := e.Create(e.ctx, e.fresh(store.Sending), "", e.ttl)
		if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != "owner" {
			e.Errorf("owner: got error %v", err)
		}
	}},
	{"a ref is used once, in any tenant", func(e *env) {
		rec := e.sending()
		_, err := e.Create(e.ctx, rec1(rec), owner, e.ttl)
		e.wantErr(err, store.ErrExists)
		foreign := rec1(rec)
		foreign.Tenant = other
		_, err = e.Create(e.ctx, foreign, owner, e.ttl)
		e.wantErr(err, store.ErrExists)
	}},
	{"a tenant sees its own records only", func(e *env) {
		rec := e.accepted(id1)
		_, err := e.Get(e.ctx, other, rec.Ref)
		e.wantErr(err, store.ErrNotFound)
		_, err = e.GetByID(e.ctx, other, id1)
		e.wantErr(err, store.ErrNotFound)
		_, err = e.Report(e.ctx, other, rec.Ref, store.SettledFact{ID: id1})
		e.wantErr(err, store.ErrNotFound)
		_, _, err = e.Acquire(e.ctx, other, rec.Ref, owner, store.ToPoll, e.ttl)
		e.wantErr(err, store.ErrNotFound)
		if list, err := e.List(e.ctx, other, store.Query{}); err != nil || len(list) != 0 {
			e.Errorf("list of the other tenant: %v, %v", list, err)
		}
	}},
	{"a key belongs to one record at a time", func(e *env) {
		first := e.fresh(store.Sending)
		first.Key, first.Fingerprint = "order-1", "aa"
		e.create(first)
		second := e.fresh(store.Sending)
		second.Key = "order-1"
		_, err := e.Create(e.ctx, second, owner, e.ttl)
		held, ok := errors.AsType[*store.KeyHeldError](err)
		if !ok || held.Record.Ref != first.Ref || held.Record.Fingerprint != "aa" || held.Purged {
			e.Fatalf("got %v", err)
		}
		if got, err := e.GetByKey(e.ctx, tenant, "order-1"); err != nil || got.Ref != first.Ref {
			e.Fatalf("by key: %v, %v", got.Ref, err)
		}
		second.Tenant = other // the same words in another company
		e.create(second)
	}},
	{"a rejected record frees its key", func(e *env) {
		first := e.fresh(store.Sending)
		first.Key = "order-1"
		first = e.create(first)
		e.report(first, store.RejectedFact{Epoch: first.SendEpoch, Reason: "400"})
		_, err := e.GetByKey(e.ctx, tenant, "order-1")
		e.wantErr(err, store.ErrNotFound)
		second := e.fresh(store.Sending)
		second.Key = "order-1"
		e.create(second)
	}},
	{"only a failed record is superseded, and only by name", func(e *env) {
		for code, allowed := range map[int]bool{400: true, 500: true, 0: true, 200: false, 204: false} {
			key := "order-" + time.Duration(code).String()
			first := e.fresh(store.Sending)
			first.Key = key
			first = e.create(first)
			id := id1[:33] + map[int]string{400: "001", 500: "002", 0: "003", 200: "004", 204: "005"}[code]
			e.report(first, store.AcceptedFact{ID: id, Source: store.FromAnswer})
			e.report(first, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: code}})
			second := e.fresh(store.Sending)
			second.Key, second.Supersedes = key, "somebody else"
			if _, err := e.Create(e.ctx, second, owner, e.ttl); err == nil {
				e.Errorf("%d: superseded under a wrong name", code)
			}
			second.Supersedes = first.Ref
			_, err := e.Create(e.ctx, second, owner, e.ttl)
			if (err == nil) != allowed {
				e.Errorf("%d: superseding got error %v, want allowed = %v", code, err, allowed)
			}
		}
	}},
	{"what the ERP could not run is a failure whatever its code says", func(e *env) {
		first := e.keyed("order-1")
		e.report(first, store.AcceptedFact{ID: id1, Source: answered})
		e.report(first, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Failed", StatusCode: 200}})
		e.wantPhase(e.create(e.successor(first)), store.Sending)
	}},
	{"an expired operation can be superseded by name", func(e *env) {
		first := e.keyed("order-1")
		e.report(first, store.AcceptedFact{ID: id1, Source: answered})
		e.choose(first, store.ExpireDecision{Reason: "404"})
		second := e.create(e.successor(first))
		if got, err := e.GetByKey(e.ctx, tenant, "order-1"); err != nil || got.Ref != second.Ref {
			e.Errorf("the key belongs to %s, %v, want %s", got.Ref, err, second.Ref)
		}
	}},
	{"a purge does not turn a success into something to be superseded", func(e *env) {
		for code, allowed := range map[int]bool{201: false, 400: true} {
			key := "order-" + strconv.Itoa(code)
			first := e.keyed(key)
			id := id1[:33] + strconv.Itoa(code)
			e.report(first, store.AcceptedFact{ID: id, Source: answered})
			e.report(first, store.SettledFact{ID: id, Outcome: store.Outcome{Status: "Finished", StatusCode: code}})
			e.choose(first, store.AcknowledgeDecision{})
			if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
				e.Fatalf("%d: purged %d, %v, want 1", code, n, err)
			}
			second := e.successor(first)
			second.Supersedes = "somebody else"
			if _, err := e.Create(e.ctx, second, owner, e.ttl); err == nil {
				e.Errorf("%d: superseded under a wrong name", code)
			}
			second.Supersedes = first.Ref
			_, err := e.Create(e.ctx, second, owner, e.ttl)
			if held, ok := errors.AsType[*store.KeyHeldError](err); allowed && err != nil || !allowed && (!ok || !held.Purged) {
				e.Errorf("%d: superseding got error %v, want allowed = %v", code, err, allowed)
			}
		}
	}},
	{"a purged record that had freed its key holds nothing", func(e *env) {
		first := e.keyed("order-1")
		e.report(first, store.RejectedFact{Epoch: first.SendEpoch, Reason: "400"})
		if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Fatalf("purged %d, %v, want 1", n, err)
		}
		second := e.keyed("order-1")
		if got, err := e.GetByKey(e.ctx, tenant, "order-1"); err != nil || got.Ref != second.Ref {
			e.Errorf("the key belongs to %s, %v, want %s", got.Ref, err, second.Ref)
		}
	}},
	{"uncertain work cannot be superseded", func(e *env) {
		first := e.fresh(store.Sending)
		first.Key = "order-1"
		e.create(first)
		e.lapse()
		second := e.fresh(store.Sending)
		second.Key, second.Supersedes = "order-1", first.Ref
		_, err := e.Create(e.ctx, second, owner, e.ttl)
		if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || held.Record.Phase != store.Uncertain {
			e.Fatalf("got %v", err)
		}
	}},
	{"a list is ordered, filtered and paged", func(e *env) {
		for range 5 {
			e.create(e.fresh(store.Queued))
		}
		accepted := e.accepted(id1)
		page, err := e.List(e.ctx, tenant, store.Query{Phases: []store.Phase{store.Queued}, Limit: 3})
		e.must(err)
		rest, err := e.List(e.ctx, tenant, store.Query{Phases: []store.Phase{store.Queued}, After: page[len(page)-1].Position()})
		e.must(err)
		if len(page) != 3 || len(rest) != 2 || page[0].Ref != "ref-1" || rest[1].Ref != "ref-5" {
			e.Errorf("pages hold %d and %d", len(page), len(rest))
		}
		all, err := e.List(e.ctx, tenant, store.Query{})
		e.must(err)
		if len(all) != 6 || all[5].Ref != accepted.Ref {
			e.Errorf("got %d records", len(all))
		}
	}},
	{"a list takes any limit", func(e *env) {
		rec := e.sending()
		if list, err := e.List(e.ctx, tenant, store.Query{Limit: -1}); len(list) > 1 {
			e.Errorf("got %d records, %v, want at most the one there is", len(list), err)
		}
		e.get(rec) // the store still works
	}},
	{"a cancelled context changes nothing", func(e *env) {
		ctx, cancel := contextCancelled()
		defer cancel()
		rec := e.fresh(store.Sending)
		if _, err := e.Create(ctx, rec, owner, e.ttl); err == nil {
			e.Fatal("created under a cancelled context")
		}
		_, err := e.Get(e.ctx, tenant, rec.Ref)
		e.wantErr(err, store.ErrNotFound)
	}},
	{"a closed store says so", func(e *env) {
		e.must(e.Close())
		_, err := e.Create(e.ctx, e.fresh(store.Sending), owner, e.ttl)
		e.wantErr(err, store.ErrClosed)
		_, err = e.Notify(e.ctx, store.Notification{ID: id1})
		e.wantErr(err, store.ErrClosed)
		w := e.Watch(tenant)
		if _, open := <-w.C(); open {
			e.Error("a watcher of a closed store is open")
		}
		w.Close()
		e.must(e.Close())
	}},
}

// rec1 strips what the store added, so that the record can be created again.
func rec1(r store.Record) store.Record {
	return store.Record{Tenant: r.Tenant, Ref: r.Ref, Phase: store.Sending, Method: r.Method, Path: r.Path}
}

// keyed creates a record that is being sent under a key.
func (e *env) keyed(key string) store.Record {
	e.Helper()
	rec := e.fresh(store.Sending)
	rec.Key = key
	return e.create(rec)
}

// successor is a new record that is to take over the key of an old one.
func (e *env) successor(old store.Record) store.Record {
	rec := e.fresh(store.Sending)
	rec.Key, rec.Supersedes = old.Key, old.Ref
	return rec
}
