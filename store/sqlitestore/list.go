package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

var allPhases = []store.Phase{
	store.Queued, store.Sending, store.Accepted, store.Settled, store.Acknowledged, store.Rejected, store.Uncertain,
	store.Abandoned, store.Expired, store.Unclear, store.Dead, store.Unmatched, store.Delivery,
}

// hit is a record that a list found, and where it stands.
type hit struct {
	created int64
	ref     string
	n       int64
}

// List implements [store.Store]. It finds phases, times and kinds in indexes,
// and compares metadata record by record: name a phase or times with it where
// there are many.
func (s *Store) List(ctx context.Context, tenant string, q store.Query) (out []store.Record, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit := max(0, cmp.Or(q.Limit, 100))
	err = s.glimpse(ctx, func(c *sqlitefile.Conn) error {
		now := time.Now()
		var hits []hit
		for _, p := range parts(tenant, q, now) {
			found, err := p.find(ctx, c, q, limit)
			if err != nil {
				return err
			}
			hits = append(hits, found...)
		}
		slices.SortFunc(hits, func(a, b hit) int {
			if q.NewestFirst {
				a, b = b, a
			}
			return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.ref, b.ref))
		})
		for _, h := range hits[:min(len(hits), limit)] {
			rec, found, err := s.readListed(c, h.n, q.WithoutContent, now)
			if err != nil || !found {
				return err
			}
			out = append(out, rec)
		}
		return nil
	})
	if err != nil {
		return nil, s.file.Explain("list", err)
	}
	return out, nil
}

// readListed reads a record of a list.
func (s *Store) readListed(c *sqlitefile.Conn, n int64, withoutContent bool, now time.Time) (store.Record, bool, error) {
	sql := fromRecords + "r.n = ?"
	if withoutContent {
		sql = "SELECT doc, NULL, lock FROM records WHERE n = ?"
	}
	rec, found, err := s.read(c, sql, []any{n}, now)
	if withoutContent && rec.Outcome != nil {
		rec.Outcome.Content = nil
	}
	return rec, found, err
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, tenant string, q store.Query) (n int, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return 0, err
	}
	q.After = store.Position{}
	err = s.glimpse(ctx, func(c *sqlitefile.Conn) (err error) {
		if n = 0; len(q.Kinds) == 0 && len(q.Metadata) == 0 && q.CreatedFrom.IsZero() && q.CreatedBefore.IsZero() && q.DueBy.IsZero() {
			n, err = countPhases(c, tenant, q.Phases, time.Now())
			return err
		}
		for _, p := range parts(tenant, q, time.Now()) {
			k, err := c.Int64("SELECT count(*)"+p.from()+p.where, p.args...)
			if err != nil {
				return err
			}
			n += int(k)
		}
		return nil
	})
	return n, s.file.Explain("count", err)
}

// countPhases counts records of some phases, of all if there are none, without
// looking at them, but for what is being sent.
func countPhases(c *sqlitefile.Conn, tenant string, list []store.Phase, now time.Time) (n int, err error) {
	for _, p := range phases(tenant, store.Query{Phases: list}, now) {
		const kept = "SELECT count FROM counts WHERE tenant = ?1 AND name = ?2"
		sql := kept
		if len(p.args) > 2 { // it is narrowed down
			sql = "SELECT count(*)" + p.from() + p.where
		}
		k, err := c.Int64(sql, p.args...)
		if err != nil {
			return 0, err
		}
		n += int(k)
	}
	return n, nil
}

// glimpse reads several things of one moment.
func (s *Store) glimpse(ctx context.Context, f func(*sqlitefile.Conn) error) error {
	return closed(s.file.Snapshot(ctx, f))
}

// part is a range of an index: the records of one tenant in one phase, of one
// range of due times if due is set, and of one kind that a handler may run for if
// work is.
type part struct {
	where     string
	args      []any
	due, work bool
}

// and narrows the part. Each ? in the condition is the next of the arguments.
func (p *part) and(condition string, args ...any) {
	p.where += " AND " + condition
	p.args = append(p.args[:len(p.args):len(p.args)], args...)
}

// ofKinds narrows it to records of some kinds.
func (p *part) ofKinds(list []string) {
	kinds := make([]any, len(list))
	for i, kind := range list {
		kinds[i] = kind
	}
	p.and("kind IN (?"+strings.Repeat(", ?", len(kinds)-1)+")", kinds...)
}

// from names the index that holds the part.
func (p *part) from() string {
	switch {
	case p.work:
		return " FROM records INDEXED BY records_work"
	case p.due:
		return " FROM records INDEXED BY records_due"
	}
	return " FROM records INDEXED BY records_phase"
}

// lapsed is the condition under which the lease of a record that is being sent
// is not valid at a time, which is a parameter, see [store.Lease.Valid], or its
// holder is gone.
func lapsed(now string) string {
	begun := fmt.Sprintf("(%s + %d)", now, store.ClockSlack)
	return fmt.Sprintf("(until <= %[1]s OR until > %[2]s AND until - min(coalesce(doc ->> '$.lease.ttl', %[3]d), %[3]d) > %[2]s OR ended(lock))",
		now, begun, store.MaxLease)
}

// parts are the ranges that hold what q selects behind its After.
func parts(tenant string, q store.Query, now time.Time) (out []part) {
	low, high := q.Bounds()
	for _, p := range phases(tenant, q, now) {
		if low != (store.Position{}) {
			p.and("(created, ref) > (?, ?)", createdAt(low.CreatedAt), low.Ref)
		}
		if high != (store.Position{}) {
			p.and("(created, ref) < (?, ?)", createdAt(high.CreatedAt), high.Ref)
		}
		if len(q.Kinds) > 0 {
			p.ofKinds(q.Kinds)
		}
		for _, name := range slices.Sorted(maps.Keys(q.Metadata)) {
			p.and("EXISTS (SELECT 1 FROM json_each(doc, '$.metadata') WHERE key = ? AND value = ?)", recordjson.Armour(name), recordjson.Armour(q.Metadata[name]))
		}
		if q.DueBy.IsZero() {
			out = append(out, p)
			continue
		}
		// What is due further ahead than can be is due now.
		p.due = true
		planned, void := p, now.Add(store.MaxDue)
		if q.DueBy.After(void) {
			void = q.DueBy
		}
		planned.and("due > ? AND due <= ?", int64(atOnce), nanos(q.DueBy))
		p.and("due > ?", nanos(void))
		out = append(out, planned, p)
	}
	return out
}

// createdAt is a time of creation as its column has it: that of a record
// without one is the lowest there is.
func createdAt(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return numberOf(t)
}

// phases are the parts by their phases alone. A record that is being sent reads
// as uncertain once its lease has ended.
func phases(tenant string, q store.Query, now time.Time) (out []part) {
	list, every := q.Phases, len(q.Phases) == 0
	if every {
		list = allPhases
	}
	add := func(phase store.Phase, and string) {
		p := part{where: " WHERE tenant = ?1 AND phase = ?2", args: []any{tenant, string(phase)}}
		if and != "" {
			p.where += " AND " + and
			p.args = append(p.args, now.UnixNano())
		}
		out = append(out, p)
	}
	for i, p := range list {
		switch {
		case slices.Contains(list[:i], p):
		case p == store.Sending && !every:
			add(p, "NOT "+lapsed("?3"))
		case p == store.Uncertain && !every:
			add(store.Sending, lapsed("?3"))
			add(p, "")
		default:
			add(p, "")
		}
	}
	return out
}

// fewDue is how many due records are sorted rather than found in order.
const fewDue = 1000

// find returns the first records of the part, unsorted.
func (p part) find(ctx context.Context, c *sqlitefile.Conn, q store.Query, limit int) (out []hit, err error) {
	collect := func(row sqlitefile.Row) error {
		var h hit
		err := row.Scan(&h.created, &h.ref, &h.n)
		out = append(out, h)
		return err
	}
	order := " ORDER BY created, ref LIMIT ?"
	if q.NewestFirst {
		order = " ORDER BY created DESC, ref DESC LIMIT ?"
	}
	if p.due {
		// Either few are due and the index of due times finds them, or many are
		// and the first of them stand near an end of the index of lists.
		err = c.Query(ctx, "SELECT created, ref, n"+p.from()+p.where+" LIMIT ?",
			append(p.args[:len(p.args):len(p.args)], int64(fewDue)), collect)
		if err != nil || len(out) < fewDue {
			return out, err
		}
		out, p.due = out[:0], false
	}
	err = c.Query(ctx, "SELECT created, ref, n"+p.from()+p.where+order,
		append(p.args[:len(p.args):len(p.args)], int64(limit)), collect)
	return out, err
}
