package pgstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/vismanet-go/background/store"
)

// Due implements [store.Store]. The records are found in the order of an index, those
// of some kinds that settled or expired in that of an index by kind.
func (s *Store) Due(ctx context.Context, tenant string, q store.DueQuery) (out store.DueList, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return out, err
	}
	err = s.glimpse(ctx, func(g *glimpse) (err error) {
		d := dueSearch{glimpse: g, q: q, limit: max(0, cmp.Or(q.Limit, 100)), by: atOnce}
		if by := nanos(q.By); by != nil {
			d.by = *by
		}
		out, err = d.search(dueParts(tenant, q))
		return err
	})
	return out, err
}

// duePart is a range of an index by due time.
type duePart struct {
	part
	phase store.Phase
}

// dueParts are the ranges that hold what q is about.
func dueParts(tenant string, q store.DueQuery) (out []duePart) {
	kinds := slices.Compact(slices.Sorted(slices.Values(q.Kinds)))
	for _, phase := range allPhases {
		wanted := len(q.Phases) == 0 || slices.Contains(q.Phases, phase) || phase == store.Sending && slices.Contains(q.Phases, store.Uncertain)
		if !wanted {
			continue
		}
		p := duePart{newPart(tenant, phase), phase}
		p.and(" AND due IS NOT NULL")
		if phase != store.Settled && phase != store.Expired || len(kinds) == 0 {
			p.ofKinds(kinds)
			out = append(out, p)
			continue
		}
		p.and(" AND phase IN ('settled', 'expired')")
		for _, kind := range kinds {
			p := p
			p.and(" AND kind = ?", column(kind))
			out = append(out, p)
		}
	}
	return out
}

// dueSearch collects what is due.
type dueSearch struct {
	*glimpse
	q     store.DueQuery
	limit int
	by    int64
	found []hit
	next  int64 // when one is due that is not returned, 0 if there is none
}

func (d *dueSearch) search(list []duePart) (out store.DueList, err error) {
	void := d.now.Add(store.MaxDue).UnixNano()
	var ready, busy []statement
	later := func(scan func(...any) error) error {
		var at *int64
		err := scan(&at)
		if at != nil {
			d.later(*at)
		}
		return err
	}
	add := func(to *[]statement, form string, p part, row func(func(...any) error) error) {
		*to = append(*to, statement{sql: fmt.Sprintf(form, p.where), args: p.args, row: row})
	}
	for _, p := range list {
		// What is being sent and has lost its lease reads as uncertain.
		hidden := p.phase == store.Sending && len(d.q.Phases) > 0 && !slices.Contains(d.q.Phases, store.Uncertain)
		planned, voided, future, leased := p.part, p.part, p.part, p.part
		if !hidden {
			planned.and(" AND due <= ? AND due <= ?", d.by, void)
			planned.free(d.now)
			planned.and(" ORDER BY due, ref LIMIT ?", d.limit+1)
			add(&ready, "SELECT due, ref FROM ~records%s", planned, collect(&d.found))
			voided.and(" AND due > ?", void)
			voided.free(d.now)
			voided.and(" ORDER BY due, ref LIMIT ?", d.limit+1)
			add(&ready, fmt.Sprintf("SELECT '%d'::bigint, ref FROM ~records%%s", int64(atOnce)), voided, collect(&d.found))
		}
		future.and(" AND due > ? AND due <= ?", d.by, void)
		if hidden {
			future.leased(d.now)
		}
		future.and(" ORDER BY due, ref LIMIT 1")
		add(&ready, "SELECT greatest(due, CASE WHEN phase = 'sending' THEN until ELSE due END) FROM ~records%s", future, later)
		leased.and(" AND (due <= ? OR due > ?)", d.by, void)
		leased.leased(d.now)
		add(&busy, "SELECT min(until) FROM ~records%s", leased, later)
	}
	if err := d.send(ready...); err != nil {
		return out, err
	}
	slices.SortFunc(d.found, compareHits)
	if len(d.found) > d.limit {
		// Those that are leased are later than this one.
		d.later(d.found[d.limit].at)
		d.found = d.found[:d.limit]
	} else if err := d.send(busy...); err != nil {
		return out, err
	}
	if d.next != 0 {
		out.Next = timeOf(d.next)
	}
	out.Records, err = d.records(d.found, d.q.WithoutContent)
	return out, err
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
