package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/vismanet-go/background/store"
)

// A connection that ends while a transaction is being committed leaves open whether
// it was. A second Enqueue would then be a second invoice, so it is found out: once
// nobody holds the group's lock any more, its transaction is over, and its row is there
// or it never will be.

const (
	// endOld ends the process of the server that may still be at it, where we may see
	// that; else it ends by itself, as it hears no more of us: see settings.
	endOld = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND xact_start = $2 AND pid <> pg_backend_pid()"
	// selGroup asks in a transaction of its own: what was committed before is seen.
	selGroup = "SELECT EXISTS (SELECT FROM ~groups WHERE id = $1::uuid)"
)

// findOut is for how long it is tried to find out, unless the store says otherwise.
const findOut = 30 * time.Second

// wasCommitted tells whether a group was committed whose connection ended.
func (s *Store) wasCommitted(a *attempt) (committed bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.findOut)
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
		var free bool
		if _, err := ask(endOld, []any{a.pid, a.begun}, new(bool)); err != nil {
			return false, err
		}
		if _, err := ask("SELECT pg_try_advisory_xact_lock($1)", []any{a.lock}, &free); err != nil {
			return false, err
		}
		if free {
			break
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	if _, err = ask(selGroup, []any{a.id}, &committed); err != nil || !committed || a.lazy {
		return committed, err
	}
	// It is committed here, and it may be that it waited for a standby when it was cut
	// off. What is committed after it is on the standby only with it.
	return true, s.strict(ctx, conn.Conn())
}

// strict commits something, and so whatever was committed before.
func (s *Store) strict(ctx context.Context, conn *pgx.Conn) error {
	list := []statement{{sql: "BEGIN"}, {sql: s.text(insGroup), args: []any{newGroup(time.Now())}}, {sql: synced}, {sql: "COMMIT"}}
	return pgxQuerier{conn}.send(ctx, list)
}

// complete reads the kept content of a record, for as long as it takes to find out
// whether a group was committed.
func (s *Store) complete(rec *store.Record) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.findOut)
	defer cancel()
	return s.read(ctx, contentReader([]*store.Record{rec}))
}
