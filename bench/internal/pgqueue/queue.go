// Package pgqueue has the ways to keep work in PostgreSQL that are compared:
// those of others, as their documentation says, and statements by hand as the
// floor. What is kept are the notifications of package sample.
package pgqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Queue keeps notices until they are handled.
type Queue interface {
	// Accept stores the n-th notice. It is durable when Accept returns.
	Accept(ctx context.Context, n int) error
	// Left counts the notices that are stored and not marked as handled yet.
	Left(ctx context.Context) (int, error)
	Close() error
}

// A Preparer is a [Queue] that can only accept what it was prepared for.
type Preparer interface {
	// Prepare has it be ready for n notices from one on.
	Prepare(ctx context.Context, from, n int) error
}

// An Expecter is a [Queue] that hands out only what it is told to wait for.
type Expecter interface {
	// Expect has it wait for n notices from one on, which are accepted later.
	Expect(from, n int)
}

// A Finder is a [Queue] that can say what it has.
type Finder interface {
	// Find counts those of the notices that are stored.
	Find(ctx context.Context, all []int) (int, error)
}

// A Kind is one way to keep work.
type Kind struct {
	Name string
	// Open opens it on a database. With a function it also hands out the
	// notices that any process accepts, several at once; when the function
	// returns, the notice is marked as handled, where this is done at all.
	Open func(ctx context.Context, dsn string, handle func(n int)) (Queue, error)
	// AcceptsOnly says that nothing is ever handed out.
	AcceptsOnly bool
}

// Connections are how many each queue may use to accept.
const Connections = 64

// workers are how many notices are handled at once, as in the examples of
// River; spare are connections for what hands them out.
const (
	workers = 100
	spare   = 8
)

// connect opens a pool whose connections are all there.
func connect(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = Connections + spare
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := warm(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return pool, nil
}

// warm has every connection be made: each is held until all are there.
func warm(ctx context.Context, pool *pgxpool.Pool) error {
	var all, done sync.WaitGroup
	errs := make([]error, Connections)
	all.Add(len(errs))
	for i := range errs {
		done.Go(func() {
			c, err := pool.Acquire(ctx)
			all.Done()
			if errs[i] = err; err == nil {
				all.Wait()
				c.Release()
			}
		})
	}
	done.Wait()
	return errors.Join(errs...)
}

// count runs a query that counts.
func count(ctx context.Context, pool *pgxpool.Pool, sql string) (n int, err error) {
	err = pool.QueryRow(ctx, sql).Scan(&n)
	return n, err
}

// listen calls f with each payload of a channel until ctx is done.
func listen(ctx context.Context, conn *pgx.Conn, f func(payload string) error) error {
	for {
		n, err := conn.WaitForNotification(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(n.Payload); err != nil {
			return err
		}
	}
}
