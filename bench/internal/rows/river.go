package rows

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver

	"github.com/vismanet-go/background/bench/internal/sample"
)

// noticeArgs is a notification as a job of River. It is inserted once, as the
// receiver stores it once.
type noticeArgs struct {
	ID   string          `json:"id" river:"unique"`
	Body json.RawMessage `json:"body"`
}

func (noticeArgs) Kind() string { return "notice" }

func riverArgs(n int) noticeArgs { return noticeArgs{ID: sample.ID(n), Body: sample.Body(n)} }

var insertOnce = &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true}}

// riverSetting is how River is run: as it comes, or as fast as it looks.
type riverSetting struct {
	Cooldown, Poll time.Duration
}

// riverOn opens River on a file of its own: WAL, synchronous=FULL, one
// connection as its documentation recommends. With a handler it works jobs.
func riverOn(ctx context.Context, dir string, set riverSetting, handler func(id string)) (c *river.Client[*sql.Tx], stop func() error, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "river.db")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	db.SetMaxOpenConns(1)
	if err := isFull(ctx, db); err != nil {
		return nil, nil, err
	}
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: silent()})
	if err != nil {
		return nil, nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, nil, fmt.Errorf("migrate: %w", err)
	}
	cfg := &river.Config{Logger: silent(), FetchCooldown: set.Cooldown, FetchPollInterval: set.Poll}
	if handler != nil {
		cfg.Workers = river.NewWorkers()
		cfg.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}
		river.AddWorker(cfg.Workers, river.WorkFunc(func(_ context.Context, job *river.Job[noticeArgs]) error {
			handler(job.Args.ID)
			return nil
		}))
	}
	if c, err = river.NewClient(driver, cfg); err != nil {
		return nil, nil, err
	}
	if handler == nil {
		return c, db.Close, nil
	}
	if err := c.Start(ctx); err != nil {
		return nil, nil, err
	}
	return c, func() error {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if err := c.StopAndCancel(end); err != nil {
			return err
		}
		return db.Close()
	}, nil
}

// isFull makes sure that what is compared is durable.
func isFull(ctx context.Context, db *sql.DB) error {
	var mode string
	var level int
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&level); err != nil {
		return err
	}
	if mode != "wal" || level != 2 {
		return fmt.Errorf("journal mode %s, synchronous %d: want wal and 2", mode, level)
	}
	return nil
}

func silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
