package sqlitestore

import (
	"context"
	"strconv"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// Stats tells how much a store holds.
type Stats struct {
	// Phases counts the records of all tenants by the phase that they read as.
	Phases map[store.Phase]int
	// OldestDue is the earliest time at which a record was or is due, zero if
	// none is planned. Records that only a notification told of do not count, nor
	// those that are due without a time.
	OldestDue time.Time
	// Tombstones is the number of purged operations that are remembered.
	Tombstones int
	// Bytes is the size of the file, Free how much of it is empty.
	Bytes, Free int64
}

// Stats tells what the store holds. Its work grows with the number of tenants
// and of records that are being sent, and not with that of all records.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	out := Stats{Phases: make(map[store.Phase]int)}
	err := s.glimpse(ctx, func(c *sqlitefile.Conn) error { return out.read(ctx, c) })
	return out, s.file.Explain("stats", err)
}

func (o *Stats) read(ctx context.Context, c *sqlitefile.Conn) error {
	now := time.Now()
	err := c.Query(ctx, "SELECT name, count FROM counts WHERE count > 0", nil, func(row sqlitefile.Row) error {
		var phase string
		var n int
		err := row.Scan(&phase, &n)
		if phase == "tombstone" {
			o.Tombstones += n
		} else {
			o.Phases[store.Phase(phase)] += n
		}
		return err
	})
	if err != nil {
		return err
	}
	if o.Phases[store.Sending] > 0 {
		// Those whose sender vanished read as uncertain.
		n, err := c.Int64(selTenants+"SELECT count(*) FROM tenants CROSS JOIN records ON tenant = name AND phase = 'sending' AND "+lapsed("?1"), now.UnixNano())
		if err != nil {
			return err
		}
		o.Phases[store.Sending] -= int(n)
		o.Phases[store.Uncertain] += int(n)
	}
	for phase, n := range o.Phases {
		if n == 0 {
			delete(o.Phases, phase)
		}
	}
	due, err := oldestDue(c)
	if err != nil {
		return err
	}
	if due != 0 {
		if o.OldestDue = time.Unix(0, due); o.OldestDue.After(now.Add(store.MaxDue)) {
			o.OldestDue = now // no clock that is right plans that far ahead
		}
	}
	var sizes [3]int64
	for i, pragma := range []string{"page_size", "page_count", "freelist_count"} {
		if sizes[i], err = c.Int64("PRAGMA " + pragma); err != nil {
			return err
		}
	}
	o.Bytes, o.Free = sizes[0]*sizes[1], sizes[0]*sizes[2]
	return nil
}

// oldestDue is the earliest due time, 0 if there is none. In the index the
// first one of each tenant and phase is found by one look.
func oldestDue(c *sqlitefile.Conn) (int64, error) {
	return c.Int64(`SELECT coalesce(min(first), 0) FROM (SELECT (SELECT due FROM records INDEXED BY records_due
			WHERE tenant = counts.tenant AND phase = counts.name AND due > ? ORDER BY due LIMIT 1) AS first
		FROM counts WHERE count > 0 AND name <> 'unmatched')`, int64(atOnce))
}

// Health returns nil if the file can be read and the last change was written,
// else why not. Only after a change that failed does it write, to see whether
// the cause is gone.
func (s *Store) Health(ctx context.Context) error {
	if s.file.LastError() != nil {
		err := s.change(ctx, func(t *tx, _ store.Rules) error {
			return t.exec("PRAGMA user_version = " + strconv.Itoa(schemaVersion))
		})
		if err != nil {
			return err
		}
	}
	return s.reading(ctx, func(c *sqlitefile.Conn) error {
		_, err := c.Int64("SELECT n FROM records LIMIT 1")
		return s.file.Explain("read", err)
	})
}

// Check reads the whole file and reports damage with [ErrCorrupt]. It takes
// seconds for a file of hundreds of megabytes; others go on meanwhile.
func (s *Store) Check(ctx context.Context) error { return closed(s.file.Check(ctx)) }
