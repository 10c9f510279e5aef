package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
)

// Stats tells how much a store holds, and how it fares.
type Stats struct {
	// Phases counts the records of all tenants by the phase that they read as.
	Phases map[store.Phase]int
	// OldestDue is the earliest time at which a record was or is due, zero if none is
	// planned. Records that only a notification told of do not count, nor those that
	// are due without a time.
	OldestDue time.Time
	// Tombstones is the number of purged operations that are remembered, as the
	// server estimates it.
	Tombstones int
	// Bytes is the size of the tables and indexes.
	Bytes int64
	// Waiting is how many changes of this process wait to be written, and Blocked how
	// many of these wait for a lock that another transaction holds, or for the server.
	Waiting, Blocked int
	// Deaf says that notifications of the server do not arrive, so that watchers look
	// again each second.
	Deaf bool
}

// Stats tells what the store holds. Its work grows with all records: a million take
// about a tenth of a second.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	out := Stats{Waiting: int(s.pending.Load()), Blocked: int(s.delayed.Load()), Deaf: s.heard.lost.Load()}
	err := s.glimpse(ctx, func(g *glimpse) error {
		out.Phases = make(map[store.Phase]int)
		p := part{}
		p.and("SELECT phase = 'sending' AND NOT "+leased+" AS lapsed, phase, count(*) FROM ~records GROUP BY 1, 2", g.now.UnixNano(), g.now.UnixNano())
		var due *int64
		err := g.send(
			statement{sql: "SELECT set_config('enable_sort', 'on', true), set_config('enable_seqscan', 'on', true)"},
			statement{sql: p.where, args: p.args, row: func(scan func(...any) error) error {
				var lapsed bool
				var phase string
				var n int
				err := scan(&lapsed, &phase, &n)
				if lapsed {
					phase = string(store.Uncertain)
				}
				out.Phases[store.Phase(phase)] += n
				return err
			}},
			statement{sql: "SELECT min(due) FROM ~records WHERE due > $1 AND phase <> 'unmatched'", args: []any{int64(atOnce)}, row: func(scan func(...any) error) error { return scan(&due) }},
			statement{
				sql: `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint, coalesce(max(c.reltuples) FILTER (WHERE c.relname = 'tombstones'), 0)::bigint
				FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'`, args: []any{s.cfg.Schema},
				row: func(scan func(...any) error) error { return scan(&out.Bytes, &out.Tombstones) },
			},
		)
		out.Tombstones = max(0, out.Tombstones)
		if due != nil {
			if out.OldestDue = timeOf(*due); out.OldestDue.After(g.now.Add(store.MaxDue)) {
				out.OldestDue = g.now // no clock that is right plans that far ahead
			}
		}
		return err
	})
	return out, err
}

// Health returns nil if the store can be read, the last change was written and
// notifications arrive, else why not. A change that waits for a transaction of somebody
// else is no fault of the store: the log tells of it after five seconds, and
// [Stats].Blocked counts it.
func (s *Store) Health(ctx context.Context) error {
	if err := s.read(ctx, statement{sql: "SELECT FROM ~records LIMIT 1"}); err != nil {
		return err
	}
	if f := s.failed.Load(); f != nil && time.Since(f.at) < healthy {
		return fmt.Errorf("%w: the last change failed %s ago: %w", ErrUnavailable, time.Since(f.at).Round(time.Second), explain(f.err))
	}
	if s.heard.lost.Load() {
		return fmt.Errorf("notifications of PostgreSQL do not arrive on channel %s: behind a pooler, ListenDSN has to lead to the server itself", s.channel)
	}
	return nil
}

// healthy is after what time a failure no longer tells of the present: no change was
// tried since.
const healthy = time.Minute
