package sqlitestore

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/store"
)

var allPhases = []store.Phase{
	store.Queued, store.Sending, store.Accepted, store.Settled, store.Handled, store.Rejected, store.Uncertain,
	store.Abandoned, store.Expired, store.Unclear, store.Dead, store.Heard, store.Delivery,
}

// hit is a record that a list found.
type hit struct {
	ref string
	n   int64
}

// List implements [store.Store]. Its work depends on the size of the page,
// not on how many records there are.
func (s *Store) List(ctx context.Context, tenant string, q store.Query) (out []store.Record, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	limit := max(0, cmp.Or(q.Limit, 100))
	err = s.glimpse(ctx, func(c *conn) error {
		now := time.Now()
		var hits []hit
		for _, p := range parts(q, now) {
			found, err := p.find(ctx, c, tenant, q, limit)
			if err != nil {
				return err
			}
			hits = append(hits, found...)
		}
		slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.ref, b.ref) })
		for _, h := range hits[:min(len(hits), limit)] {
			sql := fromRecords + "r.n = ?"
			if q.WithoutContent {
				sql = "SELECT doc, NULL FROM records WHERE n = ?"
			}
			row, err := c.one(sql, h.n)
			if err != nil || row == nil {
				return err
			}
			rec, err := scan(row)
			if err != nil {
				return err
			}
			if q.WithoutContent && rec.Outcome != nil {
				rec.Outcome.Content = nil
			}
			out = append(out, rec.At(now))
		}
		return nil
	})
	if err != nil {
		return nil, s.explain("list", err)
	}
	return out, nil
}

// Count implements [store.Store].
func (s *Store) Count(ctx context.Context, tenant string, q store.Query) (n int, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return 0, err
	}
	err = s.glimpse(ctx, func(c *conn) error {
		n = 0
		for _, p := range parts(q, time.Now()) {
			sql, args := "SELECT count(*) FROM records"+p.where, []driver.Value{tenant, p.phase, p.now}
			if p.due != "" {
				sql, args = sql+" AND due "+p.due+" ?4", append(args, p.bound)
			}
			k, err := c.number(sql, args...)
			if err != nil {
				return err
			}
			n += int(k)
		}
		return nil
	})
	return n, s.explain("count", err)
}

// glimpse reads several things of one moment.
func (s *Store) glimpse(ctx context.Context, f func(*conn) error) error {
	return s.reading(ctx, func(c *conn) error {
		if err := c.exec("BEGIN"); err != nil {
			return err
		}
		defer func() { _ = c.exec("ROLLBACK") }()
		return f(c)
	})
}

// part is a range of an index: the records of one tenant in one phase, and if
// due is an operator, only those whose due time is so related to a bound.
type part struct {
	where string // ?1 is the tenant, ?2 the phase, ?3 the time now
	phase string
	now   int64
	due   string
	bound driver.Value
}

// lapsed is the condition under which the lease of a record that is being sent
// is not valid at a time, which is a parameter: see [store.Lease.Valid].
func lapsed(now string) string {
	begun := fmt.Sprintf("(%s + %d)", now, store.ClockSlack)
	return fmt.Sprintf("(until <= %[1]s OR until > %[2]s AND until - min(coalesce(doc ->> '$.lease.ttl', %[3]d), %[3]d) > %[2]s)",
		now, begun, store.MaxLease)
}

// parts are the ranges that hold what q selects. A record that is being sent
// reads as uncertain once its lease has ended, and one that is due further
// ahead than can be is due now.
func parts(q store.Query, now time.Time) []part {
	out := partsOf(q, now)
	if q.DueBy.IsZero() {
		return out
	}
	void := now.Add(store.MaxDue)
	if q.DueBy.After(void) {
		void = q.DueBy
	}
	for i, p := range out {
		out[i].due, out[i].bound = "<=", nanos(q.DueBy)
		p.due, p.bound = ">", nanos(void)
		out = append(out, p)
	}
	return out
}

func partsOf(q store.Query, now time.Time) []part {
	phases, every := q.Phases, len(q.Phases) == 0
	if every {
		phases = allPhases
	}
	var out []part
	add := func(phase store.Phase, and string) {
		out = append(out, part{where: " WHERE tenant = ?1 AND phase = ?2" + and, phase: string(phase), now: now.UnixNano()})
	}
	for i, p := range phases {
		switch {
		case slices.Contains(phases[:i], p):
		case p == store.Sending && !every:
			add(p, " AND NOT "+lapsed("?3"))
		case p == store.Uncertain && !every:
			add(store.Sending, " AND "+lapsed("?3"))
			add(p, "")
		default:
			add(p, "")
		}
	}
	return out
}

// fewDue is how many due records are sorted rather than found in order.
const fewDue = 1000

// find returns the first records of the part above q.After, unsorted.
func (p part) find(ctx context.Context, c *conn, tenant string, q store.Query, limit int) (out []hit, err error) {
	collect := func(row []driver.Value) error {
		ref, _ := row[0].(string)
		n, _ := row[1].(int64)
		out = append(out, hit{ref, n})
		return nil
	}
	args := []driver.Value{tenant, p.phase, p.now, q.After}
	if p.due == "" {
		err := c.Query(ctx, collect, "SELECT ref, n FROM records"+p.where+" AND ref > ?4 ORDER BY ref LIMIT ?5",
			append(args, int64(limit))...)
		return out, err
	}
	// Either few are due and the index of due times finds them, or many are
	// and the first of them stand near the start of the index of refs.
	args = append(args, p.bound)
	err = c.Query(ctx, collect, "SELECT ref, n FROM records INDEXED BY records_due"+p.where+
		" AND due IS NOT NULL AND due "+p.due+" ?5 AND ref > ?4 LIMIT ?6", append(args, int64(fewDue))...)
	if err != nil || len(out) < fewDue {
		return out, err
	}
	out = out[:0]
	err = c.Query(ctx, collect, "SELECT ref, n FROM records INDEXED BY records_phase"+p.where+
		" AND due "+p.due+" ?5 AND ref > ?4 ORDER BY ref LIMIT ?6", append(args, int64(limit))...)
	return out, err
}
