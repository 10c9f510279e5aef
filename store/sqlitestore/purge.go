package sqlitestore

import (
	"context"
	"database/sql/driver"
	"math"
	"time"

	"github.com/vismanet-go/background/store"
)

// purgeStep is how much a purge removes at a time, so that other changes get
// their turn in between.
const purgeStep = 200

// Purge implements [store.Store]. It works in small steps, each of them
// durable, and truncates the log in the end. If it fails half-way, what it
// counts is gone and the rest is left.
func (s *Store) Purge(ctx context.Context, tenant string, before time.Time) (removed int, err error) {
	ended, n := int64(math.MinInt64), int64(0) // where the last step stopped
	for more := true; more; {
		var gone int
		err := s.change(ctx, func(t *tx, r store.Rules) (err error) {
			gone = 0
			more, ended, n, err = t.purge(r, tenant, before, ended, n, &gone)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += gone
	}
	forgotten, err := s.forget(ctx)
	if err != nil || removed+forgotten == 0 {
		return removed, err
	}
	return removed, s.do(ctx, &step{alone: func(c *conn) error {
		_, err := c.one("PRAGMA wal_checkpoint(TRUNCATE)")
		return s.explain("checkpoint", err)
	}})
}

// purge removes the next records after the position (ended, n) and returns
// the new one.
func (t *tx) purge(r store.Rules, tenant string, before time.Time, ended, n int64, gone *int) (more bool, e, m int64, err error) {
	type candidate struct {
		tenant, ref string
	}
	var list []candidate
	end, _ := nanos(before).(int64)
	err = t.query(func(row []driver.Value) error {
		ten, _ := row[0].(string)
		ref, _ := row[1].(string)
		ended, _ = row[2].(int64)
		n, _ = row[3].(int64)
		list = append(list, candidate{ten, ref})
		return nil
	}, `SELECT tenant, ref, ended, n FROM records
		WHERE ended IS NOT NULL AND (ended, n) > (?1, ?2) AND ended <= ?3 AND (?4 = '' OR tenant = ?4)
		ORDER BY ended, n LIMIT ?5`, ended, n, end, tenant, int64(purgeStep))
	for _, c := range list {
		if err != nil {
			break
		}
		var ok bool
		if ok, err = r.Purge(c.tenant, c.ref, before); ok {
			*gone++
		}
	}
	return len(list) == purgeStep, ended, n, err
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
