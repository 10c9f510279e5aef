package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/vismanet-go/background/store"
)

// byTenant are the methods that are about the records of one tenant, or of
// any where that is so said.
func (e *env) byTenant(ref string) map[string]func(tenant string) error {
	return map[string]func(string) error{
		"Get (any)":     func(t string) error { _, err := e.Get(e.ctx, t, ref); return err },
		"GetByID (any)": func(t string) error { _, err := e.GetByID(e.ctx, t, id1); return err },
		"GetByKey":      func(t string) error { _, err := e.GetByKey(e.ctx, t, "order-1"); return err },
		"List":          func(t string) error { _, err := e.List(e.ctx, t, store.Query{}); return err },
		"Count":         func(t string) error { _, err := e.Count(e.ctx, t, store.Query{}); return err },
		"Report":        func(t string) error { _, err := e.Report(e.ctx, t, ref, store.RefutedFact{ID: id2}); return err },
		"Acquire": func(t string) error {
			_, _, err := e.Acquire(e.ctx, t, ref, owner, store.ToPoll, e.ttl)
			return err
		},
		"Decide": func(t string) error {
			_, err := e.Decide(e.ctx, store.Lease{Tenant: t, Ref: ref, Owner: owner, Epoch: 1}, store.AcknowledgeDecision{})
			return err
		},
		"Create": func(t string) error {
			rec := e.fresh(store.Queued)
			rec.Tenant = t
			_, err := e.Create(e.ctx, rec, "", 0)
			return err
		},
		"Purge (any)": func(t string) error { _, err := e.Purge(e.ctx, t, store.Retention{}); return err },
	}
}

var tenantTests = []test{
	{"no method takes an empty tenant, and only those that say so take any", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Key = "order-1"
		rec = e.create(rec)
		e.report(rec, store.AcceptedFact{ID: id1, Source: answered})
		for name, call := range e.byTenant(rec.Ref) {
			any := name[len(name)-1] == ')'
			for _, tenant := range []string{"", store.AnyTenant, "*fjord"} {
				err := call(tenant)
				if tenant == store.AnyTenant && any {
					e.must(err)
					continue
				}
				if _, ok := errors.AsType[*store.InvalidError](err); !ok {
					e.Errorf("%s of tenant %q: got error %v, want an *store.InvalidError", name, tenant, err)
				}
			}
		}
		e.wantPhase(e.get(rec), store.Accepted)
	}},
	{"nobody can watch what no record can be of", func(e *env) {
		for _, tenant := range []string{"", store.AnyTenant} {
			w := e.Watch(tenant)
			select {
			case _, open := <-w.C():
				if open {
					e.Errorf("a watcher of tenant %q was woken", tenant)
				}
			default:
				e.Errorf("a watcher of tenant %q waits for what never comes", tenant)
			}
			w.Close()
		}
	}},
	{"any tenant finds the records of all", func(e *env) {
		mine := e.accepted(id1)
		theirs := e.fresh(store.Sending)
		theirs.Tenant = other
		theirs = e.create(theirs)
		_, err := e.Report(e.ctx, other, theirs.Ref, store.AcceptedFact{ID: id2, Source: answered})
		e.must(err)
		for _, rec := range []store.Record{mine, theirs} {
			got, err := e.Get(e.ctx, store.AnyTenant, rec.Ref)
			if e.must(err); got.Tenant != rec.Tenant || got.Ref != rec.Ref {
				e.Errorf("by ref: got %s of %s, want %s of %s", got.Ref, got.Tenant, rec.Ref, rec.Tenant)
			}
			byID, err := e.GetByID(e.ctx, store.AnyTenant, got.ID)
			if e.must(err); byID.Ref != rec.Ref {
				e.Errorf("by id: got %s, want %s", byID.Ref, rec.Ref)
			}
		}
	}},
	{"a notification that names no tenant is of none, and can be listed, watched and purged", func(e *env) {
		w := e.Watch(store.NoTenant)
		defer w.Close()
		r := e.notify(notification("", id1))
		if r.Tenant != store.NoTenant {
			e.Errorf("received for tenant %q, want %q", r.Tenant, store.NoTenant)
		}
		e.woken(w)
		if refs, all := w.Take(); !all && !slices.Contains(refs, r.Ref) {
			e.Errorf("woken for %v, want %s", refs, r.Ref)
		}
		rec, err := e.Get(e.ctx, store.NoTenant, r.Ref)
		if e.must(err); rec.Tenant != store.NoTenant || rec.Notification.Tenant != "" {
			e.Errorf("got tenant %q, the notification's is %q", rec.Tenant, rec.Notification.Tenant)
		}
		for _, name := range []string{tenant, store.DeliveryTenant} {
			if list, err := e.List(e.ctx, name, store.Query{}); err != nil || len(list) != 0 {
				e.Errorf("tenant %s has %d records, %v, want none", name, len(list), err)
			}
		}
		if n, err := e.purge(store.NoTenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Errorf("purged %d, %v, want 1", n, err)
		}
	}},
	{"a notification is never of a tenant that is a word of the store", func(e *env) {
		for _, name := range []string{store.AnyTenant, store.NoTenant, store.DeliveryTenant} {
			n := notification("", id1)
			n.Tenant = name
			_, err := e.Notify(e.ctx, n)
			if _, ok := errors.AsType[*store.InvalidError](err); !ok {
				e.Errorf("tenant %s: got error %v, want an *store.InvalidError", name, err)
			}
		}
	}},
	{"a key that a purged record of another tenant holds is free", func(e *env) {
		rec := e.fresh(store.Sending)
		rec.Tenant, rec.Key = other, "order-1"
		rec = e.create(rec)
		_, err := e.Report(e.ctx, other, rec.Ref, store.SettledFact{Outcome: store.Outcome{Foreground: true, StatusCode: 200}})
		e.must(err)
		e.choose(rec, store.AcknowledgeDecision{})
		if n, err := e.purge(store.AnyTenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Fatalf("purged %d, %v, want 1", n, err)
		}
		for _, supersedes := range []string{"", rec.Ref} {
			mine := e.fresh(store.Queued)
			mine.Key, mine.Supersedes = "order-1", supersedes
			_, err := e.Create(e.ctx, mine, "", 0)
			if supersedes == "" {
				e.must(err)
			} else if err == nil {
				e.Error("a record took over a key from another tenant's")
			}
		}
		theirs := e.fresh(store.Queued)
		theirs.Tenant, theirs.Key = other, "order-1"
		_, err = e.Create(e.ctx, theirs, "", 0)
		if held, ok := errors.AsType[*store.KeyHeldError](err); !ok || !held.Purged {
			e.Errorf("got error %v, want that the key is a purged record's", err)
		}
	}},
	{"a count is of all that is selected, whatever the page", func(e *env) {
		var last store.Record
		for range 7 {
			last = e.create(e.fresh(store.Queued))
		}
		for _, q := range []store.Query{{}, {Limit: 2}, {After: last.Position()}, {NewestFirst: true, After: last.Position()}, {Limit: 1, Phases: []store.Phase{store.Queued, store.Dead}}} {
			if n, err := e.Count(e.ctx, tenant, q); n != 7 || err != nil {
				e.Errorf("%+v: counted %d, %v, want 7", q, n, err)
			}
		}
	}},
}
