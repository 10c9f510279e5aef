package sqlitestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// Due implements [store.Store]. The records are found in the order of an index,
// those of some kinds that settled or expired in that of an index by kind.
func (s *Store) Due(ctx context.Context, tenant string, q store.DueQuery) (out store.DueList, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return out, err
	}
	err = s.glimpse(ctx, func(c *sqlitefile.Conn) (err error) {
		d := dueSearch{c: c, now: time.Now(), q: q, limit: max(0, cmp.Or(q.Limit, 100))}
		for _, p := range dueParts(tenant, q) {
			if err := d.search(ctx, p); err != nil {
				return err
			}
		}
		out, err = d.list(s)
		return err
	})
	return out, s.file.Explain("due", err)
}

// dueParts are the ranges of indexes that hold what q is about, each by due time.
func dueParts(tenant string, q store.DueQuery) (out []part) {
	kinds := slices.Compact(slices.Sorted(slices.Values(q.Kinds)))
	for _, phase := range allPhases {
		wanted := len(q.Phases) == 0 || slices.Contains(q.Phases, phase) || phase == store.Sending && slices.Contains(q.Phases, store.Uncertain)
		if !wanted {
			continue
		}
		p := part{where: " WHERE tenant = ? AND phase = ?", args: []any{tenant, string(phase)}, due: true}
		switch {
		case len(kinds) == 0:
			out = append(out, p)
		case phase == store.Settled || phase == store.Expired:
			for _, kind := range kinds {
				p := p
				p.work = true
				p.and("work = ?", kind)
				out = append(out, p)
			}
		default:
			p.ofKinds(kinds)
			out = append(out, p)
		}
	}
	return out
}

// dueSearch collects what is due.
type dueSearch struct {
	c     *sqlitefile.Conn
	now   time.Time
	q     store.DueQuery
	limit int
	found []dueHit
	next  int64 // when one is due that is not returned, 0 if there is none
}

// dueHit is a record that is due, and since when.
type dueHit struct{ due, n int64 }

var errEnough = errors.New("enough")

// search collects what is due of a part, one more than is returned. What is void
// stands at the end of it.
func (d *dueSearch) search(ctx context.Context, p part) error {
	void := d.now.Add(store.MaxDue).UnixNano()
	by := int64(atOnce)
	if !d.q.By.IsZero() {
		by, _ = nanos(d.q.By).(int64)
	}
	n := 0
	take := func(row sqlitefile.Row) error {
		var due, number, leased int64
		var phase string
		if err := row.Scan(&due, &number, &leased, &phase); err != nil {
			return err
		}
		if due > void {
			due = atOnce
		}
		if phase == string(store.Sending) && leased == 0 && len(d.q.Phases) > 0 && !slices.Contains(d.q.Phases, store.Uncertain) {
			return nil // it reads as uncertain
		}
		switch {
		case due > by:
			d.later(max(due, leased))
		case leased > 0:
			d.later(leased)
		default:
			d.found = append(d.found, dueHit{due, number})
			if n++; n > d.limit {
				return errEnough
			}
		}
		if due > by {
			return errEnough // those that follow are due later still
		}
		return nil
	}
	planned, voided := p, p
	planned.and("due <= ?", void)
	voided.and("due > ?", void)
	for _, p := range []part{planned, voided} {
		sql := fmt.Sprintf("SELECT due, n, CASE WHEN until IS NULL OR %s THEN 0 ELSE until END, phase%s%s ORDER BY due, n",
			lapsed("?1"), p.from(), p.where)
		if err := d.c.Query(ctx, sql, append([]any{d.now.UnixNano()}, p.args...), take); err != nil && err != errEnough {
			return err
		}
	}
	return nil
}

// later notes when a record is due that is not returned.
func (d *dueSearch) later(t int64) {
	if t == atOnce {
		t = d.now.UnixNano()
	}
	if d.next == 0 || t < d.next {
		d.next = t
	}
}

func (d *dueSearch) list(s *Store) (out store.DueList, err error) {
	slices.SortFunc(d.found, func(a, b dueHit) int { return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.n, b.n)) })
	if len(d.found) > d.limit {
		d.later(d.found[d.limit].due)
		d.found = d.found[:d.limit]
	}
	if d.next != 0 {
		out.Next = time.Unix(0, d.next).UTC()
	}
	for _, hit := range d.found {
		rec, _, err := s.readListed(d.c, hit.n, d.q.WithoutContent, d.now)
		if err != nil {
			return store.DueList{}, err
		}
		out.Records = append(out.Records, rec)
	}
	return out, nil
}
