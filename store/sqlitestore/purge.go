package sqlitestore

import (
	"context"
	"database/sql/driver"
	"math"
	"time"

	"github.com/vismanet-go/background/store"
)

// purgeStep is how much a purge looks at in one step, so that other changes
// get their turn in between.
const purgeStep = 200

// Purge implements [store.Store]. It works in small steps, each of them
// durable, and truncates the log in the end. If it fails half-way, what it
// counts is gone and the rest is left.
func (s *Store) Purge(ctx context.Context, tenant string, p store.Retention) (out store.PurgeCount, err error) {
	tenants := []string{tenant}
	if tenant == "" {
		if tenants, err = s.tenants(ctx); err != nil {
			return out, err
		}
	}
	if err = s.sweep(ctx, sweepEnded, tenant, p.Ended, p, &out); err != nil {
		return out, err
	}
	for _, name := range tenants {
		if err = s.sweep(ctx, sweepSettled, name, p.Unacknowledged, p, &out); err != nil {
			return out, err
		}
	}
	if tenant != "" {
		tenants = append(tenants, "") // of what nobody named a tenant
	}
	for _, name := range tenants {
		if err = s.sweep(ctx, sweepHeard, name, p.Heard, p, &out); err != nil {
			return out, err
		}
	}
	forgotten, err := s.forget(ctx)
	if err != nil || out.Total()+forgotten == 0 {
		return out, err
	}
	return out, s.do(ctx, &step{alone: func(c *conn) error {
		_, err := c.one("PRAGMA wal_checkpoint(TRUNCATE)")
		return s.explain("checkpoint", err)
	}})
}

// The queries find the next candidates after a position, the oldest first.
// Whether they go is decided by the rules. Settled records are found by when
// their handler runs or ran next, which is never before they settled.
const (
	sweepEnded = `SELECT tenant, ref, ended, n FROM records
		WHERE ended IS NOT NULL AND phase <> 'heard' AND (ended, n) > (?1, ?2) AND ended < ?3 AND (?4 = '' OR tenant = ?4)
		ORDER BY ended, n LIMIT ?5`
	sweepSettled = `SELECT tenant, ref, due, n FROM records
		WHERE tenant = ?4 AND phase = 'settled' AND due IS NOT NULL AND (due, n) > (?1, ?2) AND due < ?3
		ORDER BY due, n LIMIT ?5`
	sweepHeard = `SELECT tenant, ref, ended, n FROM records INDEXED BY records_phase
		WHERE tenant = ?4 AND phase = 'heard' AND (ended, n) > (?1, ?2) AND ended < ?3
		ORDER BY ended, n LIMIT ?5`
)

// sweep removes what a query finds before a time, step by step.
func (s *Store) sweep(ctx context.Context, query, tenant string, before time.Time, p store.Retention, out *store.PurgeCount) error {
	end, some := nanos(before).(int64)
	if !some {
		return nil
	}
	at, n := int64(math.MinInt64), int64(0) // where the last step stopped
	for more := true; more; {
		var gone store.PurgeCount
		err := s.change(ctx, func(t *tx, r store.Rules) error {
			gone = *out
			list, err := t.candidates(query, at, n, end, tenant)
			for _, c := range list {
				if err != nil {
					return err
				}
				at, n = c.at, c.n
				err = r.Purge(c.tenant, c.ref, p, &gone)
			}
			more = len(list) == purgeStep
			return err
		})
		if err != nil {
			return err
		}
		*out = gone
	}
	return nil
}

type candidate struct {
	tenant, ref string
	at, n       int64
}

func (t *tx) candidates(query string, at, n, end int64, tenant string) (list []candidate, err error) {
	err = t.query(func(row []driver.Value) error {
		var c candidate
		c.tenant, _ = row[0].(string)
		c.ref, _ = row[1].(string)
		c.at, _ = row[2].(int64)
		c.n, _ = row[3].(int64)
		list = append(list, c)
		return nil
	}, query, at, n, end, tenant, int64(purgeStep))
	return list, err
}

// tenants lists those that have records, each found by one look into an
// index.
func (s *Store) tenants(ctx context.Context) (out []string, err error) {
	err = s.reading(ctx, func(c *conn) error {
		return c.Query(ctx, func(row []driver.Value) error {
			name, ok := row[0].(string)
			if ok {
				out = append(out, name)
			}
			return nil
		}, `WITH RECURSIVE tenants(name) AS (
			SELECT min(tenant) FROM records
			UNION ALL SELECT (SELECT min(tenant) FROM records WHERE tenant > name) FROM tenants WHERE name IS NOT NULL
		) SELECT name FROM tenants`)
	})
	return out, s.explain("list the tenants", err)
}

// forget removes tombstones without a key that are older than the
// configuration keeps them.
func (s *Store) forget(ctx context.Context) (forgotten int, err error) {
	for {
		var gone int64
		err := s.change(ctx, func(t *tx, _ store.Rules) error {
			before := t.Now().Add(-s.cfg.KeepTombstones).UnixNano()
			oldest, err := t.w.c.number("SELECT coalesce(min(at), ?1) FROM tombstones WHERE key IS NULL", before)
			if err != nil || oldest >= before {
				return err
			}
			err = t.exec(`DELETE FROM tombstones WHERE ref IN
				(SELECT ref FROM tombstones WHERE key IS NULL AND at < ? ORDER BY at LIMIT ?)`, before, int64(purgeStep))
			if err == nil {
				err = t.flush()
			}
			if err == nil {
				gone, err = t.w.c.number("SELECT changes()")
			}
			return err
		})
		forgotten += int(gone)
		if err != nil || gone < purgeStep {
			return forgotten, err
		}
	}
}
