package pgrows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
)

// Names of figures.
const (
	commits = "commits/life"
	wal     = "WAL kB/life"
)

// costRow is the row of what the server does for a whole life.
func costRow() compare.Row {
	row := compare.Row{
		Name: "postgres/cost", Rounds: 3,
		What: "What the server counts for each whole life, 64 senders in a closed loop. Commits are those that write; transactions are those that only read as well. WAL is without images of whole pages, which depend on the time between checkpoints.",
	}
	for _, kind := range []pgqueue.Kind{pgqueue.River(), pgqueue.EagerRiver(), pgqueue.DBOS(), pgqueue.Watermill(), pgqueue.EagerWatermill(), pgqueue.Steps(), pgqueue.Lives()} {
		row.Contenders = append(row.Contenders, compare.Contender{Name: kind.Name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			return onDatabase(ctx, t, "", func(dsn string) (compare.Figures, error) { return costing(ctx, t, kind, dsn) })
		}})
	}
	for _, ours := range []string{pgqueue.Steps().Name, pgqueue.Lives().Name} {
		row.Goals = append(row.Goals,
			compare.Goal{Of: ours, Figure: commits, AtMost: 0.3, Smoke: 3},
			compare.Goal{Of: ours, Figure: wal, AtMost: 6, Smoke: 20})
	}
	return row
}

// costing runs a queue three times: to have its tables made, with few lives and
// with many. What the last time cost more than the one before is that of the
// lives; what it costs to open and close a queue is in both. They are closed
// before the server is asked, because its processes tell their counts when they
// end, or seconds later.
func costing(ctx context.Context, t compare.Try, kind pgqueue.Kind, dsn string) (_ compare.Figures, err error) {
	pg, err := server(ctx, t)
	if err != nil {
		return nil, err
	}
	restore, err := setting(ctx, pg, "full_page_writes", "off")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	few, many := compare.Pick(t, 1000, 50), compare.Pick(t, 11_000, 550)
	var spent [3]counters
	next := 0
	for i, lives := range []int{few, few, many} {
		before, err := readCounters(ctx, dsn)
		if err != nil {
			return nil, err
		}
		if err := livesFrom(ctx, kind, dsn, next, lives); err != nil {
			return nil, err
		}
		next += lives
		after, err := readCounters(ctx, dsn)
		if err != nil {
			return nil, err
		}
		spent[i] = after.minus(before)
	}
	return spent[2].minus(spent[1]).figures(many - few), nil
}

// livesFrom runs whole lives of the notices from one on.
func livesFrom(ctx context.Context, kind pgqueue.Kind, dsn string, from, n int) error {
	h := newHandled(n)
	q, err := kind.Open(ctx, dsn, func(n int) { h.mark(n - from) })
	if err != nil {
		return err
	}
	loop := load.Loop{Senders: pgqueue.Connections, For: time.Hour, Max: n}
	_, err = loop.Run(ctx, func(ctx context.Context, _, i int) error { return q.Accept(ctx, from+i) })
	if err == nil {
		err = h.until(ctx, n)
	}
	return errors.Join(err, recorded(ctx, q, err), q.Close())
}

// counters are what the server counts. Transactions are those of one database,
// the others are those of the server, on which nothing else runs.
type counters struct {
	transactions, commits, syncs, wal int64
}

func (c counters) minus(d counters) counters {
	return counters{c.transactions - d.transactions, c.commits - d.commits, c.syncs - d.syncs, c.wal - d.wal}
}

func (c counters) figures(n int) compare.Figures {
	per := func(v int64) float64 { return float64(v) / float64(n) }
	return compare.Figures{
		{Name: commits, Value: per(c.commits)},
		{Name: "transactions/life", Value: per(c.transactions)},
		{Name: "syncs/life", Value: per(c.syncs)},
		{Name: wal, Value: per(c.wal) / 1000},
	}
}

// readCounters reads them when nobody else is on the database any more. The
// number of transactions that write is that of the ids they were given.
func readCounters(ctx context.Context, dsn string) (c counters, err error) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var others, version int
		err = query(ctx, dsn, `SELECT count(*), current_setting('server_version_num')::int FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`, &others, &version)
		switch {
		case err != nil:
			return c, err
		case others > 0 && time.Now().After(end):
			return c, fmt.Errorf("%d connections are left", others)
		case others > 0:
			continue
		}
		syncs := `(SELECT wal_sync FROM pg_stat_wal)`
		if version >= 180_000 {
			syncs = `(SELECT sum(fsyncs)::int8 FROM pg_stat_io WHERE object = 'wal')`
		}
		err = query(ctx, dsn, `SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
			pg_snapshot_xmax(pg_current_snapshot())::text::int8, `+syncs+`, pg_current_wal_insert_lsn() - '0/0'::pg_lsn`,
			&c.transactions, &c.commits, &c.syncs, &c.wal)
		return c, err
	}
}
