package sqlitestore

import (
	"context"
	"database/sql/driver"
	"time"

	"github.com/vismanet-go/background/store"
)

const selDocument = "SELECT version, changed, body FROM documents WHERE tenant = ? AND name = ?"

// GetDocument implements [store.Store].
func (s *Store) GetDocument(ctx context.Context, tenant, name string) (out store.Document, err error) {
	if err := store.CheckDocument(tenant, name); err != nil {
		return out, err
	}
	err = s.reading(ctx, func(c *conn) error {
		row, err := c.one(selDocument, tenant, name)
		out = documentOf(tenant, name, row)
		return s.explain("read", err)
	})
	if err != nil {
		return store.Document{}, err
	}
	return out.At(time.Now()), nil
}

// documentOf makes a document of its row, which is nil if there is none.
func documentOf(tenant, name string, row []driver.Value) store.Document {
	d := store.Document{Tenant: tenant, Name: name}
	if row == nil {
		return d
	}
	version, _ := row[0].(int64)
	changed, _ := row[1].(int64)
	d.Version, d.ChangedAt, d.Body = uint64(version), time.Unix(0, changed).UTC(), content(row[2])
	return d
}

// PutDocument implements [store.Store]. It is lazy: see [LazyFor].
func (s *Store) PutDocument(ctx context.Context, d store.Document) (out store.Document, err error) {
	err = s.do(ctx, &step{lazy: soon, run: func(_ *tx, r store.Rules) (err error) {
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
	row, err := t.one(selDocument, tenant, name)
	return documentOf(tenant, name, row), row != nil, err
}

func (t *tx) PutDocument(d store.Document) error {
	t.w.woken = append(t.w.woken, woken{store.DocumentTenant(d.Tenant), d.Name})
	return t.exec(`INSERT INTO documents (tenant, name, version, changed, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant, name) DO UPDATE SET version = excluded.version, changed = excluded.changed, body = excluded.body`,
		d.Tenant, d.Name, int64(d.Version), d.ChangedAt.UnixNano(), d.Body)
}

func (t *tx) DeleteDocument(tenant, name string) error {
	t.w.woken = append(t.w.woken, woken{store.DocumentTenant(tenant), name})
	return t.exec("DELETE FROM documents WHERE tenant = ? AND name = ?", tenant, name)
}
