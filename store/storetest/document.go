package storetest

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// document reads a document, there or not.
func (e *env) document(name string) store.Document {
	e.Helper()
	d, err := e.GetDocument(e.ctx, tenant, name)
	e.must(err)
	return d
}

// put writes a document that nobody else writes.
func (e *env) put(d store.Document, body string) store.Document {
	e.Helper()
	d.Body = []byte(body)
	out, err := e.PutDocument(e.ctx, d)
	e.must(err)
	return out
}

// wantChanged checks that a write was refused, and with what.
func (e *env) wantChanged(d store.Document, now store.Document) {
	e.Helper()
	got, err := e.PutDocument(e.ctx, d)
	if e.wantErr(err, store.ErrChanged); got.Version != now.Version || !bytes.Equal(got.Body, now.Body) || got.Now.IsZero() {
		e.Errorf("refused with version %d, %q at %v, want %d, %q", got.Version, got.Body, got.Now, now.Version, now.Body)
	}
	if kept := e.document(d.Name); kept.Version != now.Version || !bytes.Equal(kept.Body, now.Body) {
		e.Errorf("then it is version %d, %q, want %d, %q", kept.Version, kept.Body, now.Version, now.Body)
	}
}

var documentTests = []test{
	{"a document that nobody wrote has no version", func(e *env) {
		before := time.Now()
		d := e.document("budget")
		if d.Version != 0 || d.Body != nil || !d.ChangedAt.IsZero() || d.Tenant != tenant || d.Name != "budget" {
			e.Errorf("got %+v", d)
		}
		if d.Now.Before(before.Add(-time.Second)) || d.Now.After(time.Now().Add(time.Second)) {
			e.Errorf("it is %v by the store, and %v here", d.Now, before)
		}
	}},
	{"a document is read as it was written, and answers with the store's now", func(e *env) {
		for i, body := range []string{"left: 10", "", "\x00\xff", strings.Repeat("x", store.MaxDocument)} {
			name := "n" + strconv.Itoa(i)
			put := e.put(e.document(name), body)
			got := e.document(name)
			if got.Version == 0 || got.Version != put.Version || string(got.Body) != body || got.Body == nil || string(put.Body) != body {
				e.Errorf("wrote %d bytes as version %d, read %d bytes of version %d", len(body), put.Version, len(got.Body), got.Version)
			}
			if !same(got.ChangedAt, put.ChangedAt) || put.Now.IsZero() || got.Now.Before(got.ChangedAt) {
				e.Errorf("changed at %v, then at %v; it is %v, then %v", put.ChangedAt, got.ChangedAt, put.Now, got.Now)
			}
		}
	}},
	{"a document is written only by who has seen it as it is", func(e *env) {
		none := e.document("budget")
		first := e.put(none, "1")
		e.wantChanged(store.Document{Tenant: tenant, Name: "budget", Body: []byte("as if there were none")}, first)
		second := e.put(first, "2")
		if second.Version <= first.Version {
			e.Errorf("version %d after %d", second.Version, first.Version)
		}
		first.Body = []byte("late")
		e.wantChanged(first, second)
		ahead := second
		ahead.Version++
		e.wantChanged(ahead, second)
	}},
	{"a document that was removed is gone, and its versions never come again", func(e *env) {
		first := e.put(e.document("pause"), "until noon")
		stale := first
		stale.Version--
		stale.Body = nil
		e.wantChanged(stale, first)
		remove := first
		remove.Body = nil
		gone, err := e.PutDocument(e.ctx, remove)
		if e.must(err); gone.Version != 0 || gone.Body != nil || gone.Now.IsZero() {
			e.Errorf("removed: got %+v", gone)
		}
		e.wantChanged(remove, gone)
		time.Sleep(time.Millisecond)
		again := e.put(e.document("pause"), "until one")
		if again.Version <= first.Version {
			e.Errorf("version %d after a removal of version %d", again.Version, first.Version)
		}
		e.wantChanged(first, again)
		nothing, err := e.PutDocument(e.ctx, store.Document{Tenant: tenant, Name: "nothing"})
		if e.must(err); nothing.Version != 0 {
			e.Errorf("removed what was not there: got %+v", nothing)
		}
	}},
	{"documents of other names and tenants are others", func(e *env) {
		mine := e.put(e.document("budget"), "mine")
		e.put(e.document("Budget"), "a capital")
		theirs, err := e.PutDocument(e.ctx, store.Document{Tenant: other, Name: "budget", Body: []byte("theirs")})
		e.must(err)
		if got := e.document("budget"); got.Version != mine.Version || string(got.Body) != "mine" {
			e.Errorf("got version %d, %q", got.Version, got.Body)
		}
		theirs.Body = nil
		_, err = e.PutDocument(e.ctx, theirs)
		e.must(err)
		e.document("budget")
		if got := e.document("budget"); string(got.Body) != "mine" {
			e.Errorf("got %q after the other tenant's was removed", got.Body)
		}
	}},
	{"documents have bounds, and tenants as records have", func(e *env) {
		for field, d := range map[string]store.Document{
			"Document.Body":    {Tenant: tenant, Name: "n", Body: make([]byte, store.MaxDocument+1)},
			"Document.Name":    {Tenant: tenant, Body: []byte("x")},
			"Document.Name ":   {Tenant: tenant, Name: strings.Repeat("n", store.MaxDocumentName+1), Body: []byte("x")},
			"Document.Tenant":  {Name: "n", Body: []byte("x")},
			"Document.Tenant ": {Tenant: store.AnyTenant, Name: "n", Body: []byte("x")},
		} {
			_, err := e.PutDocument(e.ctx, d)
			if invalid, ok := errors.AsType[*store.InvalidError](err); !ok || invalid.Field != strings.TrimSpace(field) {
				e.Errorf("got error %v, want an *store.InvalidError about %s", err, field)
			}
			if field == "Document.Body" {
				continue
			}
			if _, err := e.GetDocument(e.ctx, d.Tenant, d.Name); err == nil {
				e.Errorf("read a document whose %s is wrong", field)
			}
		}
		e.put(store.Document{Tenant: tenant, Name: strings.Repeat("n", store.MaxDocumentName)}, "x")
	}},
	{"of many writers none overwrites another", func(e *env) {
		const writers, each = 8, 5
		stores := []store.Store{e.Store}
		if e.share != nil {
			stores = append(stores, e.share(e.T, e.Store))
		}
		var wg sync.WaitGroup
		for i := range writers {
			st := stores[i%len(stores)]
			wg.Go(func() {
				for range each {
					d, err := st.GetDocument(e.ctx, tenant, "count")
					for {
						if err != nil && err != store.ErrChanged {
							e.Error(err)
							return
						}
						n, _ := strconv.Atoi(string(d.Body))
						d.Body = strconv.AppendInt(nil, int64(n+1), 10)
						if d, err = st.PutDocument(e.ctx, d); err == nil {
							break
						}
					}
				}
			})
		}
		wg.Wait()
		if got := string(e.document("count").Body); got != strconv.Itoa(writers*each) {
			e.Errorf("%d writers added %d each and got %s", writers, each, got)
		}
	}},
	{"a document wakes who watches it, and nobody else", func(e *env) {
		record := e.sending()
		records, all := e.Watch(tenant, record.Ref, "budget"), e.Watch(tenant)
		budget, every := e.WatchDocuments(tenant, "budget"), e.WatchDocuments(tenant)
		pause, theirs := e.WatchDocuments(tenant, "pause"), e.WatchDocuments(other)
		defer func() {
			for _, w := range []*store.Watcher{records, all, budget, every, pause, theirs} {
				w.Close()
			}
		}()
		d := e.document("budget")
		for _, body := range [][]byte{[]byte("1"), []byte("2"), nil} {
			var err error
			d.Body = body
			d, err = e.PutDocument(e.ctx, d)
			e.must(err)
			for _, w := range []*store.Watcher{budget, every} {
				e.woken(w)
				if names, all := w.Take(); !all && !slices.Contains(names, "budget") {
					e.Errorf("woken for %v", names)
				}
			}
		}
		for who, w := range map[string]*store.Watcher{"records": records, "all records": all, "another name": pause, "another tenant": theirs} {
			if refs, _ := w.Take(); slices.Contains(refs, "budget") {
				e.Errorf("who watches %s was woken for %v", who, refs)
			}
		}
		e.report(record, store.AcceptedFact{ID: id1, Source: answered})
		e.woken(records)
		if names, _ := every.Take(); slices.Contains(names, record.Ref) {
			e.Errorf("who watches documents was woken for %v, a record among them", names)
		}
	}},
	{"a document wakes also who watches it by another handle", func(e *env) {
		if e.share == nil {
			e.Skip("the implementation has one handle only")
		}
		there := e.share(e.T, e.Store)
		w := there.WatchDocuments(tenant, "budget")
		defer w.Close()
		put := e.put(e.document("budget"), "1")
		e.woken(w)
		got, err := there.GetDocument(e.ctx, tenant, "budget")
		if e.must(err); got.Version != put.Version || string(got.Body) != "1" {
			e.Errorf("there it is version %d, %q, want %d", got.Version, got.Body, put.Version)
		}
		back := e.WatchDocuments(tenant, "budget")
		defer back.Close()
		got.Body = []byte("2")
		_, err = there.PutDocument(e.ctx, got)
		e.must(err)
		e.woken(back)
		put.Body = []byte("late")
		if now, err := e.PutDocument(e.ctx, put); err != store.ErrChanged || string(now.Body) != "2" {
			e.Errorf("got %q, %v, want that it changed to 2", now.Body, err)
		}
	}},
	{"documents share no memory with who writes and reads them", func(e *env) {
		d := e.document("budget")
		d.Body = []byte("abc")
		put, err := e.PutDocument(e.ctx, d)
		e.must(err)
		d.Body[0], put.Body[1] = 'x', 'x'
		got := e.document("budget")
		got.Body[2] = 'x'
		if got := e.document("budget"); string(got.Body) != "abc" {
			e.Errorf("got %q, want abc", got.Body)
		}
	}},
	{"a cancelled context writes no document", func(e *env) {
		ctx, cancel := contextCancelled()
		defer cancel()
		if _, err := e.PutDocument(ctx, store.Document{Tenant: tenant, Name: "n", Body: []byte("x")}); err == nil {
			e.Error("written under a cancelled context")
		}
		if d := e.document("n"); d.Version != 0 {
			e.Errorf("got %+v", d)
		}
	}},
}

// documentClockTests need a process whose clock is ahead.
var documentClockTests = []test{
	{"a document that was written while a clock was ahead goes on", func(e *env) {
		var wrong store.Document
		e.ahead(48*time.Hour, func(r store.Rules) (err error) {
			wrong, err = r.PutDocument(store.Document{Tenant: tenant, Name: "budget", Body: []byte("1")})
			return err
		})
		got := e.document("budget")
		if got.Version != wrong.Version || got.ChangedAt.After(time.Now().Add(time.Second)) || got.Now.After(time.Now().Add(time.Second)) {
			e.Errorf("read version %d, changed at %v; it is %v", got.Version, got.ChangedAt, got.Now)
		}
		if next := e.put(got, "2"); next.Version <= wrong.Version {
			e.Errorf("version %d after %d", next.Version, wrong.Version)
		}
	}},
}
