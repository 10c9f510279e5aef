package sqlitestore

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

const (
	// purgeSlice bounds how long a purge works in one group of changes, since
	// all others of the group wait for it.
	purgeSlice = 3 * time.Millisecond
	// purgeRead is how many candidates are read at a time.
	purgeRead = 200
	// purgeRows is how many tombstones go in one slice.
	purgeRows = 20
)

// Purge implements [store.Store]. What may be removed is found beside the
// writer and removed in slices of a few milliseconds, each of them durable;
// between two slices whoever waits has a turn. In the end the log is truncated, also
// where only bodies were erased since the last purge.
// If Purge fails half-way, what it has counted is gone and the rest is left.
func (s *Store) Purge(ctx context.Context, tenant string, p store.Retention) (out store.PurgeCount, err error) {
	if err := store.CheckAnyTenant(tenant); err != nil {
		return out, err
	}
	s.locks.Sweep(store.MaxLease)
	end, err := s.file.Aside(ctx)
	if err != nil {
		return out, closed(err)
	}
	defer end()
	tenants := []string{tenant}
	if tenant == store.AnyTenant {
		if tenants, err = s.list(ctx, selTenants+"SELECT name FROM tenants WHERE name IS NOT NULL"); err != nil {
			return out, err
		}
	}
	for _, name := range tenants {
		for _, phase := range []store.Phase{store.Acknowledged, store.Rejected, store.Expired} {
			if err := s.sweep(ctx, sweepEnded, name, phase, p.Ended, p, &out); err != nil {
				return out, err
			}
		}
		if err := s.sweep(ctx, sweepSettled, name, store.Settled, p.Unacknowledged, p, &out); err != nil {
			return out, err
		}
	}
	if tenant != store.AnyTenant && tenant != store.NoTenant {
		tenants = append(tenants, store.NoTenant) // which belongs to every tenant
	}
	for _, name := range tenants {
		if err := s.sweep(ctx, sweepEnded, name, store.Unmatched, p.Unmatched, p, &out); err != nil {
			return out, err
		}
	}
	if err := s.freeKeys(ctx, tenant, p.Keys, &out); err != nil {
		return out, err
	}
	forgotten, err := s.forget(ctx)
	if err != nil {
		return out, err
	}
	shrunk, err := s.shrink(ctx)
	if erased := s.erased.Swap(false); err != nil || out.Total()+out.Keys+forgotten+shrunk == 0 && !erased {
		return out, err
	}
	return out, closed(s.file.Truncate(ctx))
}

const (
	// keepFree is how much of the file stays free, as a share of it and at least
	// in pages: what comes next needs space again.
	keepFree, keepFreePages = 16, 256
	// shrinkPages is how many pages go in one slice, shrinkEvery after how many
	// slices the log is written back.
	shrinkPages, shrinkEvery = 64, 64
)

// shrink gives free space of the file back, in slices, and returns how many. Only
// a file that was made for that when it was new can do so.
func (s *Store) shrink(ctx context.Context) (slices int, err error) {
	for ; ; slices++ {
		var mode, free, pages int64
		err := s.glimpse(ctx, func(c *sqlitefile.Conn) (err error) {
			for name, into := range map[string]*int64{"auto_vacuum": &mode, "freelist_count": &free, "page_count": &pages} {
				if *into, err = c.Int64("PRAGMA " + name); err != nil {
					return err
				}
			}
			return nil
		})
		const incremental = 2
		if spare := free - max(pages/keepFree, keepFreePages); err != nil || mode != incremental || spare < shrinkPages {
			return slices, s.file.Explain("shrink", err)
		}
		vacuum := func(t *tx, _ store.Rules) error {
			return t.tx.Exec("PRAGMA incremental_vacuum(" + strconv.Itoa(shrinkPages) + ")")
		}
		if err := s.slice(ctx, &step{run: vacuum, sync: sqlitefile.Whenever}); err != nil {
			return slices, err
		}
		if slices%shrinkEvery == shrinkEvery-1 {
			if err := closed(s.file.WriteBack(ctx)); err != nil {
				return slices, err
			}
		}
	}
}

// The queries find the next candidates of a tenant and a phase after a
// position, the oldest first. Whether they go is decided by the rules. Settled
// records are found by when their handler runs or ran next, which is never
// before they settled.
const (
	sweepEnded = `SELECT ref, ended, n FROM records INDEXED BY records_ended
		WHERE tenant = ?1 AND phase = ?2 AND ended IS NOT NULL AND (ended, n) > (?3, ?4) AND ended < ?5 ORDER BY ended, n LIMIT ?6`
	sweepSettled = `SELECT ref, due, n FROM records INDEXED BY records_due
		WHERE tenant = ?1 AND phase = ?2 AND due IS NOT NULL AND (due, n) > (?3, ?4) AND due < ?5 ORDER BY due, n LIMIT ?6`
)

type candidate struct {
	ref   string
	at, n int64
}

// sweep removes what a query finds before a time.
func (s *Store) sweep(ctx context.Context, query, tenant string, phase store.Phase, before time.Time, p store.Retention, out *store.PurgeCount) error {
	end, some := nanos(before).(int64)
	if !some {
		return nil
	}
	last := candidate{at: math.MinInt64} // where the last read stopped
	for {
		var list []candidate
		args := []any{tenant, string(phase), last.at, last.n, end, int64(purgeRead)}
		err := s.reading(ctx, func(c *sqlitefile.Conn) error {
			return c.Query(ctx, query, args, func(row sqlitefile.Row) error {
				var c candidate
				err := row.Scan(&c.ref, &c.at, &c.n)
				list = append(list, c)
				return err
			})
		})
		if err != nil || len(list) == 0 {
			return s.file.Explain("purge", err)
		}
		last = list[len(list)-1]
		for len(list) > 0 {
			n, err := s.removeSome(ctx, tenant, list, p, out)
			if err != nil {
				return err
			}
			list = list[n:]
		}
		// What is removed stands on pages all over the file.
		if err := closed(s.file.WriteBack(ctx)); err != nil {
			return err
		}
	}
}

// removeSome removes the first of the candidates in one slice, and returns how
// many it has dealt with.
func (s *Store) removeSome(ctx context.Context, tenant string, list []candidate, p store.Retention, out *store.PurgeCount) (n int, err error) {
	var gone store.PurgeCount
	err = s.slice(ctx, &step{run: func(t *tx, r store.Rules) error {
		gone, n = *out, 0
		for begun := time.Now(); n < len(list) && time.Since(begun) < purgeSlice; n++ {
			err := r.Purge(tenant, list[n].ref, p, &gone)
			if err == nil {
				err = t.flush() // so that it is part of the time
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) { // somebody else may have removed it
				return err
			}
		}
		return nil
	}})
	if err == nil {
		*out = gone
	}
	return n, err
}

// slice runs a step. If others waited for the same group, they get as much time
// without it.
func (s *Store) slice(ctx context.Context, st *step) error {
	begun := time.Now()
	if err := s.do(ctx, st); err != nil || !st.shared {
		return err
	}
	select {
	case <-time.After(min(time.Since(begun), 20*time.Millisecond)):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// selTenants begins a query that uses a table of the tenants that have
// records, each found by one look into an index.
const selTenants = `WITH RECURSIVE tenants(name) AS (
		SELECT min(tenant) FROM records
		UNION ALL SELECT (SELECT min(tenant) FROM records WHERE tenant > name) FROM tenants WHERE name IS NOT NULL
	) `

// selGoneTenants does the same with those that have keys of removed records.
const selGoneTenants = `WITH RECURSIVE tenants(name) AS (
		SELECT min(tenant) FROM tombstones WHERE key IS NOT NULL
		UNION ALL SELECT (SELECT min(tenant) FROM tombstones WHERE key IS NOT NULL AND tenant > name) FROM tenants WHERE name IS NOT NULL
	) `

// list reads a column of text.
func (s *Store) list(ctx context.Context, sql string) (out []string, err error) {
	err = s.reading(ctx, func(c *sqlitefile.Conn) error {
		return c.Query(ctx, sql, nil, func(row sqlitefile.Row) error {
			var text string
			err := row.Scan(&text)
			out = append(out, text)
			return err
		})
	})
	return out, s.file.Explain("list", err)
}

// freeKeys forgets the operations with a key that were removed before a time.
func (s *Store) freeKeys(ctx context.Context, tenant string, before time.Time, out *store.PurgeCount) (err error) {
	end, some := nanos(before).(int64)
	if !some {
		return nil
	}
	tenants := []string{tenant}
	if tenant == store.AnyTenant {
		if tenants, err = s.list(ctx, selGoneTenants+"SELECT name FROM tenants WHERE name IS NOT NULL"); err != nil {
			return err
		}
	}
	for _, name := range tenants {
		n, err := s.removeTombstones(ctx, `DELETE FROM tombstones WHERE ref IN
			(SELECT ref FROM tombstones WHERE tenant = ? AND key IS NOT NULL AND at < ? ORDER BY at LIMIT ?)`, name, end)
		out.Keys += n
		if err != nil {
			return err
		}
	}
	return nil
}

// forget removes tombstones without a key that are older than the
// configuration keeps them.
func (s *Store) forget(ctx context.Context) (int, error) {
	return s.removeTombstones(ctx, `DELETE FROM tombstones WHERE ref IN
		(SELECT ref FROM tombstones WHERE key IS NULL AND at < ? ORDER BY at LIMIT ?)`, time.Now().Add(-s.cfg.KeepTombstones).UnixNano())
}

// removeTombstones repeats a statement, whose last argument is a limit, until
// it finds less.
func (s *Store) removeTombstones(ctx context.Context, sql string, args ...any) (n int, err error) {
	for {
		gone := 0
		err := s.slice(ctx, &step{run: func(t *tx, _ store.Rules) error {
			err := t.exec(sql, append(args[:len(args):len(args)], int64(purgeRows))...)
			if err == nil {
				err = t.flush()
			}
			gone = t.tx.Changes()
			return err
		}})
		if err != nil {
			return n, err
		}
		if n += gone; gone < purgeRows {
			return n, nil
		}
	}
}
