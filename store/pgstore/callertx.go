package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/store"
)

// Tx is a transaction of the application, on the database that the store is in: see
// [Pgx] and [SQL].
type Tx struct{ db querier }

// Pgx is a transaction of pgx.
func Pgx(tx pgx.Tx) Tx { return Tx{pgxQuerier{tx}} }

// SQL is a transaction of database/sql, with any driver for PostgreSQL.
func SQL(tx *sql.Tx) Tx { return Tx{sqlQuerier{tx}} }

// EnqueueTx is [Store.Enqueue] in a transaction of the application: the operation is
// there once that is committed, and never was if it is rolled back. Nothing is sent
// before. The isolation level has to be READ COMMITTED, which is the default.
//
// Until the transaction ends, others wait who enqueue or create with the same Key, or
// enqueue in the same Sequence, or record the success of what stands in it: keep it
// short. A Key and a Sequence each take one lock of the server's table of locks
// (max_locks_per_transaction), so that a transaction should not enqueue more than a
// few thousand.
//
// Most callers want client.Client.Enqueue with SubmitOptions.Within, which [Store.Within]
// returns.
func (s *Store) EnqueueTx(ctx context.Context, tx Tx, rec store.Record, body []byte) (out store.Record, err error) {
	err = s.within(ctx, tx, s.forNew(rec), func(r store.Rules) (err error) {
		out, err = r.Enqueue(rec, body)
		return err
	})
	if err != nil {
		return store.Record{}, err
	}
	return out, nil
}

// CompleteTx acknowledges the outcome of an operation, or a delivery, in a transaction
// of the application, under the lease of the run of its handler, which is
// client.Completion.Lease. What the handler writes in the same transaction takes
// effect exactly once: if the lease was lost, CompleteTx returns [store.ErrFenced] and
// the transaction has to be rolled back; if it is rolled back for another reason, the
// handler runs again; and once it is committed, it never does.
//
// Call it last: until the transaction ends the lease cannot be renewed. A handler
// returns nil only if the transaction was committed. The isolation level has to be
// READ COMMITTED, which is the default.
func (s *Store) CompleteTx(ctx context.Context, tx Tx, l store.Lease) error {
	var n needs
	n.ref(l.Ref)
	return s.within(ctx, tx, n, func(r store.Rules) error {
		_, err := r.Decide(l, store.AcknowledgeDecision{})
		return err
	})
}

// Within returns what enqueues in a transaction of the application, see
// [Store.EnqueueTx].
func (s *Store) Within(tx Tx) store.Enqueuer { return enqueuer{s, tx} }

type enqueuer struct {
	s  *Store
	tx Tx
}

func (e enqueuer) Enqueue(ctx context.Context, rec store.Record, body []byte) (store.Record, error) {
	return e.s.EnqueueTx(ctx, e.tx, rec, body)
}

// within carries out one step in a transaction of the application. It waits for locks
// as long as others have them. What fails is not written, and the transaction can go
// on, unless the error is the server's.
func (s *Store) within(ctx context.Context, tx Tx, n needs, rule func(store.Rules) error) error {
	if tx.db == nil {
		return &store.InvalidError{Field: "Tx", Want: "must be made by Pgx or SQL"}
	}
	v := s.newView(ctx, tx.db)
	v.block = true
	var level string
	list := []statement{{sql: "SELECT current_setting('transaction_isolation')", row: func(scan func(...any) error) error { return scan(&level) }}}
	if len(n.names) > 0 {
		list = append(list, statement{sql: lockNames, args: []any{n.names}, row: func(scan func(...any) error) error {
			var void any
			return scan(&void)
		}})
	}
	list = append(list, v.idFinders(n.ids)...)
	list = append(list, v.keyFinders(n.tenants, n.keys)...)
	list = append(list, v.rowReaders(columnsOf(n.refs))...)
	var now time.Time
	list = append(list, statement{sql: "SELECT clock_timestamp()", row: func(scan func(...any) error) error { return scan(&now) }})
	if err := v.send(list...); err != nil {
		return explain(err)
	}
	if level != "read committed" {
		return fmt.Errorf("the transaction is %s: %w", level, errIsolation)
	}
	v.now = now.UTC()
	err := v.step(func(_ *view, r store.Rules) error { return rule(r) })
	switch _, conflict := errors.AsType[*store.ConflictError](err); {
	case v.broken != nil:
		return explain(v.broken)
	case err != nil && !conflict:
		return err
	}
	list, failed := v.writes()
	if failed == nil {
		failed = v.send(append(list, statement{sql: strictly})...)
	}
	if failed != nil {
		return explain(failed)
	}
	return err
}

// strictly has a transaction that another setting makes lazy be on disk, and on the
// standby where there is one to wait for, when it is committed.
const strictly = "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)"

var errIsolation = errors.New("want READ COMMITTED, in which a change that others have committed meanwhile is seen once its row is locked")
