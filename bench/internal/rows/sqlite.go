package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/sample"
)

// SQLite are the rows of durable accepts.
func SQLite() []compare.Row {
	return []compare.Row{acceptRow(1), acceptRow(64)}
}

// Names of contenders.
const (
	floorName   = "grouped append + fdatasync"
	createName  = "client: record stored before it is sent"
	receiveName = "receiver: notification stored"
	riverName   = "River, SQLite, FULL"
)

func acceptRow(senders int) compare.Row {
	row := compare.Row{
		Name: fmt.Sprintf("sqlite/accept/%d", senders),
		What: fmt.Sprintf("A record or a notification of %d bytes is on disk when the call returns; senders in a closed loop: %d.", sample.Bytes, senders),
	}
	run := func(setup func(ctx context.Context, t compare.Try) (call func(context.Context, int) error, most int, stop func() error, err error)) func(context.Context, compare.Try) (compare.Figures, error) {
		return func(ctx context.Context, t compare.Try) (compare.Figures, error) {
			call, most, stop, err := setup(ctx, t)
			if err != nil {
				return nil, err
			}
			loop := load.Loop{Senders: senders, For: compare.Pick(t, 2*time.Second, 250*time.Millisecond), Max: most}
			tally, err := loop.Run(ctx, func(ctx context.Context, _, n int) error { return call(ctx, n) })
			if end := stop(); err == nil {
				err = end
			}
			return tally.Figures(), err
		}
	}
	row.Contenders = []compare.Contender{
		{Name: floorName, Run: run(func(_ context.Context, t compare.Try) (func(context.Context, int) error, int, func() error, error) {
			l, err := openLog(t.Dir)
			if err != nil {
				return nil, 0, nil, err
			}
			return func(_ context.Context, n int) error { return l.append(sample.Body(n)) }, 0, l.close, nil
		})},
		{Name: createName, Run: run(func(ctx context.Context, t compare.Try) (func(context.Context, int) error, int, func() error, error) {
			st, err := openStore(ctx, t.Dir)
			if err != nil {
				return nil, 0, nil, err
			}
			return func(ctx context.Context, n int) error {
				_, err := st.Create(ctx, sample.Record(n), "bench", time.Minute)
				return err
			}, 0, st.Close, nil
		})},
		{Name: receiveName, Run: run(func(ctx context.Context, t compare.Try) (func(context.Context, int) error, int, func() error, error) {
			most := compare.Pick(t, 12000*min(senders, 4)/4, 1500)
			p, err := newPlant(ctx, t.Dir, most)
			if err != nil {
				return nil, 0, nil, err
			}
			return p.take, most, p.st.Close, nil
		})},
		{Name: riverName, Run: run(func(ctx context.Context, t compare.Try) (func(context.Context, int) error, int, func() error, error) {
			c, stop, err := riverOn(ctx, t.Dir, riverSetting{}, nil)
			if err != nil {
				return nil, 0, nil, err
			}
			return func(ctx context.Context, n int) error {
				_, err := c.Insert(ctx, riverArgs(n), insertOnce)
				return err
			}, 0, stop, nil
		})},
	}
	for _, ours := range []string{createName, receiveName} {
		if senders == 1 {
			row.Goals = append(row.Goals, compare.Goal{Of: ours, To: floorName, Figure: load.P50, AtMost: 1.5, Smoke: 10})
			continue
		}
		row.Goals = append(row.Goals,
			compare.Goal{Of: ours, To: floorName, Figure: load.Rate, AtLeast: 0.4, Smoke: 0.04},
			compare.Goal{Of: ours, To: riverName, Figure: load.Rate, AtLeast: 8, Smoke: 2})
	}
	return row
}
