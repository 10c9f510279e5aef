package pgqueue

import (
	"context"
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wsql "github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/bench/internal/sample"
)

// Watermill is watermill-sql with its default schema, offsets and interval of
// polls, a second.
func Watermill() Kind { return watermillWith("watermill-sql", 0) }

// EagerWatermill polls each 10 ms.
func EagerWatermill() Kind { return watermillWith("watermill-sql, poll 10 ms", 10*time.Millisecond) }

func watermillWith(name string, poll time.Duration) Kind {
	return Kind{Name: name, Open: func(ctx context.Context, dsn string, handle func(int)) (Queue, error) {
		return openWatermill(ctx, dsn, poll, handle)
	}}
}

const topic = "notices"

type watermillQueue struct {
	pool *pgxpool.Pool
	pub  *wsql.Publisher
	sub  *wsql.Subscriber
	done chan struct{}
}

func openWatermill(ctx context.Context, dsn string, poll time.Duration, handle func(int)) (_ *watermillQueue, err error) {
	pool, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			pool.Close()
		}
	}()
	db := wsql.BeginnerFromPgx(pool)
	q := &watermillQueue{pool: pool, done: make(chan struct{})}
	schema := wsql.DefaultPostgreSQLSchema{}
	q.pub, err = wsql.NewPublisher(db, wsql.PublisherConfig{SchemaAdapter: schema}, watermill.NopLogger{})
	if err != nil {
		return nil, err
	}
	q.sub, err = wsql.NewSubscriber(db, wsql.SubscriberConfig{
		PollInterval: poll, SchemaAdapter: schema, OffsetsAdapter: wsql.DefaultPostgreSQLOffsetsAdapter{},
	}, watermill.NopLogger{})
	if err != nil {
		return nil, err
	}
	if err := q.sub.SubscribeInitialize(topic); err != nil {
		return nil, err
	}
	if handle == nil {
		close(q.done)
		return q, nil
	}
	messages, err := q.sub.Subscribe(context.WithoutCancel(ctx), topic)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(q.done)
		for m := range messages {
			n, err := sample.Number(m.UUID)
			if err != nil {
				m.Nack()
				continue
			}
			handle(n)
			m.Ack()
		}
	}()
	return q, nil
}

func (q *watermillQueue) Accept(ctx context.Context, n int) error {
	m := message.NewMessage(sample.ID(n), sample.Body(n))
	m.SetContext(ctx)
	return q.pub.Publish(topic, m)
}

func (q *watermillQueue) Left(ctx context.Context) (int, error) {
	return count(ctx, q.pool, `SELECT count(*) FROM watermill_notices m
		WHERE NOT EXISTS (SELECT FROM watermill_offsets_notices o
			WHERE (m.transaction_id, m."offset") <= (o.last_processed_transaction_id, o.offset_acked))`)
}

func (q *watermillQueue) Close() error {
	err := errors.Join(q.sub.Close(), q.pub.Close())
	<-q.done
	q.pool.Close()
	return err
}
