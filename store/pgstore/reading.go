package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vismanet-go/background/store"
)

// dialTime bounds how long a connection is waited for, so that a server that does not
// answer is tried again, maybe at another host.
const dialTime = 2 * time.Second

// acquire lends a connection.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	return s.pool.Acquire(ctx)
}

// patient calls f until it succeeds, fails for good, or the server was away for too
// long.
func (s *Store) patient(ctx context.Context, f func(context.Context) error) error {
	begun := time.Now()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		err := f(ctx)
		if err == nil || !isPassing(err) || ctx.Err() != nil || time.Since(begun) > s.cfg.Patience {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		case <-s.gone:
			return err
		}
	}
}

// send carries out statements that need no transaction with others.
func (s *Store) send(ctx context.Context, list ...statement) error {
	for i := range list {
		list[i].sql = s.text(list[i].sql)
	}
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return pgxQuerier{conn.Conn()}.send(ctx, list)
}

// read carries out statements that change nothing. Their rows may be read more than
// once: start has them begin anew.
func (s *Store) read(ctx context.Context, list ...statement) error {
	return s.reading(ctx, func(ctx context.Context) error { return s.send(ctx, list...) })
}

func (s *Store) reading(ctx context.Context, f func(context.Context) error) error {
	s.closing.RLock()
	closed := s.closed
	s.closing.RUnlock()
	if closed {
		return store.ErrClosed
	}
	err := s.patient(ctx, f)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return explain(err)
}

// glimpse reads several things of one moment.
func (s *Store) glimpse(ctx context.Context, f func(g *glimpse) error) error {
	return s.reading(ctx, func(ctx context.Context) error {
		conn, err := s.acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx))
		g := &glimpse{s: s, ctx: ctx, db: pgxQuerier{tx}}
		err = g.send(
			statement{sql: planning},
			statement{sql: "SELECT clock_timestamp()", row: func(scan func(...any) error) error { return scan(&g.now) }},
		)
		if err != nil {
			return err
		}
		g.now = g.now.UTC()
		return f(g)
	})
}

// planning keeps plans of lists to the indexes that are made for them: see settings.
const planning = `SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
	set_config('enable_mergejoin', 'off', true), set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`

// glimpse is a moment of the database that is read.
type glimpse struct {
	s   *Store
	ctx context.Context
	db  querier
	now time.Time
}

func (g *glimpse) send(list ...statement) error {
	for i := range list {
		list[i].sql = g.s.text(list[i].sql)
	}
	return g.db.send(g.ctx, list)
}

const (
	fromRecords = "SELECT r.fixed, r.learnt, r.doc, c.body, clock_timestamp() FROM ~records r LEFT JOIN ~contents c ON c.ref = r.ref WHERE "
	byRef       = fromRecords + "r.ref = $1"
	byKey       = fromRecords + "r.tenant = $1 AND r.key = $2"
	// Those that are bound come before those that only a notification told of.
	byID    = fromRecords + "r.id = $1 AND ($2 = '" + store.AnyTenant + "' OR r.tenant = $2) ORDER BY r.phase = 'unmatched' LIMIT 1"
	selBody = "SELECT b.body FROM ~bodies b JOIN ~records r ON r.ref = b.ref WHERE b.ref = $1 AND r.tenant = $2"
)

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	if err := store.CheckAnyTenant(tenant); err != nil {
		return store.Record{}, err
	}
	rec, err := s.find(ctx, byRef, column(ref))
	if err == nil && tenant != store.AnyTenant && rec.Tenant != tenant {
		return store.Record{}, store.ErrNotFound
	}
	return rec, err
}

// GetByID implements [store.Store].
func (s *Store) GetByID(ctx context.Context, tenant, id string) (store.Record, error) {
	if err := store.CheckAnyTenant(tenant); err != nil {
		return store.Record{}, err
	}
	if id == "" {
		return store.Record{}, store.ErrNotFound
	}
	return s.find(ctx, byID, column(id), column(tenant))
}

// GetByKey implements [store.Store].
func (s *Store) GetByKey(ctx context.Context, tenant, key string) (store.Record, error) {
	if err := store.CheckTenant(tenant); err != nil {
		return store.Record{}, err
	}
	return s.find(ctx, byKey, column(tenant), column(key))
}

// find reads one record as it reads now.
func (s *Store) find(ctx context.Context, sql string, args ...any) (rec store.Record, err error) {
	found := false
	err = s.read(ctx, statement{sql: sql, args: args, row: func(scan func(...any) error) error {
		var d documents
		var body []byte
		var now time.Time
		if err := scan(&d.fixed, &d.learnt, &d.doc, &body, &now); err != nil {
			return err
		}
		rec, err = decode(d)
		if err != nil {
			return err
		}
		if found = true; kept(&rec) {
			withContent(&rec, body)
		}
		rec = rec.At(now.UTC())
		return nil
	}})
	switch {
	case err != nil:
		return store.Record{}, err
	case !found:
		return store.Record{}, store.ErrNotFound
	}
	return rec, nil
}

// GetBody implements [store.Store].
func (s *Store) GetBody(ctx context.Context, tenant, ref string) (body []byte, err error) {
	if err := store.CheckTenant(tenant); err != nil {
		return nil, err
	}
	found := false
	err = s.read(ctx, statement{sql: selBody, args: []any{column(ref), column(tenant)}, row: func(scan func(...any) error) error {
		found = true
		return scan(&body)
	}})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, store.ErrNotFound
	}
	return content(body), nil
}

// GetDocument implements [store.Store].
func (s *Store) GetDocument(ctx context.Context, tenant, name string) (store.Document, error) {
	if err := store.CheckDocument(tenant, name); err != nil {
		return store.Document{}, err
	}
	d := store.Document{Tenant: tenant, Name: name}
	var now time.Time
	var changed int64
	err := s.read(ctx,
		statement{sql: selDocument, args: []any{column(tenant), column(name)}, row: func(scan func(...any) error) error {
			return scan(&d.Version, &changed, &d.Body)
		}},
		statement{sql: "SELECT clock_timestamp()", row: func(scan func(...any) error) error { return scan(&now) }},
	)
	if err != nil {
		return store.Document{}, err
	}
	if d.Version != 0 {
		d.ChangedAt, d.Body = timeOf(changed), content(d.Body)
	}
	return d.At(now.UTC()), nil
}
