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

const throughput = "lives/s"

// lifeRow is the row of whole lives.
func lifeRow() compare.Row {
	row := compare.Row{
		Name: "postgres/life/64",
		What: "From the accept until its handler has run and that is recorded: 64 senders in a closed loop, and as many handlers as come; the time ends when the last one has run.",
	}
	for _, kind := range []pgqueue.Kind{pgqueue.River(), pgqueue.EagerRiver(), pgqueue.DBOS(), pgqueue.DBOSQueue(), pgqueue.Watermill(), pgqueue.EagerWatermill(), pgqueue.Steps(), pgqueue.Lives()} {
		row.Contenders = append(row.Contenders, compare.Contender{Name: kind.Name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			return onDatabase(ctx, t, "", func(dsn string) (compare.Figures, error) {
				return living(ctx, kind, dsn, load.Loop{Senders: pgqueue.Connections, For: compare.Pick(t, 3*time.Second, 250*time.Millisecond)})
			})
		}})
	}
	for _, ours := range []string{pgqueue.Steps().Name, pgqueue.Lives().Name} {
		row.Goals = append(row.Goals, compare.Goal{Of: ours, To: pgqueue.River().Name, Figure: throughput, AtLeast: 10, Smoke: 0.02})
	}
	return row
}

// mostLives is more than there can be in a time.
func mostLives(length time.Duration) int { return int(50_000*length.Seconds()) + 1<<16 }

// living has notices be accepted for a while, and waits until all of them were
// handled.
func living(ctx context.Context, kind pgqueue.Kind, dsn string, loop load.Loop) (compare.Figures, error) {
	h := newHandled(mostLives(loop.For))
	q, err := kind.Open(ctx, dsn, h.mark)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	tally, err := loop.Run(ctx, func(ctx context.Context, _, n int) error { return q.Accept(ctx, n) })
	if err == nil {
		err = h.until(ctx, len(tally.Took))
	}
	elapsed := time.Since(begun)
	if err = errors.Join(err, recorded(ctx, q, err), q.Close()); err != nil {
		return nil, err
	}
	return compare.Figures{
		{Name: throughput, Value: float64(len(tally.Took)) / elapsed.Seconds()},
		{Name: "accept p50 ms", Value: load.Millis(load.Quantile(tally.Took, 0.5))},
		{Name: "accept p99 ms", Value: load.Millis(load.Quantile(tally.Took, 0.99))},
	}, nil
}

// recorded waits until nothing is left that was not marked as handled, unless
// something went wrong before.
func recorded(ctx context.Context, q pgqueue.Queue, before error) error {
	if before != nil {
		return nil
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		n, err := q.Left(ctx)
		if err != nil || n == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d notices were handled and never marked", n)
		}
	}
}
