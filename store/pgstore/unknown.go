package pgstore

import (
	"context"
	"time"

	"github.com/vismanet-go/background/store"
)

// A connection that ends while a transaction is being committed leaves open whether
// it was. A second Enqueue would then be a second invoice, so it is found out.

const (
	// endOld ends the process of the server that may still be committing.
	endOld = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND xact_start = $2 AND pid <> pg_backend_pid()"
	// selGroup asks in a transaction of its own: what was committed before is seen.
	selGroup = "SELECT EXISTS (SELECT FROM ~groups WHERE id = $1::uuid)"
)

// findOut is for how long it is tried to find out.
const findOut = 30 * time.Second

// wasCommitted tells whether a group was committed whose connection ended.
func (s *Store) wasCommitted(a *attempt) (committed bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), findOut)
	defer cancel()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		if committed, err = s.askFor(ctx, a); err == nil {
			return committed, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false, err
		}
	}
}

func (s *Store) askFor(ctx context.Context, a *attempt) (committed bool, err error) {
	conn, err := s.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	ask := func(sql string, args []any, into ...any) (found bool, err error) {
		err = pgxQuerier{conn.Conn()}.send(ctx, []statement{{sql: s.text(sql), args: args, row: func(scan func(...any) error) error {
			found = true
			return scan(into...)
		}}})
		return found, err
	}
	for {
		var ended bool
		running, err := ask(endOld, []any{a.pid, a.begun}, &ended)
		if err != nil {
			return false, err
		}
		if !running {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	_, err = ask(selGroup, []any{a.id}, &committed)
	return committed, err
}

// complete reads the kept content of a record.
func (s *Store) complete(ctx context.Context, rec *store.Record) {
	_ = s.read(ctx, contentReader([]*store.Record{rec}))
}
