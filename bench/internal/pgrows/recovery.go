package pgrows

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/internal/pgcluster"
)

// A fault is what happens to a server in the middle of a run.
type fault struct {
	name    string
	grace   time.Duration // from when it begins until everything is as before
	standby bool          // it needs one
	happen  func(ctx context.Context, pg, standby *pgcluster.Cluster) error
}

var faults = []fault{
	{"restart", 5 * time.Second, false, func(ctx context.Context, pg, _ *pgcluster.Cluster) error {
		return pg.Restart(ctx)
	}},
	{"killed backends", 5 * time.Second, false, func(ctx context.Context, pg, _ *pgcluster.Cluster) error {
		return exec(ctx, pg.DSN(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	}},
	{"fail-over", 10 * time.Second, true, func(ctx context.Context, pg, standby *pgcluster.Cluster) error {
		pg.Kill()
		return standby.Promote(ctx)
	}},
}

// Names of figures.
const (
	afterwards = "after ÷ before"
	lost       = "lost"
)

// recoveryRows are the rows of servers that go away for a while.
func recoveryRows() []compare.Row {
	var rows []compare.Row
	for _, f := range faults {
		row := compare.Row{
			Name: "postgres/recovery/" + f.name, Rounds: 3,
			What: fmt.Sprintf("A server of its own, 64 senders, at most %d lives at once; throughput in the five seconds that begin %v after the fault, beside the five before it. Lost is what was accepted and never handled, or was not there any more.", inFlight, f.grace),
		}
		if f.standby {
			row.What += " The server that is killed has a synchronous standby, which takes over at once."
		}
		for _, kind := range []pgqueue.Kind{pgqueue.Plain(), pgqueue.EagerRiver(), pgqueue.Lives()} {
			row.Contenders = append(row.Contenders, compare.Contender{Name: kind.Name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
				return recovering(ctx, t, kind, f)
			}})
		}
		ours := pgqueue.Lives().Name
		row.Goals = []compare.Goal{
			{Of: ours, Figure: afterwards, AtLeast: 0.98},
			{Of: ours, Figure: lost, Zero: true},
		}
		rows = append(rows, row)
	}
	return rows
}

func recovering(ctx context.Context, t compare.Try, kind pgqueue.Kind, f fault) (_ compare.Figures, err error) {
	pg, err := start(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pg.Close()) }()
	dsn := pg.DSN()
	var standby *pgcluster.Cluster
	if f.standby {
		if standby, err = pg.Standby(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, standby.Close()) }()
		dsn = pgcluster.MultiDSN(pg, standby)
	}
	// A fail-over takes back what was lazy and not on the standby yet, such as an
	// outcome: its operation is polled again when the lease ends that it was polled
	// under, after two minutes.
	const patience = 3 * time.Minute
	most := mostLives(time.Minute)
	e := &enduring{handled: newHandled(most), accepted: make([]atomic.Bool, most)}
	e.handled.patience = patience
	handle := e.handled.mark
	if kind.AcceptsOnly {
		handle = nil
	}
	q, err := kind.Open(ctx, dsn, handle)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	part, grace := compare.Pick(t, 5*time.Second, 200*time.Millisecond), compare.Pick(t, f.grace, 500*time.Millisecond)
	var fell error
	var falls sync.WaitGroup
	stop := e.run(ctx, q, handle != nil)
	time.Sleep(part * 7 / 5)
	before := e.done()
	time.Sleep(part)
	middle, began := e.done(), time.Now()
	falls.Go(func() { fell = f.happen(ctx, pg, standby) })
	time.Sleep(time.Until(began.Add(grace)))
	late := e.done()
	time.Sleep(part)
	end := e.done()
	failed := stop()
	falls.Wait()
	if fell != nil {
		return nil, fell
	}
	loadEnded := time.Now()
	missing, err := e.missing(ctx, q)
	if err != nil {
		return nil, err
	}
	return compare.Figures{
		{Name: "before/s", Value: float64(middle-before) / part.Seconds()},
		{Name: afterwards, Value: float64(end-late) / float64(middle-before)},
		{Name: "longest pause ms", Value: load.Millis(time.Duration(e.pause.Load()))},
		{Name: "failed calls", Value: float64(failed)},
		{Name: "all handled after s", Value: time.Since(loadEnded).Seconds()},
		{Name: lost, Value: float64(missing)},
	}, nil
}

// enduring is a load that goes on whatever fails.
type enduring struct {
	handled  *handled
	accepted []atomic.Bool
	accepts  atomic.Int64
	handles  bool
	pause    atomic.Int64 // the longest time in which nothing was done
}

// done is how many lives have ended, or notices were accepted where nobody
// handles them.
func (e *enduring) done() int64 {
	if e.handles {
		return e.handled.n.Load()
	}
	return e.accepts.Load()
}

// run starts the load. What it returns ends it and tells how many calls failed.
func (e *enduring) run(ctx context.Context, q pgqueue.Queue, handles bool) (stop func() int64) {
	e.handles = handles
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	ended := make(chan struct{})
	for range pgqueue.Connections {
		wg.Go(func() {
			for !closed(ended) {
				if handles && e.accepts.Load()-e.handled.n.Load() >= inFlight {
					time.Sleep(time.Millisecond)
					continue
				}
				n := int(next.Add(1)) - 1
				if n >= len(e.accepted) {
					return
				}
				if err := q.Accept(ctx, n); err != nil {
					failed.Add(1)
					time.Sleep(10 * time.Millisecond)
					continue
				}
				e.accepted[n].Store(true)
				e.accepts.Add(1)
			}
		})
	}
	wg.Go(func() {
		last, since := e.done(), time.Now()
		for !closed(ended) {
			time.Sleep(time.Millisecond)
			if now := e.done(); now != last {
				last, since = now, time.Now()
			}
			e.pause.Store(max(e.pause.Load(), int64(time.Since(since))))
		}
	})
	return func() int64 {
		close(ended)
		wg.Wait()
		return failed.Load()
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// missing counts what was accepted and is not there, or, where notices are
// handled, was not handled although nothing else happens any more.
func (e *enduring) missing(ctx context.Context, q pgqueue.Queue) (int, error) {
	var all []int
	for n := range e.accepted {
		if e.accepted[n].Load() {
			all = append(all, n)
		}
	}
	if f, ok := q.(pgqueue.Finder); ok && !e.handles {
		found, err := f.Find(ctx, all)
		return len(all) - found, err
	}
	missing := func() (n int) {
		for _, i := range all {
			if !e.handled.seen[i].Load() {
				n++
			}
		}
		return n
	}
	last, since := missing(), time.Now()
	for last > 0 && time.Since(since) < e.handled.patience {
		time.Sleep(10 * time.Millisecond)
		if now := missing(); now != last {
			last, since = now, time.Now()
		}
	}
	return last, ctx.Err()
}
