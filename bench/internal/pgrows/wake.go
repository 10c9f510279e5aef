package pgrows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/internal/pgcluster/pgproxy"
)

// Names of figures.
const (
	wakeP50   = "p50 ms"
	wakeP99   = "p99 ms"
	wakeWorst = "worst ms"
)

// wakeRate is how many notices come in a second.
const wakeRate = 200

// settle is how long what was opened has to come to rest.
const settle = 300 * time.Millisecond

// wakeRow is the row of what one process stores and another one waits for.
func wakeRow() compare.Row {
	row := compare.Row{
		Name: "postgres/wake",
		What: "From the moment when a notice is handed to one process until another one that waits for it knows; 200 come in a second, whatever became of those before.",
	}
	for _, kind := range []pgqueue.Kind{pgqueue.Notifying(), pgqueue.River(), pgqueue.EagerRiver(), pgqueue.DBOSQueue(), pgqueue.Watermill(), pgqueue.EagerWatermill(), pgqueue.Receive()} {
		row.Contenders = append(row.Contenders, compare.Contender{Name: kind.Name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			return onDatabase(ctx, t, "", func(dsn string) (compare.Figures, error) {
				return waking(ctx, kind, dsn, dsn, wakeCount(t))
			})
		}})
	}
	ours := pgqueue.Receive().Name
	deaf := ours + ", every NOTIFY lost"
	row.Contenders = append(row.Contenders, compare.Contender{Name: deaf, Run: wakingDeaf})
	row.Goals = []compare.Goal{
		{Of: ours, Figure: wakeP50, AtMost: 2},
		{Of: ours, Figure: wakeP99, AtMost: 25},
		{Of: deaf, Figure: wakeWorst, AtMost: 1500},
	}
	return row
}

// waking measures n notices.
func waking(ctx context.Context, kind pgqueue.Kind, here, there string, n int) (compare.Figures, error) {
	took, err := newWakes(n).between(ctx, kind, here, there)
	if err != nil {
		return nil, err
	}
	return wakeFigures(took), nil
}

// wakingDeaf measures what the store does where notifications of the server get
// lost on their way to the process that waits.
func wakingDeaf(ctx context.Context, t compare.Try) (compare.Figures, error) {
	return onProxy(ctx, t, func(dsn, there string, proxy *pgproxy.Proxy) (compare.Figures, error) {
		proxy.DropNotifications(true)
		figures, err := waking(ctx, pgqueue.Receive(), dsn, there, wakeCount(t))
		if err == nil && proxy.Counts().Dropped == 0 {
			err = errors.New("no NOTIFY came by that could be lost")
		}
		return figures, err
	})
}

func wakeCount(t compare.Try) int { return compare.Pick(t, 5*wakeRate, 50) }

func wakeFigures(took []time.Duration) compare.Figures {
	return compare.Figures{
		{Name: wakeP50, Value: load.Millis(load.Quantile(took, 0.5))},
		{Name: wakeP99, Value: load.Millis(load.Quantile(took, 0.99))},
		{Name: wakeWorst, Value: load.Millis(load.Quantile(took, 1))},
	}
}

// wakes measures notices that come at a steady rate.
type wakes struct {
	from    int // number of the first notice
	handled *handled
	sent    []time.Time
	at      []time.Time
}

func newWakes(n int) *wakes {
	return &wakes{handled: newHandled(n), sent: make([]time.Time, n), at: make([]time.Time, n)}
}

// woken is what handlers call.
func (w *wakes) woken(n int) {
	if n -= w.from; n < 0 || n >= len(w.at) {
		return
	}
	now := time.Now()
	if !w.handled.seen[n].Load() {
		w.at[n] = now
		w.handled.mark(n)
	}
}

// between opens a queue twice, accepts the notices in one and has them handled
// in the other, whose DSN may lead elsewhere.
func (w *wakes) between(ctx context.Context, kind pgqueue.Kind, here, there string) ([]time.Duration, error) {
	waiting, err := kind.Open(ctx, there, w.woken)
	if err != nil {
		return nil, err
	}
	sending, err := kind.Open(ctx, here, nil)
	if err != nil {
		return nil, errors.Join(err, waiting.Close())
	}
	if p, ok := sending.(pgqueue.Preparer); ok {
		if err := p.Prepare(ctx, w.from, len(w.at)); err != nil {
			return nil, errors.Join(err, sending.Close(), waiting.Close())
		}
	}
	time.Sleep(settle) // until what was prepared has woken whom it wakes
	if e, ok := waiting.(pgqueue.Expecter); ok {
		e.Expect(w.from, len(w.at))
	}
	took, err := w.measure(ctx, sending)
	return took, errors.Join(err, sending.Close(), waiting.Close())
}

// measure returns how long it took from when each notice should have been
// sent, sorted.
func (w *wakes) measure(ctx context.Context, q pgqueue.Queue) ([]time.Duration, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	begun := time.Now()
	for i := range w.sent {
		w.sent[i] = begun.Add(time.Duration(i) * time.Second / wakeRate)
		time.Sleep(time.Until(w.sent[i]))
		wg.Go(func() {
			if err := q.Accept(ctx, w.from+i); err != nil {
				stop(err)
			}
		})
	}
	wg.Wait()
	if err := w.handled.until(ctx, len(w.at)); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	took := make([]time.Duration, len(w.at))
	for i := range took {
		if took[i] = w.at[i].Sub(w.sent[i]); took[i] < 0 {
			return nil, fmt.Errorf("notice %d woke somebody %v before it was sent", w.from+i, -took[i])
		}
	}
	slices.Sort(took)
	return took, nil
}
