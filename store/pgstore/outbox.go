package pgstore

import (
	"cmp"
	"context"

	"github.com/vismanet-go/background/store"
)

// GetSequence implements [store.Store].
func (s *Store) GetSequence(ctx context.Context, tenant, name string) (out store.Sequence, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return out, err
	}
	found := false
	err = s.glimpse(ctx, func(g *glimpse) error {
		out = store.Sequence{Tenant: tenant, Name: name}
		found = false
		args := []any{column(tenant), column(name)}
		err := g.send(statement{sql: selSequence, args: args, row: func(scan func(...any) error) error {
			found = true
			return scan(&out.Last, &out.Done, &out.Waiting)
		}})
		if err != nil || !found {
			return err
		}
		var head []hit
		err = g.send(statement{sql: "SELECT place, ref FROM ~records WHERE tenant = $1 AND sequence = $2 AND place > $3 ORDER BY place LIMIT 1", args: append(args, int64(out.Done)), row: collect(&head)})
		if err != nil || len(head) == 0 {
			return err
		}
		list, err := g.records(head, true)
		if err == nil {
			out.Head = list[0]
		}
		return err
	})
	switch {
	case err != nil:
		return store.Sequence{}, err
	case !found:
		return store.Sequence{}, store.ErrNotFound
	}
	return out, nil
}

// Sequences implements [store.Store].
func (s *Store) Sequences(ctx context.Context, tenant string, q store.SequenceQuery) (out []store.Sequence, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	// The head stands right behind what is done.
	p := part{args: []any{column(tenant), column(q.After)}, where: ` FROM ~sequences s
		CROSS JOIN LATERAL (SELECT * FROM ~records r WHERE r.tenant = s.tenant AND r.sequence = s.name AND r.place = s.done + 1) AS r
		WHERE s.tenant = $1 AND s.waiting > 0 AND s.name > $2`}
	err = s.glimpse(ctx, func(g *glimpse) error {
		out = nil
		p := p
		if q.Stopped {
			p.and(" AND (r.phase NOT IN ('queued', 'sending', 'accepted') OR r.phase = 'sending' AND NOT "+leased+")", g.now.UnixNano(), g.now.UnixNano())
		}
		p.and(" ORDER BY s.name LIMIT ?", max(0, cmp.Or(q.Limit, 100)))
		return g.send(statement{sql: "SELECT s.name, s.last, s.done, s.waiting, r.fixed, r.learnt, r.doc" + p.where, args: p.args, row: func(scan func(...any) error) error {
			q := store.Sequence{Tenant: tenant}
			var d documents
			if err := scan(&q.Name, &q.Last, &q.Done, &q.Waiting, &d.fixed, &d.learnt, &d.doc); err != nil {
				return err
			}
			rec, err := decode(d)
			if rec.Outcome != nil {
				rec.Outcome.Content = nil
			}
			q.Name, q.Head = rec.Sequence, rec.At(g.now)
			out = append(out, q)
			return err
		}})
	})
	return out, err
}
