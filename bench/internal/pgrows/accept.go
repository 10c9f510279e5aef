package pgrows

import (
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
)

// acceptRow is the row of durable accepts.
func acceptRow() compare.Row {
	row := compare.Row{
		Name: "postgres/accept/64",
		What: "A record or a notification of 615 bytes is committed and synced when the call returns; 64 senders in a closed loop, and 64 connections for each of the others.",
	}
	for _, kind := range []pgqueue.Kind{pgqueue.Plain(), pgqueue.Notifying(), pgqueue.River(), pgqueue.DBOSQueue(), pgqueue.Watermill(), pgqueue.Create(), pgqueue.Receive()} {
		row.Contenders = append(row.Contenders, compare.Contender{Name: kind.Name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			return onDatabase(ctx, t, "", func(dsn string) (compare.Figures, error) { return accepting(ctx, t, kind, dsn) })
		}})
	}
	for _, ours := range []string{pgqueue.Create().Name, pgqueue.Receive().Name} {
		row.Goals = append(row.Goals, compare.Goal{Of: ours, To: pgqueue.Plain().Name, Figure: load.Rate, AtLeast: 2, Smoke: 0.02})
	}
	return row
}

func accepting(ctx context.Context, t compare.Try, kind pgqueue.Kind, dsn string) (compare.Figures, error) {
	q, err := kind.Open(ctx, dsn, nil)
	if err != nil {
		return nil, err
	}
	loop := load.Loop{Senders: pgqueue.Connections, For: compare.Pick(t, 3*time.Second, 250*time.Millisecond)}
	if p, ok := q.(pgqueue.Preparer); ok {
		loop.Max = compare.Pick(t, 30_000, 1000)
		if err := p.Prepare(ctx, 0, loop.Max); err != nil {
			return nil, errors.Join(err, q.Close())
		}
	}
	tally, err := loop.Run(ctx, func(ctx context.Context, _, n int) error { return q.Accept(ctx, n) })
	return tally.Figures(), errors.Join(err, q.Close())
}
