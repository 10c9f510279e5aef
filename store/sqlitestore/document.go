package sqlitestore

import (
	"context"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

const selDocument = "SELECT version, changed, body FROM documents WHERE tenant = ? AND name = ?"

// GetDocument implements [store.Store].
func (s *Store) GetDocument(ctx context.Context, tenant, name string) (out store.Document, err error) {
	if err := store.CheckDocument(tenant, name); err != nil {
		return out, err
	}
	err = s.reading(ctx, func(c *sqlitefile.Conn) (err error) {
		out, _, err = readDocument(c.QueryRow, tenant, name)
		return s.file.Explain("read", err)
	})
	if err != nil {
		return store.Document{}, err
	}
	return out.At(time.Now()), nil
}

// readDocument reads a document with a function that reads a row.
func readDocument(one func(string, []any, ...any) (bool, error), tenant, name string) (store.Document, bool, error) {
	var version, changed int64
	var body []byte
	d := store.Document{Tenant: tenant, Name: name}
	found, err := one(selDocument, []any{tenant, name}, &version, &changed, &body)
	if found {
		d.Version, d.ChangedAt, d.Body = uint64(version), time.Unix(0, changed).UTC(), content(body)
	}
	return d, found, err
}

// PutDocument implements [store.Store]. It is lazy: see [LazyFor].
func (s *Store) PutDocument(ctx context.Context, d store.Document) (out store.Document, err error) {
	err = s.do(ctx, &step{sync: sqlitefile.Soon, run: func(_ *tx, r store.Rules) (err error) {
		out, err = r.PutDocument(d)
		return err
	}})
	if err == nil || err == store.ErrChanged {
		return out.Clone(), err
	}
	return store.Document{}, err
}

// WatchDocuments implements [store.Store]. Writes by other processes wake
// within [PollInterval].
func (s *Store) WatchDocuments(tenant string, names ...string) *store.Watcher {
	return s.hub.WatchDocuments(tenant, names...)
}

func (t *tx) GetDocument(tenant, name string) (store.Document, bool, error) {
	return readDocument(t.one, tenant, name)
}

func (t *tx) PutDocument(d store.Document) error {
	t.w.woken = append(t.w.woken, woken{store.DocumentTenant(d.Tenant), d.Name})
	return t.exec(`INSERT INTO documents (tenant, name, version, changed, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant, name) DO UPDATE SET version = excluded.version, changed = excluded.changed, body = excluded.body`,
		d.Tenant, d.Name, int64(d.Version), d.ChangedAt.UnixNano(), content(d.Body))
}

func (t *tx) DeleteDocument(tenant, name string) error {
	t.w.woken = append(t.w.woken, woken{store.DocumentTenant(tenant), name})
	return t.exec("DELETE FROM documents WHERE tenant = ? AND name = ?", tenant, name)
}
