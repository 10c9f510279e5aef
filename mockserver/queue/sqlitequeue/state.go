package sqlitequeue

import (
	"context"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/queue"
)

// ReadState implements [queue.Shared].
func (q *Queue) ReadState(ctx context.Context, company string, since int64) (queue.Changes, error) {
	c := queue.Changes{Company: company}
	some, err := q.row(ctx, `SELECT version FROM books WHERE company = ?`, []any{company}, &c.Version)
	if err != nil || !some || c.Version == since {
		return c, err
	}
	// Version and documents must be of the same moment.
	err = q.file.Snapshot(ctx, func(r *sqlitefile.Conn) error {
		var began int64
		if _, err := r.QueryRow(`SELECT version, began FROM books WHERE company = ?`, []any{company}, &c.Version, &began); err != nil {
			return err
		}
		c.Anew, c.Docs = since < began, make(map[string][]byte)
		return r.Query(ctx, `SELECT key, body FROM docs WHERE company = ? AND version > ?`, []any{company, since}, func(row sqlitefile.Row) error {
			var key string
			var body []byte
			err := row.Scan(&key, &body)
			c.Docs[key] = body
			return err
		})
	})
	return c, err
}

// WriteState implements [queue.Shared].
func (q *Queue) WriteState(_ context.Context, c *queue.Changes) error {
	return q.change(func(t *tx) error { return writeState(t, c) })
}

// writeState stores changes if nobody was faster.
func writeState(t *tx, c *queue.Changes) error {
	if c == nil {
		return nil
	}
	version, err := t.Int64(`SELECT version FROM books WHERE company = ?`, c.Company)
	if err != nil {
		return err
	}
	return writeNext(t, c, version)
}

// writeFinal is writeState for the changes of a job, given its company and the
// version of that.
func writeFinal(t *tx, c *queue.Changes, company string, version int64) error {
	if c == nil || c.Company != company {
		return writeState(t, c)
	}
	return writeNext(t, c, version)
}

// writeNext stores changes that follow a version.
func writeNext(t *tx, c *queue.Changes, version int64) error {
	if version != c.Version-1 {
		return queue.ErrConflict
	}
	err := t.Exec(`INSERT INTO books (company, version) VALUES (?, ?) ON CONFLICT (company) DO UPDATE SET version = excluded.version`, c.Company, c.Version)
	if err != nil {
		return err
	}
	for key, body := range c.Docs {
		if err := t.Exec(`INSERT OR REPLACE INTO docs (company, key, version, body) VALUES (?, ?, ?, ?)`, c.Company, key, c.Version, body); err != nil {
			return err
		}
	}
	return nil
}
