package pgqueue

import (
	"context"
	"errors"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/bench/internal/sample"
)

// DBOS runs a workflow for each notice, in the process that accepts it.
func DBOS() Kind {
	return Kind{Name: "DBOS, workflow", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		return openDBOS(ctx, dsn, false, handle)
	}}
}

// DBOSQueue has one of DBOS's queues between the two, with its default interval
// of polls.
func DBOSQueue() Kind {
	return Kind{Name: "DBOS, queue", Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		return openDBOS(ctx, dsn, true, handle)
	}}
}

type dbosNotice struct {
	ID   string
	Body []byte
}

type dbosQueue struct {
	pool *pgxpool.Pool
	ctx  dbos.Context
	work dbos.Workflow[dbosNotice, bool]
	opts []dbos.WorkflowOption
}

// openDBOS opens an application. Without a function it runs no workflows.
func openDBOS(ctx context.Context, dsn string, queued bool, handle func(int)) (_ *dbosQueue, err error) {
	pool, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			pool.Close()
		}
	}()
	q := &dbosQueue{pool: pool}
	q.ctx, err = dbos.NewContext(context.WithoutCancel(ctx), dbos.Config{
		AppName: "bench", ApplicationVersion: "1", SystemDBPool: pool, Logger: silent(),
	})
	if err != nil {
		return nil, err
	}
	q.work = func(_ dbos.Context, notice dbosNotice) (bool, error) {
		n, err := sample.Number(notice.ID)
		if err == nil {
			handle(n)
		}
		return err == nil, err
	}
	dbos.RegisterWorkflow(q.ctx, q.work, dbos.WithWorkflowName("notice"))
	queue, err := dbos.RegisterQueue(q.ctx, "notices")
	if err != nil {
		return nil, errors.Join(err, dbos.Shutdown(q.ctx, 10*time.Second))
	}
	if handle == nil {
		dbos.ListenQueues(q.ctx, "none")
	}
	if queued || handle == nil {
		q.opts = append(q.opts, dbos.WithQueue(queue))
	}
	if err := dbos.Launch(q.ctx); err != nil {
		return nil, errors.Join(err, dbos.Shutdown(q.ctx, 10*time.Second))
	}
	return q, nil
}

func (q *dbosQueue) Accept(ctx context.Context, n int) error {
	id := sample.ID(n)
	_, err := dbos.RunWorkflow(q.ctx, q.work, dbosNotice{id, sample.Body(n)}, append(q.opts[:len(q.opts):len(q.opts)], dbos.WithWorkflowID(id))...)
	return errors.Join(err, ctx.Err())
}

func (q *dbosQueue) Left(ctx context.Context) (int, error) {
	return count(ctx, q.pool, `SELECT count(*) FROM dbos.workflow_status WHERE status <> 'SUCCESS'`)
}

func (q *dbosQueue) Close() error {
	err := dbos.Shutdown(q.ctx, 10*time.Second)
	q.pool.Close()
	return err
}
