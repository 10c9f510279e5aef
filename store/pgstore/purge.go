package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

const (
	// purgeRows is how many records go in one transaction, and purgePause the pause
	// between two as a share of what the last one took: others have their turn.
	purgeRows  = 200
	purgePause = 1
)

// Purge implements [store.Store]. It works in transactions of a few hundred records,
// beside the goroutine that writes. What others have locked is left for the next
// purge. If it fails half-way, what it has counted is gone and the rest is left. The
// space is the server's again once it has vacuumed.
func (s *Store) Purge(ctx context.Context, tenant string, p store.Retention) (out store.PurgeCount, err error) {
	if err := store.CheckAnyTenant(tenant); err != nil {
		return out, err
	}
	tenants := []string{column(tenant)} // as columns have them
	if tenant == store.AnyTenant {
		if tenants, err = s.tenants(ctx, "~records"); err != nil {
			return out, err
		}
	}
	for _, name := range tenants {
		for _, phase := range []store.Phase{store.Acknowledged, store.Rejected, store.Expired} {
			if err := s.sweep(ctx, name, phase, p.Ended, p, &out); err != nil {
				return out, err
			}
		}
		if err := s.sweep(ctx, name, store.Settled, p.Unacknowledged, p, &out); err != nil {
			return out, err
		}
	}
	if tenant != store.AnyTenant && tenant != store.NoTenant {
		tenants = append(tenants, column(store.NoTenant)) // which belongs to every tenant
	}
	for _, name := range tenants {
		if err := s.sweep(ctx, name, store.Unmatched, p.Unmatched, p, &out); err != nil {
			return out, err
		}
	}
	if err := s.freeKeys(ctx, tenant, p.Keys, &out); err != nil {
		return out, err
	}
	_, err = s.removeTombstones(ctx, "DELETE FROM ~tombstones WHERE ref = ANY (ARRAY(SELECT ref FROM ~tombstones WHERE key IS NULL AND at < $1 ORDER BY at LIMIT $2))",
		time.Now().Add(-s.cfg.KeepTombstones).UnixNano())
	return out, err
}

// sweepEnded finds candidates in the order of lists: what has not ended by then was
// created shortly before, so that few are passed over.
const sweepEnded = `SELECT created, ref FROM ~records WHERE tenant = $1 AND phase = $2 AND (created, ref) > ($3, $4) AND created < $5 AND ended < $5
	ORDER BY created, ref LIMIT $6`

// sweep removes what ended before a time.
func (s *Store) sweep(ctx context.Context, tenant string, phase store.Phase, before time.Time, p store.Retention, out *store.PurgeCount) error {
	if before.IsZero() {
		return nil
	}
	last := hit{at: atOnce}
	for {
		var list []hit
		err := s.glimpse(ctx, func(g *glimpse) error {
			list = list[:0]
			return g.send(statement{sql: sweepEnded, args: []any{tenant, string(phase), last.at, last.ref, *nanos(before), purgeRows}, row: collect(&list)})
		})
		if err != nil || len(list) == 0 {
			return err
		}
		last = list[len(list)-1]
		begun := time.Now()
		if err := s.purge(ctx, list, p, out); err != nil {
			return err
		}
		if err := pause(ctx, time.Since(begun)*purgePause); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// purge removes the candidates that the rules let go, in one transaction.
func (s *Store) purge(ctx context.Context, list []hit, p store.Retention, out *store.PurgeCount) error {
	refs := make([]string, len(list))
	for i, h := range list {
		refs[i] = h.ref
	}
	return s.reading(ctx, func(ctx context.Context) error {
		for tries := 0; ; tries++ {
			gone := *out
			err := s.alone(ctx, refs, func(v *view) error {
				for _, ref := range refs {
					one := gone
					switch err := v.purge(ref, p, &one); {
					case err == nil:
						gone = one
					case errors.Is(err, errBlocked): // somebody is at it
					default:
						return err
					}
				}
				return nil
			})
			if err == nil {
				*out = gone
			}
			if !isCollision(err) || tries == maxTries {
				return err
			}
		}
	})
}

func (v *view) purge(ref string, p store.Retention, out *store.PurgeCount) error {
	r, err := v.load(ref)
	if err != nil || !r.here {
		return err
	}
	return v.step(func(_ *view, rules store.Rules) error { return rules.Purge(r.rec.Tenant, r.rec.Ref, p, out) })
}

// alone runs a function in a transaction of its own, which waits for no lock.
func (s *Store) alone(ctx context.Context, refs []string, f func(*view) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	v := s.newView(ctx, pgxQuerier{conn.Conn()})
	defer func() {
		if v.broken != nil || ctx.Err() != nil {
			rollBack(conn)
		}
	}()
	list := append([]statement{{sql: begin}, {sql: settings}}, v.rowReaders(refs)...)
	list = append(list, statement{sql: "SELECT clock_timestamp()", row: func(scan func(...any) error) error { return scan(&v.now) }})
	if err := v.send(list...); err != nil {
		return err
	}
	v.now = v.now.UTC()
	if err := f(v); err != nil {
		rollBack(conn)
		return err
	}
	writes, err := v.writes()
	if err != nil {
		rollBack(conn)
		return err
	}
	return v.send(append(writes, statement{sql: "COMMIT"})...)
}

// tenants lists the tenants of a table, as columns have them, each found by one look into an index.
func (s *Store) tenants(ctx context.Context, table string) (out []string, err error) {
	where := ""
	if table == "~tombstones" {
		where = " AND key IS NOT NULL"
	}
	sql := "WITH RECURSIVE t (name) AS ((SELECT tenant FROM " + table + " WHERE true" + where + " ORDER BY tenant LIMIT 1)" +
		" UNION ALL SELECT (SELECT tenant FROM " + table + " WHERE tenant > name" + where + " ORDER BY tenant LIMIT 1) FROM t WHERE name IS NOT NULL)" +
		" SELECT name FROM t WHERE name IS NOT NULL"
	err = s.glimpse(ctx, func(g *glimpse) error {
		out = nil
		return g.send(statement{sql: sql, row: func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			out = append(out, name)
			return err
		}})
	})
	return out, err
}

// freeKeys forgets the operations with a key that were removed before a time.
func (s *Store) freeKeys(ctx context.Context, tenant string, before time.Time, out *store.PurgeCount) (err error) {
	if before.IsZero() {
		return nil
	}
	tenants := []string{column(tenant)}
	if tenant == store.AnyTenant {
		if tenants, err = s.tenants(ctx, "~tombstones"); err != nil {
			return err
		}
	}
	for _, name := range tenants {
		n, err := s.removeTombstones(ctx, `DELETE FROM ~tombstones WHERE ref = ANY (ARRAY
			(SELECT ref FROM ~tombstones WHERE tenant = $1 AND key IS NOT NULL AND at < $2 ORDER BY at LIMIT $3))`, name, *nanos(before))
		out.Keys += n
		if err != nil {
			return err
		}
	}
	return nil
}

// removeTombstones repeats a statement, whose last argument is a limit, until it finds
// less.
func (s *Store) removeTombstones(ctx context.Context, sql string, args ...any) (n int, err error) {
	for {
		gone := 0
		err := s.read(ctx, statement{
			sql: "WITH gone AS (" + sql + " RETURNING 1) SELECT count(*) FROM gone", args: append(args[:len(args):len(args)], purgeRows),
			row: func(scan func(...any) error) error { return scan(&gone) },
		})
		if err != nil {
			return n, err
		}
		if n += gone; gone < purgeRows {
			return n, nil
		}
	}
}
