package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// listing is a number of records that differ in all that a query is about.
func (e *env) listing() []store.Record {
	e.Helper()
	var out []store.Record
	for i, kind := range []string{"invoice", "payment", "", "invoice", "payment", "invoice", "invoice"} {
		rec := e.fresh(store.Queued)
		if i%3 != 0 {
			rec.Phase = store.Sending
		}
		rec.Ref = string(rune('z'-i)) + "-listed" // not in the order of creation
		rec.Kind = kind
		rec.Metadata = map[string]string{"order": string(rune('1' + i/2)), "by": "night"}
		if i == 2 {
			rec.Metadata = nil
		}
		rec = e.create(rec)
		if i%3 != 0 {
			rec = e.report(rec, store.AcceptedFact{ID: "id-" + rec.Ref, Source: answered})
		}
		out = append(out, rec)
		time.Sleep(2 * time.Millisecond)
	}
	return out
}

// wantList checks which records a query lists, in order, whatever the size of
// a page, and how many it counts.
func (e *env) wantList(tenant string, q store.Query, want []store.Record) {
	e.Helper()
	refs := make([]string, len(want))
	for i, rec := range want {
		refs[i] = rec.Ref
	}
	for _, limit := range []int{1, 2, 3, 100} {
		var got []string
		q := q
		for q.Limit = limit; ; {
			page, err := e.List(e.ctx, tenant, q)
			e.must(err)
			for _, rec := range page {
				got = append(got, rec.Ref)
				q.After = rec.Position()
			}
			if len(page) < limit || len(got) > len(want) {
				break
			}
		}
		if !slices.Equal(got, refs) {
			e.Errorf("%+v in pages of %d: got %s, want %s", q, limit, strings.Join(got, " "), strings.Join(refs, " "))
		}
	}
	if n, err := e.Count(e.ctx, tenant, q); n != len(want) || err != nil {
		e.Errorf("%+v: counted %d, %v, want %d", q, n, err, len(want))
	}
}

// where returns those of the records that a query is to list.
func where(recs []store.Record, f func(store.Record) bool) (out []store.Record) {
	for _, rec := range recs {
		if f(rec) {
			out = append(out, rec)
		}
	}
	return out
}

var listTests = []test{
	{"a list is in the order of creation, or the other way round", func(e *env) {
		recs := e.listing()
		e.wantList(tenant, store.Query{}, recs)
		accepted := where(recs, func(r store.Record) bool { return r.Phase == store.Accepted })
		e.wantList(tenant, store.Query{Phases: []store.Phase{store.Accepted}}, accepted)
		slices.Reverse(recs)
		e.wantList(tenant, store.Query{NewestFirst: true}, recs)
		slices.Reverse(accepted)
		e.wantList(tenant, store.Query{NewestFirst: true, Phases: []store.Phase{store.Accepted}}, accepted)
		e.wantList(other, store.Query{}, nil)
	}},
	{"records of one moment are in the order of their refs", func(e *env) {
		if e.aside == nil {
			e.Skip("the suite cannot hold this implementation's clock")
		}
		e.ahead(0, func(r store.Rules) error {
			for _, ref := range []string{"c", "a", "b"} { // one step is one moment
				rec := e.fresh(store.Queued)
				rec.Ref = ref
				if _, err := r.Create(rec, "", 0); err != nil {
					return err
				}
			}
			return nil
		})
		var want []store.Record
		for _, ref := range []string{"a", "b", "c"} {
			want = append(want, e.get(store.Record{Tenant: tenant, Ref: ref}))
		}
		if !want[0].CreatedAt.Equal(want[2].CreatedAt) {
			e.Skip("the implementation's clock goes on within a step")
		}
		e.wantList(tenant, store.Query{}, want)
		slices.Reverse(want)
		e.wantList(tenant, store.Query{NewestFirst: true}, want)
	}},
	{"a list is of some kinds", func(e *env) {
		recs := e.listing()
		for _, kinds := range [][]string{{"invoice"}, {"payment", "invoice"}, {""}, {"", "payment"}, {"none"}, {"Invoice"}, {"payment", "payment"}} {
			ofKind := where(recs, func(r store.Record) bool { return slices.Contains(kinds, r.Kind) })
			e.wantList(tenant, store.Query{Kinds: kinds}, ofKind)
			queued := where(ofKind, func(r store.Record) bool { return r.Phase == store.Queued })
			e.wantList(tenant, store.Query{Kinds: kinds, Phases: []store.Phase{store.Queued}}, queued)
		}
	}},
	{"a list is of what has some metadata", func(e *env) {
		recs := e.listing()
		for _, pairs := range []map[string]string{
			{"order": "1"}, {"order": "2", "by": "night"}, {"order": "2", "by": "day"}, {"night": "by"}, {"order": ""}, {"kind": "invoice"}, {},
		} {
			has := func(r store.Record) bool {
				for name, value := range pairs {
					if got, ok := r.Metadata[name]; !ok || got != value {
						return false
					}
				}
				return true
			}
			e.wantList(tenant, store.Query{Metadata: pairs}, where(recs, has))
			e.wantList(tenant, store.Query{Metadata: pairs, Kinds: []string{"invoice"}}, where(recs, func(r store.Record) bool { return has(r) && r.Kind == "invoice" }))
		}
	}},
	{"metadata and kinds may be any text", func(e *env) {
		for _, text := range []string{`a "quoted" one`, "$.order", "a.b[0]", "\x00zero", "not UTF-8 \xff", "日本", strings.Repeat("x", 5000)} {
			rec := e.fresh(store.Queued)
			rec.Kind, rec.Metadata = text, map[string]string{text: text}
			rec = e.create(rec)
			e.wantList(tenant, store.Query{Metadata: map[string]string{text: text}}, []store.Record{rec})
			e.wantList(tenant, store.Query{Kinds: []string{text}}, []store.Record{rec})
		}
	}},
	{"a list is of a time", func(e *env) {
		recs := e.listing()
		for _, from := range []int{0, 2, 5} {
			for _, before := range []int{1, 4, 6} {
				q := store.Query{CreatedFrom: recs[from].CreatedAt, CreatedBefore: recs[before].CreatedAt}
				want := slices.Clone(recs[from:max(from, before)])
				e.wantList(tenant, q, want)
				q.NewestFirst = true
				slices.Reverse(want)
				e.wantList(tenant, q, want)
			}
		}
		last := recs[len(recs)-1].CreatedAt
		e.wantList(tenant, store.Query{CreatedFrom: last.Add(time.Hour)}, nil)
		e.wantList(tenant, store.Query{CreatedBefore: recs[0].CreatedAt}, nil)
		e.wantList(tenant, store.Query{CreatedFrom: recs[3].CreatedAt, Kinds: []string{"invoice"}, Phases: []store.Phase{store.Queued}},
			where(recs[3:], func(r store.Record) bool { return r.Kind == "invoice" && r.Phase == store.Queued }))
	}},
	{"what is due is listed in the same order", func(e *env) {
		var recs []store.Record
		for i := range 4 {
			rec := e.fresh(store.Queued)
			rec.Ref, rec.Kind, rec.Due = string(rune('z'-i)), "k", time.Now().Add(-time.Duration(i)*time.Second)
			recs = append(recs, e.create(rec))
			time.Sleep(2 * time.Millisecond)
		}
		later := e.fresh(store.Queued)
		later.Due = time.Now().Add(time.Hour)
		e.create(later)
		due := store.Query{DueBy: time.Now()}
		e.wantList(tenant, due, recs)
		due.Kinds, due.CreatedFrom = []string{"k"}, recs[1].CreatedAt
		e.wantList(tenant, due, recs[1:])
		due.NewestFirst = true
		want := slices.Clone(recs[1:])
		slices.Reverse(want)
		e.wantList(tenant, due, want)
	}},
	{"a list goes on behind a record that is gone, and misses none for those that come", func(e *env) {
		recs := e.listing()
		gone := recs[1]
		e.report(gone, store.SettledFact{ID: gone.ID, Outcome: store.Outcome{Status: "Finished", StatusCode: 200}})
		e.choose(gone, store.AcknowledgeDecision{})
		page, err := e.List(e.ctx, tenant, store.Query{Limit: 2})
		e.must(err)
		if n, err := e.purge(tenant, time.Now().Add(time.Hour)); n != 1 || err != nil {
			e.Fatalf("purged %d, %v, want 1", n, err)
		}
		added := e.create(e.fresh(store.Queued))
		rest, err := e.List(e.ctx, tenant, store.Query{After: page[1].Position()})
		e.must(err)
		if page[1].Ref != gone.Ref || len(rest) != 6 || rest[0].Ref != recs[2].Ref || rest[5].Ref != added.Ref {
			e.Errorf("got %d behind %s, want 6 from %s to %s", len(rest), page[1].Ref, recs[2].Ref, added.Ref)
		}
	}},
	{"a list leaves content out if it is to", func(e *env) {
		rec := e.report(e.accepted(id1), store.SettledFact{ID: id1, Outcome: store.Outcome{
			Status: "Finished", StatusCode: 200, HasContent: true, Kept: true, Content: []byte("the answer"),
		}})
		for _, without := range []bool{false, true} {
			list, err := e.List(e.ctx, tenant, store.Query{WithoutContent: without, NewestFirst: without})
			e.must(err)
			if len(list) != 1 || list[0].Ref != rec.Ref || !list[0].Outcome.Kept || (list[0].Outcome.Content == nil) != without {
				e.Errorf("without content %v: got %+v", without, list)
			}
		}
	}},
}
