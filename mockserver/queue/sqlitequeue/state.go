package sqlitequeue

import (
	"context"
	"database/sql"
	"errors"

	"github.com/vismanet-go/background/mockserver/queue"
)

// ReadState implements [queue.Shared].
func (q *Queue) ReadState(ctx context.Context, company string, since int64) (queue.Changes, error) {
	c := queue.Changes{Company: company}
	var began int64
	err := q.query(`SELECT version FROM books WHERE company = ?`).row(ctx, []any{company}, &c.Version)
	if errors.Is(err, sql.ErrNoRows) || err == nil && c.Version == since {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	// Version and documents must be of the same moment.
	conn, err := q.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return c, err
	}
	defer func() { _ = conn.Rollback() }()
	if err := conn.QueryRowContext(ctx, `SELECT version, began FROM books WHERE company = ?`, company).Scan(&c.Version, &began); err != nil {
		return c, err
	}
	c.Anew = since < began
	rows, err := conn.QueryContext(ctx, `SELECT key, body FROM docs WHERE company = ? AND version > ?`, company, since)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	c.Docs = make(map[string][]byte)
	for rows.Next() {
		var key string
		var body []byte
		if err := rows.Scan(&key, &body); err != nil {
			return c, err
		}
		c.Docs[key] = body
	}
	return c, rows.Err()
}

// WriteState implements [queue.Shared].
func (q *Queue) WriteState(_ context.Context, c *queue.Changes) error {
	return q.writer.do(func(t *tx) error { return writeState(t, c) })
}

// writeState stores changes if nobody was faster.
func writeState(t *tx, c *queue.Changes) error {
	if c == nil {
		return nil
	}
	var version int64
	err := t.row(`SELECT version FROM books WHERE company = ?`, []any{c.Company}, &version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
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
	_, err := t.exec(`INSERT INTO books (company, version) VALUES (?, ?) ON CONFLICT (company) DO UPDATE SET version = excluded.version`, c.Company, c.Version)
	if err != nil {
		return err
	}
	for key, body := range c.Docs {
		var value any
		if body != nil {
			value = body
		}
		if _, err := t.exec(`INSERT OR REPLACE INTO docs (company, key, version, body) VALUES (?, ?, ?, ?)`, c.Company, key, c.Version, value); err != nil {
			return err
		}
	}
	return nil
}
