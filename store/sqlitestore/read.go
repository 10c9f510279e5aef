package sqlitestore

import (
	"context"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// reading lends a connection that reads.
func (s *Store) reading(ctx context.Context, f func(*sqlitefile.Conn) error) error {
	return closed(s.file.Read(ctx, f))
}

const (
	fromRecords = "SELECT r.doc, c.body, r.lock FROM records r LEFT JOIN contents c ON c.n = r.n WHERE "

	// Two halves, each of which has its index; the better one comes first.
	byID = `SELECT r.doc, c.body, r.lock, 0 FROM records r LEFT JOIN contents c ON c.n = r.n
			WHERE r.id = ?1 AND r.phase <> 'unmatched' AND (?2 = '` + store.AnyTenant + `' OR r.tenant = ?2)
		UNION ALL
		SELECT r.doc, NULL, r.lock, 1 FROM records r WHERE r.id = ?1 AND r.phase = 'unmatched' AND (?2 = '` + store.AnyTenant + `' OR r.tenant = ?2)
		ORDER BY 4 LIMIT 1`
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
func (s *Store) find(ctx context.Context, sql string, args ...any) (rec store.Record, err error) {
	found := false
	err = s.reading(ctx, func(c *sqlitefile.Conn) (err error) {
		rec, found, err = s.read(c, sql, args, time.Now())
		return s.file.Explain("read", err)
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Record{}, err
	}
	return rec, nil
}

// read reads a record from its document, content and lock as it reads at a
// time.
func (s *Store) read(c *sqlitefile.Conn, sql string, args []any, now time.Time) (rec store.Record, found bool, err error) {
	var doc, lock string
	var body []byte
	if found, err = c.QueryRow(sql, args, &doc, &body, &lock); err != nil || !found {
		return rec, false, err
	}
	if rec, err = decode(doc); err != nil {
		return rec, false, err
	}
	if kept(rec) {
		rec.Outcome.Content = content(body)
	}
	return s.living(rec, lock, now).At(now), true, nil
}

// living returns the record with its lease ended if the lock that the lease
// names tells that its holder is gone.
func (s *Store) living(rec store.Record, lock string, now time.Time) store.Record {
	if lock != "" && rec.Lease.Valid(now) && s.ended(lock) {
		rec.Lease.Until = now
	}
	return rec
}
