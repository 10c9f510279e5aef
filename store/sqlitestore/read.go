package sqlitestore

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/vismanet-go/background/store"
)

// reading lends a connection that reads.
func (s *Store) reading(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.gone:
		return store.ErrClosed
	default:
	}
	select {
	case c := <-s.pool:
		defer func() { s.pool <- c }()
		return f(c)
	case <-ctx.Done():
		return ctx.Err()
	case <-s.gone:
		return store.ErrClosed
	}
}

// closeReaders closes n connections, as soon as nobody reads with them.
func (s *Store) closeReaders(n int) {
	for range n {
		_ = (<-s.pool).close()
	}
}

const (
	fromRecords = "SELECT r.doc, c.body FROM records r LEFT JOIN contents c ON c.n = r.n WHERE "

	// Two halves, each of which has its index; the better one comes first.
	byID = `SELECT r.doc, c.body, 0 FROM records r LEFT JOIN contents c ON c.n = r.n
			WHERE r.id = ?1 AND r.phase <> 'unmatched' AND (?2 = '` + store.AnyTenant + `' OR r.tenant = ?2)
		UNION ALL
		SELECT r.doc, NULL, 1 FROM records r WHERE r.id = ?1 AND r.phase = 'unmatched' AND (?2 = '` + store.AnyTenant + `' OR r.tenant = ?2)
		ORDER BY 3 LIMIT 1`
)

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	if err := store.CheckAnyTenant(tenant); err != nil {
		return store.Record{}, err
	}
	rec, err := s.find(ctx, fromRecords+"r.ref = ?", ref)
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
	return s.find(ctx, byID, id, tenant)
}

// GetByKey implements [store.Store].
func (s *Store) GetByKey(ctx context.Context, tenant, key string) (store.Record, error) {
	if err := store.CheckTenant(tenant); err != nil {
		return store.Record{}, err
	}
	return s.find(ctx, fromRecords+"r.tenant = ? AND r.key = ?", tenant, key)
}

// find reads one record as it reads now.
func (s *Store) find(ctx context.Context, sql string, args ...driver.Value) (rec store.Record, err error) {
	found := false
	err = s.reading(ctx, func(c *conn) error {
		row, err := c.one(sql, args...)
		if err != nil || row == nil {
			return s.explain("read", err)
		}
		found = true
		rec, err = scan(row)
		return s.explain("read", err)
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Record{}, err
	}
	return rec.At(time.Now()), nil
}

// scan makes a record of a document and its content.
func scan(row []driver.Value) (store.Record, error) {
	doc, _ := row[0].(string)
	rec, err := decode(doc)
	if err == nil && kept(rec) {
		rec.Outcome.Content = content(row[1])
	}
	return rec, err
}
