package sqlitestore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/vismanet-go/background/internal/lockfile"
	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// Export is a file that is read whole, to be moved into another store. Nobody else can
// have the file open meanwhile. One goroutine at a time uses it. Make one with
// [OpenExport].
type Export struct {
	path  string
	conn  *sqlitefile.Conn
	locks *lockfile.Dir
	now   time.Time // when it was opened
}

const (
	// exportRows and exportBytes bound what is in memory at a time, but for one record
	// with its content and body.
	exportRows  = 500
	exportBytes = 4 << 20
)

// OpenExport opens a file that is there, migrates it if it is of an earlier version,
// and reads it whole to find damage. It fails with [ErrBusy] if a process has the file
// open.
func OpenExport(ctx context.Context, cfg Config) (*Export, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	alone := sqlitefile.Config{Path: cfg.Path, ApplicationID: applicationID, Migrations: migrations, AllowFileSystems: cfg.AllowFileSystems}
	conn, have, err := sqlitefile.Alone(ctx, alone)
	switch {
	case err != nil:
		return nil, err
	case have == 0:
		return nil, errors.Join(fmt.Errorf("%s: it is empty", cfg.Path), conn.Close())
	case have < schemaVersion:
		if err := conn.Close(); err != nil {
			return nil, err
		}
		s, err := Open(ctx, cfg)
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			return nil, err
		}
		if conn, _, err = sqlitefile.Alone(ctx, alone); err != nil {
			return nil, err
		}
	}
	path, err := filepath.EvalSymlinks(cfg.Path)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Export{path: cfg.Path, conn: conn, locks: lockfile.In(path + "-locks"), now: time.Now().UTC()}, nil
}

// Close lets others open the file again.
func (e *Export) Close() error { return e.conn.Close() }

// Time is when the file was opened: nothing in it was changed since.
func (e *Export) Time() time.Time { return e.now }

// Count tells how many items there are.
func (e *Export) Count() (n int64, err error) {
	const count = "SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM tombstones) + (SELECT count(*) FROM sequences) + (SELECT count(*) FROM documents WHERE tenant NOT LIKE '*%')"
	n, err = e.conn.Int64(count)
	return n, e.failed(err)
}

// Tenants lists those whose records there are.
func (e *Export) Tenants(ctx context.Context) (out []string, err error) {
	err = e.conn.Query(ctx, "SELECT DISTINCT tenant FROM records UNION SELECT DISTINCT tenant FROM tombstones", nil, func(row sqlitefile.Row) error {
		var name string
		err := row.Scan(&name)
		out = append(out, name)
		return err
	})
	return out, e.failed(err)
}

// Has reports whether there is a record of that ref.
func (e *Export) Has(ref string) (bool, error) {
	found, err := e.conn.QueryRow("SELECT n FROM records WHERE ref = ?", []any{ref}, nil)
	return found, e.failed(err)
}

// Leased counts the records under leases whose holders may still act on them: nobody
// has the file open, but who has closed it may be at work on what it had begun. The
// last of these leases ends at the time that it returns.
func (e *Export) Leased(ctx context.Context) (n int, until time.Time, err error) {
	err = e.conn.Query(ctx, "SELECT doc, lock FROM records WHERE until > ?", []any{e.now.UnixNano()}, func(row sqlitefile.Row) error {
		var doc, lock string
		if err := row.Scan(&doc, &lock); err != nil {
			return err
		}
		rec, err := decode(doc)
		if l := e.living(rec, lock).Lease; l.Valid(e.now) {
			n++
			if l.Until.After(until) {
				until = l.Until
			}
		}
		return err
	})
	return n, until, e.failed(err)
}

// living ends the lease of a holder that is gone for certain.
func (e *Export) living(rec store.Record, lock string) store.Record {
	if rec.Lease.Valid(e.now) && lock != "" && e.locks.Ended(lock) {
		rec.Lease.Until = e.now
	}
	return rec
}

// exportTenant is the tenant of the one document that is about the file and nobody's.
const exportTenant, exportName = "*export", "id"

// ID is a name of the file that it keeps: a random one, which is made if write is true,
// else empty until then. Copies of the file have the same.
func (e *Export) ID(write bool) (string, error) {
	var id []byte
	found, err := e.conn.QueryRow("SELECT body FROM documents WHERE tenant = ? AND name = ?", []any{exportTenant, exportName}, &id)
	if err != nil || found || !write {
		return string(id), e.failed(err)
	}
	id = []byte(rand.Text())
	err = e.conn.Exec("INSERT INTO documents (tenant, name, version, changed, body) VALUES (?, ?, 1, ?, ?)", exportTenant, exportName, e.now.UnixNano(), id)
	return string(id), e.failed(err)
}

// All yields all that the file holds, in the order in which [store.Rules.Import] wants
// it. It yields at most one error, as its last pair.
func (e *Export) All(ctx context.Context) iter.Seq2[store.Item, error] {
	return func(yield func(store.Item, error) bool) {
		for _, table := range []func(context.Context, func(store.Item) bool) (bool, error){e.tombstones, e.sequences, e.records, e.documents} {
			more, err := table(ctx, func(it store.Item) bool { return yield(it, nil) })
			if err != nil {
				yield(store.Item{}, e.failed(err))
				return
			}
			if !more {
				return
			}
		}
	}
}

func (e *Export) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: export: %w", e.path, err)
}

// errPage ends a query that has read enough.
var errPage = errors.New("enough for now")

// pages calls page with larger and larger positions until it reads nothing more, and
// hands on what it read. It reports whether all were taken.
func pages[T any](page func() ([]T, error), yield func(T) (bool, error)) (more bool, err error) {
	for {
		list, err := page()
		if err != nil || len(list) == 0 {
			return true, err
		}
		for _, v := range list {
			if more, err := yield(v); err != nil || !more {
				return false, err
			}
		}
	}
}

// query collects the rows of a page.
func (e *Export) query(ctx context.Context, sql string, args []any, row func(sqlitefile.Row) (size int, err error)) error {
	left := exportBytes
	err := e.conn.Query(ctx, sql, append(args, int64(exportRows)), func(r sqlitefile.Row) error {
		size, err := row(r)
		if left -= size; err == nil && left <= 0 {
			return errPage
		}
		return err
	})
	if errors.Is(err, errPage) {
		return nil
	}
	return err
}

// exported is a record without what stands beside it.
type exported struct {
	n   int64
	rec store.Record
}

func (e *Export) records(ctx context.Context, yield func(store.Item) bool) (bool, error) {
	last := int64(-1 << 62)
	page := func() (out []exported, err error) {
		err = e.query(ctx, "SELECT n, doc, lock FROM records WHERE n > ? ORDER BY n LIMIT ?", []any{last}, func(row sqlitefile.Row) (int, error) {
			var doc, lock string
			if err := row.Scan(&last, &doc, &lock); err != nil {
				return 0, err
			}
			rec, err := decode(doc)
			out = append(out, exported{last, e.living(rec, lock)})
			return len(doc), err
		})
		return out, err
	}
	return pages(page, func(x exported) (bool, error) {
		it := store.Item{Record: &x.rec}
		if kept(x.rec) {
			var body []byte
			if _, err := e.conn.QueryRow("SELECT body FROM contents WHERE n = ?", []any{x.n}, &body); err != nil {
				return false, err
			}
			x.rec.Outcome.Content = content(body)
		}
		if x.rec.HasBody {
			if _, err := e.conn.QueryRow("SELECT body FROM bodies WHERE n = ?", []any{x.n}, &it.Body); err != nil {
				return false, err
			}
		}
		return yield(it), nil
	})
}

func (e *Export) tombstones(ctx context.Context, yield func(store.Item) bool) (bool, error) {
	last := ""
	page := func() (out []store.Tombstone, err error) {
		err = e.query(ctx, tombstone+"WHERE ref > ? ORDER BY ref LIMIT ?", []any{last}, func(row sqlitefile.Row) (int, error) {
			var b store.Tombstone
			var at int64
			err := row.Scan(&b.Tenant, &b.Ref, &b.ID, &b.Key, &b.Fingerprint, &b.Supersedable, &at)
			b.At = time.Unix(0, at).UTC()
			last, out = b.Ref, append(out, b)
			return 0, err
		})
		return out, err
	}
	return pages(page, func(b store.Tombstone) (bool, error) { return yield(store.Item{Tombstone: &b}), nil })
}

func (e *Export) sequences(ctx context.Context, yield func(store.Item) bool) (bool, error) {
	var tenant, name string
	page := func() (out []store.Sequence, err error) {
		err = e.query(ctx, "SELECT tenant, name, last, done, waiting FROM sequences WHERE (tenant, name) > (?, ?) ORDER BY tenant, name LIMIT ?", []any{tenant, name}, func(row sqlitefile.Row) (int, error) {
			var s store.Sequence
			var last, done int64
			err := row.Scan(&s.Tenant, &s.Name, &last, &done, &s.Waiting)
			s.Last, s.Done = uint64(last), uint64(done)
			tenant, name, out = s.Tenant, s.Name, append(out, s)
			return 0, err
		})
		return out, err
	}
	return pages(page, func(s store.Sequence) (bool, error) { return yield(store.Item{Sequence: &s}), nil })
}

func (e *Export) documents(ctx context.Context, yield func(store.Item) bool) (bool, error) {
	var tenant, name string
	page := func() (out []store.Document, err error) {
		err = e.query(ctx, "SELECT tenant, name, version, changed, body FROM documents WHERE (tenant, name) > (?, ?) AND tenant NOT LIKE '*%' ORDER BY tenant, name LIMIT ?", []any{tenant, name}, func(row sqlitefile.Row) (int, error) {
			var d store.Document
			var version, changed int64
			err := row.Scan(&d.Tenant, &d.Name, &version, &changed, &d.Body)
			d.Version, d.ChangedAt, d.Body = uint64(version), time.Unix(0, changed).UTC(), content(d.Body)
			tenant, name, out = d.Tenant, d.Name, append(out, d)
			return len(d.Body), err
		})
		return out, err
	}
	return pages(page, func(d store.Document) (bool, error) { return yield(store.Item{Document: &d}), nil })
}
