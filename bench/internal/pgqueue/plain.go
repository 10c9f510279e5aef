package pgqueue

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/bench/internal/sample"
)

// Plain is the least that a durable accept costs without groups: a table with
// a primary key, and a statement of its own for each row.
func Plain() Kind {
	return Kind{Name: "plain insert", AcceptsOnly: true, Open: func(ctx context.Context, dsn string, _ func(int)) (Queue, error) {
		return openTable(ctx, dsn, `INSERT INTO notices (id, body) VALUES ($1, $2)`, nil)
	}}
}

// Notifying is the insert with a NOTIFY in its transaction, and a LISTEN on a
// connection of its own.
func Notifying() Kind {
	return Kind{Name: "insert with NOTIFY", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		return openTable(ctx, dsn, `WITH stored AS (INSERT INTO notices (id, body) VALUES ($1, $2) RETURNING id) SELECT pg_notify('notices', id) FROM stored`, handle)
	}}
}

// table is a queue that is one table.
type table struct {
	pool   *pgxpool.Pool
	insert string
	stop   context.CancelFunc
	ended  chan error
}

func openTable(ctx context.Context, dsn, insert string, handle func(int)) (*table, error) {
	pool, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	t := &table{pool: pool, insert: insert, stop: func() {}, ended: make(chan error, 1)}
	// Two that create a table at once may both find that it is not there.
	_, err = pool.Exec(ctx, `SELECT pg_advisory_xact_lock(1); CREATE TABLE IF NOT EXISTS notices (id text PRIMARY KEY, body bytea NOT NULL)`)
	if err == nil && handle != nil {
		err = t.listen(ctx, handle)
	} else {
		t.ended <- nil
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return t, nil
}

func (t *table) listen(ctx context.Context, handle func(int)) error {
	c, err := t.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Exec(ctx, `LISTEN notices`); err != nil {
		c.Release()
		return err
	}
	ctx, t.stop = context.WithCancel(context.WithoutCancel(ctx))
	conn := c.Hijack()
	go func() {
		err := listen(ctx, conn, func(id string) error {
			n, err := sample.Number(id)
			if err == nil {
				handle(n)
			}
			return err
		})
		t.ended <- errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}()
	return nil
}

func (t *table) Accept(ctx context.Context, n int) error {
	_, err := t.pool.Exec(ctx, t.insert, sample.ID(n), sample.Body(n))
	return err
}

func (t *table) Left(ctx context.Context) (int, error) {
	return count(ctx, t.pool, `SELECT count(*) FROM notices`)
}

// Find implements [Finder].
func (t *table) Find(ctx context.Context, all []int) (n int, err error) {
	ids := make([]string, len(all))
	for i, n := range all {
		ids[i] = sample.ID(n)
	}
	err = t.pool.QueryRow(ctx, `SELECT count(*) FROM notices WHERE id = ANY($1)`, ids).Scan(&n)
	return n, err
}

func (t *table) Close() error {
	t.stop()
	err := <-t.ended
	t.pool.Close()
	return err
}
