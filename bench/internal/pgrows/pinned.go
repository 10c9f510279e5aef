package pgrows

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/pgstore"
)

// Pinned is for how long each contender of postgres/pinned runs.
var Pinned = 30 * time.Second

// A pin holds something open in a database until release is called, and with it
// every version of a row that is newer.
type pin struct {
	name string
	hold func(ctx context.Context, dsn string) (release func() error, err error)
}

var (
	unpinned   = pin{"nothing open", func(context.Context, string) (func() error, error) { return func() error { return nil }, nil }}
	idleWriter = pin{"a writing transaction left idle", holdWriter}
	readers    = pin{"4 long readers", holdReaders}
	enqueuing  = pin{"EnqueueTx left open", holdEnqueue}
	completing = pin{"CompleteTx left open", holdComplete}
)

// pinnedRow is the row of what others leave open.
func pinnedRow() compare.Row {
	row := compare.Row{
		Name: "postgres/pinned", Rounds: 3,
		What: fmt.Sprintf("Whole lives, 64 senders and at most %d at once, for %v while something is left open in the same database: throughput in the last half of that time; then wake-ups of another process at %d a second. A dash: none came.", inFlight, Pinned, wakeRate),
	}
	name := func(who string, p pin) string { return who + ": " + p.name }
	add := func(who string, kind, wake pgqueue.Kind, pins ...pin) {
		for _, p := range pins {
			row.Contenders = append(row.Contenders, compare.Contender{Name: name(who, p), Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
				return pinned(ctx, t, kind, wake, p)
			}})
		}
	}
	const ours = "client and receiver"
	river, mill := pgqueue.EagerRiver(), pgqueue.EagerWatermill()
	add(ours, pgqueue.Lives(), pgqueue.Receive(), unpinned, idleWriter, enqueuing, completing, readers)
	add(river.Name, river, river, unpinned, idleWriter, readers)
	add(mill.Name, mill, mill, unpinned, idleWriter, readers)
	for _, p := range []pin{idleWriter, enqueuing, completing, readers} {
		row.Goals = append(row.Goals,
			compare.Goal{Of: name(ours, p), To: name(ours, unpinned), Figure: throughput, AtLeast: 0.95},
			compare.Goal{Of: name(ours, p), To: name(ours, unpinned), Figure: wakeP99, AtMost: 2})
	}
	return row
}

// pinned has whole lives run while something is held open, and then measures
// how late another process knows.
func pinned(ctx context.Context, t compare.Try, kind, wake pgqueue.Kind, p pin) (figures compare.Figures, err error) {
	pg, err := server(ctx, t)
	if err != nil {
		return nil, err
	}
	// Within half a minute the dead rows are to be cleared away where that can
	// be done, as they are within the default minute in production.
	restore, err := setting(ctx, pg, "autovacuum_naptime", "5s")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return onDatabase(ctx, t, "", func(dsn string) (_ compare.Figures, err error) {
		length := compare.Pick(t, Pinned, 600*time.Millisecond)
		l := &lives{handled: newHandled(mostLives(length + length/3))}
		q, err := kind.Open(ctx, dsn, l.handled.mark)
		if err != nil {
			return nil, err
		}
		if _, err := l.run(ctx, q, length/3, 1); err != nil { // so that there is something to read
			return nil, errors.Join(err, q.Close())
		}
		release, err := p.hold(ctx, dsn)
		if err != nil {
			return nil, errors.Join(err, q.Close())
		}
		defer func() { err = errors.Join(err, release()) }()
		rates, err := l.run(ctx, q, length, 2)
		if err := errors.Join(err, q.Close()); err != nil {
			return nil, err
		}
		w := newWakes(compare.Pick(t, 5*wakeRate, 20))
		w.from = int(l.accepted.Load())
		w.handled.patience = compare.Pick(t, 10*time.Second, time.Second)
		took, err := w.between(ctx, wake, dsn, dsn)
		figures := compare.Figures{{Name: throughput, Value: rates[1]}}
		if errors.Is(err, errStalled) {
			never := math.Inf(1)
			return append(figures, compare.Figure{Name: wakeP50, Value: never}, compare.Figure{Name: wakeP99, Value: never}), nil
		}
		return append(figures, wakeFigures(took)...), err
	})
}

// holdWriter leaves a transaction idle that has written.
func holdWriter(ctx context.Context, dsn string) (func() error, error) {
	return holdTx(ctx, dsn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE of_somebody_else (n int); INSERT INTO of_somebody_else VALUES (1)`)
		return err
	})
}

// holdEnqueue leaves a transaction open that has enqueued an operation, with a
// key and in a sequence.
func holdEnqueue(ctx context.Context, dsn string) (func() error, error) {
	return holdStoreTx(ctx, dsn, func(st *pgstore.Store, tx pgx.Tx) error {
		rec := sample.Record(math.MaxInt32)
		rec.Phase, rec.Key, rec.Sequence = store.Queued, "held", "held"
		_, err := st.EnqueueTx(ctx, pgstore.Pgx(tx), rec, sample.Body(0))
		return err
	})
}

// holdComplete leaves a transaction open that has acknowledged an outcome.
func holdComplete(ctx context.Context, dsn string) (func() error, error) {
	return holdStoreTx(ctx, dsn, func(st *pgstore.Store, tx pgx.Tx) error {
		ref := sample.KeptRef(store.Settled, 0)
		if err := sample.Life(ctx, st, ref, math.MaxInt32, store.Settled); err != nil {
			return err
		}
		lease, _, err := st.Acquire(ctx, sample.Tenant, ref, "bench", store.ToRun, store.MaxLease)
		if err != nil {
			return err
		}
		return st.CompleteTx(ctx, pgstore.Pgx(tx), lease)
	})
}

func holdStoreTx(ctx context.Context, dsn string, work func(*pgstore.Store, pgx.Tx) error) (func() error, error) {
	st, err := pgqueue.OpenStore(ctx, dsn)
	if err != nil {
		return nil, err
	}
	end, err := holdTx(ctx, dsn, func(tx pgx.Tx) error { return work(st, tx) })
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return func() error { return errors.Join(end(), st.Close()) }, nil
}

// holdTx leaves a transaction open after some work, until end rolls it back.
func holdTx(ctx context.Context, dsn string, work func(pgx.Tx) error) (end func() error, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	end = func() error { return errors.Join(tx.Rollback(ctx), conn.Close(ctx)) }
	if err := work(tx); err != nil {
		return nil, errors.Join(err, end())
	}
	return end, nil
}

// holdReaders has four transactions read the largest table over and over, each
// as it was in the beginning, a page of it every 50 ms.
func holdReaders(ctx context.Context, dsn string) (func() error, error) {
	var table string
	err := query(ctx, dsn, `SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text NOT LIKE 'pg\_%'
		AND relnamespace <> 'information_schema'::regnamespace ORDER BY pg_total_relation_size(oid) DESC LIMIT 1`, &table)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() { errs[i] = readOverAndOver(ctx, dsn, table) })
	}
	return func() error {
		stop()
		wg.Wait()
		return errors.Join(errs...)
	}, nil
}

func readOverAndOver(ctx context.Context, dsn, table string) error {
	open := context.WithoutCancel(ctx)
	conn, err := pgx.Connect(open, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(open)
	if _, err := conn.Exec(open, `BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE c SCROLL CURSOR FOR SELECT * FROM `+table); err != nil {
		return err
	}
	for ctx.Err() == nil {
		tag, err := conn.Exec(open, `FETCH 100 FROM c`)
		if err == nil && tag.RowsAffected() < 100 {
			_, err = conn.Exec(open, `MOVE ABSOLUTE 0 FROM c`)
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
