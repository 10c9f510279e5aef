package pgstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/store"
)

var allPhases = []store.Phase{
	store.Queued, store.Sending, store.Accepted, store.Settled, store.Acknowledged, store.Rejected, store.Uncertain,
	store.Abandoned, store.Expired, store.Unclear, store.Dead, store.Unmatched, store.Delivery,
}

// part is a range of an index: the records of one tenant in one phase, with more
// conditions. Each of these has its arguments behind those of the ones before.
type part struct {
	where string
	args  []any
}

// and narrows the part. Each ? in the condition stands for the next of the arguments.
func (p *part) and(condition string, args ...any) {
	p.args = slices.Clip(p.args)
	for _, c := range condition {
		if c != '?' {
			p.where += string(c)
			continue
		}
		p.args = append(p.args, args[0])
		args = args[1:]
		p.where += fmt.Sprintf("$%d", len(p.args))
	}
}

func newPart(tenant string, phase store.Phase) part {
	return part{where: " WHERE tenant = $1 AND phase = $2", args: []any{column(tenant), string(phase)}}
}

// leased is the condition under which the lease of a record is valid at the time of
// its arguments, which it takes twice: see [store.Lease.Valid]..
var leased = fmt.Sprintf("(until IS NOT NULL AND until > ? AND until - least(CASE WHEN ttl > 0 THEN ttl ELSE %[1]d END, %[1]d) <= ? + %[2]d)",
	int64(store.MaxLease), int64(store.ClockSlack))

func (p *part) leased(now time.Time) { p.and(" AND "+leased, now.UnixNano(), now.UnixNano()) }

func (p *part) free(now time.Time) { p.and(" AND NOT "+leased, now.UnixNano(), now.UnixNano()) }

func (p *part) ofKinds(kinds []string) {
	if len(kinds) > 0 {
		p.and(" AND kind = ANY (?::text[])", columnsOf(kinds))
	}
}

// phases are the parts of some phases, of all if there are none. A record that is
// being sent reads as uncertain once its lease has ended.
func phases(tenant string, list []store.Phase, now time.Time) (out []part) {
	every := len(list) == 0
	if every {
		list = allPhases
	}
	for i, phase := range list {
		if slices.Contains(list[:i], phase) {
			continue
		}
		p := newPart(tenant, phase)
		if phase == store.Sending && !every {
			p.leased(now)
		}
		out = append(out, p)
		if phase == store.Uncertain && !every {
			p := newPart(tenant, store.Sending)
			p.free(now)
			out = append(out, p)
		}
	}
	return out
}

// parts are the ranges that hold what q selects behind its After.
func parts(tenant string, q store.Query, now time.Time) []part {
	out := phases(tenant, q.Phases, now)
	low, high := q.Bounds()
	for i := range out {
		p := &out[i]
		if low != (store.Position{}) {
			p.and(" AND (created, ref) > (?, ?)", position(low), column(low.Ref))
		}
		if high != (store.Position{}) {
			p.and(" AND (created, ref) < (?, ?)", position(high), column(high.Ref))
		}
		p.ofKinds(q.Kinds)
		if m := metadata(q.Metadata); m != nil {
			p.and(" AND metadata @> ?::text::jsonb", *m)
		}
	}
	return out
}

// dueBy narrows the part to what is due. What is due further ahead than can be is due
// now.
func (p *part) dueBy(by, now time.Time) {
	void := now.Add(store.MaxDue)
	if by.After(void) {
		void = by
	}
	p.and(" AND due IS NOT NULL AND (due > ? AND due <= ? OR due > ?)", int64(atOnce), *nanos(by), *nanos(void))
}

func position(p store.Position) int64 {
	if n := nanos(p.CreatedAt); n != nil {
		return *n
	}
	return 0
}

// hit is a record that was found, and what it is ordered by.
type hit struct {
	at  int64
	ref string // as its column has it
}

func compareHits(a, b hit) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ref, b.ref)) }

func collect(into *[]hit) func(func(...any) error) error {
	return func(scan func(...any) error) error {
		var h hit
		err := scan(&h.at, &h.ref)
		*into = append(*into, h)
		return err
	}
}

// List implements [store.Store].
func (s *Store) List(ctx context.Context, tenant string, q store.Query) (out []store.Record, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit := max(0, cmp.Or(q.Limit, 100))
	err = s.glimpse(ctx, func(g *glimpse) error {
		hits, err := g.find(tenant, q, limit)
		if err != nil {
			return err
		}
		slices.SortFunc(hits, func(a, b hit) int {
			if q.NewestFirst {
				a, b = b, a
			}
			return compareHits(a, b)
		})
		out, err = g.records(hits[:min(len(hits), limit)], q.WithoutContent)
		return err
	})
	return out, err
}

// fewDue is how many due records are sorted rather than found in order.
const fewDue = 1000

// find returns the first records of each part, unsorted.
func (g *glimpse) find(tenant string, q store.Query, limit int) (hits []hit, err error) {
	list := parts(tenant, q, g.now)
	if !q.DueBy.IsZero() {
		// Either few are due and the index of due times finds them, or many are and
		// the first of them stand near an end of the index of lists.
		for i := range list {
			list[i].dueBy(q.DueBy, g.now)
		}
		statements := make([]statement, len(list))
		for i, p := range list {
			statements[i] = statement{sql: fmt.Sprintf("SELECT created, ref FROM (SELECT created, ref, due FROM ~records%s ORDER BY due LIMIT %d) AS few", p.where, fewDue+1), args: p.args, row: collect(&hits)}
		}
		if err := g.send(statements...); err != nil || len(hits) <= fewDue {
			return hits, err
		}
		hits = hits[:0]
	}
	order := " ORDER BY created, ref LIMIT ?"
	if q.NewestFirst {
		order = " ORDER BY created DESC, ref DESC LIMIT ?"
	}
	statements := make([]statement, len(list))
	for i, p := range list {
		p.and(order, limit)
		statements[i] = statement{sql: "SELECT created, ref FROM ~records" + p.where, args: p.args, row: collect(&hits)}
	}
	return hits, g.send(statements...)
}

// records reads records in the order of the hits.
func (g *glimpse) records(hits []hit, withoutContent bool) ([]store.Record, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	refs := make([]string, len(hits))
	at := make(map[string]int, len(hits))
	for i, h := range hits {
		refs[i], at[h.ref] = h.ref, i
	}
	sql := "SELECT r.ref, r.fixed, r.learnt, r.doc, c.body FROM ~records r LEFT JOIN ~contents c ON c.ref = r.ref WHERE r.ref = ANY ($1::text[])"
	if withoutContent {
		sql = "SELECT ref, fixed, learnt, doc, NULL::bytea FROM ~records WHERE ref = ANY ($1::text[])"
	}
	out := make([]store.Record, len(hits))
	return out, g.send(statement{sql: sql, args: []any{refs}, row: func(scan func(...any) error) error {
		var ref string
		var d documents
		var body []byte
		if err := scan(&ref, &d.fixed, &d.learnt, &d.doc, &body); err != nil {
			return err
		}
		rec, err := decode(d)
		if err != nil {
			return err
		}
		switch {
		case rec.Outcome == nil:
		case withoutContent:
			rec.Outcome.Content = nil
		case kept(&rec):
			withContent(&rec, body)
		}
		out[at[ref]] = rec.At(g.now)
		return nil
	}})
}

// Count implements [store.Store]. Its work grows with what is counted.
func (s *Store) Count(ctx context.Context, tenant string, q store.Query) (n int, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return 0, err
	}
	q.After = store.Position{}
	err = s.glimpse(ctx, func(g *glimpse) error {
		n = 0
		var statements []statement
		for _, p := range parts(tenant, q, g.now) {
			if !q.DueBy.IsZero() {
				p.dueBy(q.DueBy, g.now)
			}
			statements = append(statements, statement{sql: "SELECT count(*) FROM ~records" + p.where, args: p.args, row: func(scan func(...any) error) error {
				var k int
				err := scan(&k)
				n += k
				return err
			}})
		}
		return g.send(statements...)
	})
	return n, err
}
