package pgqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/vismanet-go/background/bench/internal/sample"
)

// River is River with its defaults.
func River() Kind { return riverWith("River", 0, 0) }

// EagerRiver is River as fast as it fetches.
func EagerRiver() Kind {
	return riverWith("River, cooldown 1 ms, poll 10 ms", time.Millisecond, 10*time.Millisecond)
}

func riverWith(name string, cooldown, poll time.Duration) Kind {
	return Kind{Name: name, Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		return openRiver(ctx, dsn, &river.Config{Logger: silent(), FetchCooldown: cooldown, FetchPollInterval: poll}, handle)
	}}
}

// riverNotice is a notice as a job. It is unique by its id, as the receiver's
// notifications are.
type riverNotice struct {
	ID   string          `json:"id" river:"unique"`
	Body json.RawMessage `json:"body"`
}

func (riverNotice) Kind() string { return "notice" }

type riverQueue struct {
	pool *pgxpool.Pool
	c    *river.Client[pgx.Tx]
	stop func() error
}

func openRiver(ctx context.Context, dsn string, cfg *river.Config, handle func(int)) (_ *riverQueue, err error) {
	pool, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	q := &riverQueue{pool: pool, stop: func() error { return nil }}
	defer func() {
		if err != nil {
			pool.Close()
		}
	}()
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: silent()})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	if handle != nil {
		cfg.Workers = river.NewWorkers()
		cfg.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}}
		river.AddWorker(cfg.Workers, river.WorkFunc(func(_ context.Context, job *river.Job[riverNotice]) error {
			n, err := sample.Number(job.Args.ID)
			if err == nil {
				handle(n)
			}
			return err
		}))
	}
	if q.c, err = river.NewClient(driver, cfg); err != nil || handle == nil {
		return q, err
	}
	if err := q.c.Start(ctx); err != nil {
		return nil, err
	}
	q.stop = func() error {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return q.c.Stop(end)
	}
	return q, nil
}

func (q *riverQueue) Accept(ctx context.Context, n int) error {
	_, err := q.c.Insert(ctx, riverNotice{ID: sample.ID(n), Body: sample.Body(n)}, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}})
	return err
}

func (q *riverQueue) Left(ctx context.Context) (int, error) {
	return count(ctx, q.pool, `SELECT count(*) FROM river_job WHERE state <> 'completed'`)
}

func (q *riverQueue) Close() error {
	err := q.stop()
	q.pool.Close()
	return err
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
