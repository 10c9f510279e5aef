package pgrows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/pgqueue"
	"github.com/vismanet-go/background/bench/internal/sample"
	"github.com/vismanet-go/background/store"
)

// purgeRow is the row of what is removed while others are served.
func purgeRow() compare.Row {
	const (
		alone   = "16 senders"
		beside  = "16 senders, during a purge"
		worst   = "worst ms"
		removed = "removed/s"
	)
	row := compare.Row{
		Name: "postgres/purge", Rounds: 2,
		What: "A record is stored, by 16 senders in a closed loop, while 1 000 000 acknowledged records with keys are purged, and without that.",
	}
	run := func(ctx context.Context, t compare.Try, purging bool) (compare.Figures, error) {
		keeps := holds{acknowledged: compare.Pick(t, 1_000_000, 2000)}
		template, err := filled(ctx, t, row.Name, func(dsn string) error { return fillOurs(ctx, dsn, keeps) })
		if err != nil {
			return nil, err
		}
		return onDatabase(ctx, t, template, func(dsn string) (compare.Figures, error) {
			st, err := pgqueue.OpenStore(ctx, dsn)
			if err != nil {
				return nil, err
			}
			loop := load.Loop{Senders: 16, For: compare.Pick(t, 5*time.Second, 200*time.Millisecond)}
			tally, took, err := creating(ctx, st, loop, purging, keeps.acknowledged)
			figures := append(tally.Speed(), compare.Figure{Name: worst, Value: load.Millis(load.Quantile(tally.Took, 1))})
			if purging {
				figures = append(figures, compare.Figure{Name: removed, Value: float64(keeps.acknowledged) / took.Seconds()})
			}
			return figures, errors.Join(err, st.Close())
		})
	}
	row.Contenders = []compare.Contender{
		{Name: alone, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) { return run(ctx, t, false) }},
		{Name: beside, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) { return run(ctx, t, true) }},
	}
	row.Goals = []compare.Goal{
		{Of: beside, Figure: worst, AtMost: 50},
		{Of: beside, To: alone, Figure: load.P50, AtMost: 4, Smoke: 100},
	}
	return row
}

// creating stores records for a while, or for as long as a purge takes.
func creating(ctx context.Context, st store.Store, loop load.Loop, purging bool, ended int) (_ load.Tally, took time.Duration, err error) {
	work, stop := context.WithCancel(ctx)
	defer stop()
	purged := make(chan error, 1)
	if purging {
		loop.For = time.Hour
		go func() {
			begun := time.Now()
			n, err := st.Purge(ctx, sample.Tenant, store.Retention{Ended: time.Now().Add(time.Hour)})
			if took = time.Since(begun); err == nil && n.Ended != ended {
				err = fmt.Errorf("purged %+v, want %d", n, ended)
			}
			purged <- err
			stop()
		}()
	} else {
		purged <- nil
	}
	tally, err := loop.Run(ctx, func(ctx context.Context, _, i int) error {
		if work.Err() != nil {
			return errPurged
		}
		_, err := st.Create(ctx, sample.Record(i), "bench", time.Minute)
		return err
	})
	if errors.Is(err, errPurged) {
		err = nil
	}
	err = errors.Join(err, <-purged)
	return tally, took, err
}

var errPurged = errors.New("the purge has ended")
