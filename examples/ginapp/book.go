package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// book is our own record of what became of the orders. It is a file of its
// own: the store's must not be opened by anybody else. In your service it is
// your database.
type book struct{ db *sql.DB }

// outcome is how one operation ended.
type outcome struct {
	ref     string // of the operation
	order   string
	kind    string // kindInvoice or kindRelease
	invoice string // number; empty if there is none
	code    int    // HTTP status of the ERP's answer, 0 if there is none
	problem string // empty for success
}

// refused reports whether it is certain that the ERP made nothing, so that a
// corrected order may take this one's place: it answered that the request is
// wrong, or a person has looked. No other code says so: after a 409 it may have
// been made before, 408 and 5xx cut work off in the middle, and 401, 403 and 429
// are not about the order.
func (o outcome) refused() bool {
	if o.problem == "" || o.told() {
		return o.problem != "" && o.invoice == ""
	}
	return slices.Contains(refusals, o.code)
}

var refusals = []int{
	http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
}

// toldSuffix ends the ref of what a person told of an operation: a row beside
// that of its handler, of which there may be none.
const toldSuffix = "/told"

// told reports whether a person said so, and not the ERP.
func (o outcome) told() bool { return strings.HasSuffix(o.ref, toldSuffix) }

// A handler runs at least once, so what it does must come out the same however
// often it is done. Here the operation's ref makes it so: the first run writes
// the row and every other one writes the same. That also holds for a late run for an
// order which was corrected meanwhile: it has a row of its own.
const schema = `
CREATE TABLE IF NOT EXISTS outcomes (
	n       INTEGER PRIMARY KEY,
	ref     TEXT NOT NULL UNIQUE,
	number  TEXT NOT NULL,
	kind    TEXT NOT NULL,
	invoice TEXT NOT NULL,
	code    INTEGER NOT NULL,
	problem TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS outcomes_by_number ON outcomes (number, kind);`

func openBook(ctx context.Context, path string) (*book, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would let everybody read it
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// What is written must be on disk before the operation counts as handled.
	db, err := sql.Open("sqlite", sourceOf(filepath.ToSlash(path))+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return &book{db}, nil
}

// sourceOf names a file to the driver. Without the third slash SQLite takes the
// drive of a path such as C:/data for a host.
func sourceOf(path string) string {
	return "file:///" + strings.TrimPrefix((&url.URL{Path: path}).EscapedPath(), "/")
}

func (b *book) close() error { return b.db.Close() }

// record writes an outcome. It takes the place of a failure of the same operation,
// which was sent once more since, and of nothing else.
func (b *book) record(ctx context.Context, o outcome) error {
	_, err := b.db.ExecContext(ctx, `INSERT INTO outcomes (ref, number, kind, invoice, code, problem)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (ref) DO UPDATE
		SET invoice = excluded.invoice, code = excluded.code, problem = excluded.problem WHERE problem <> ''`, o.ref, o.order, o.kind, o.invoice, o.code, o.problem)
	if err != nil {
		return fmt.Errorf("record the outcome of order %s: %w", o.order, err)
	}
	return nil
}

// tell writes what a person says of an operation. The last word counts.
func (b *book) tell(ctx context.Context, o outcome) error {
	o.ref = strings.TrimSuffix(o.ref, toldSuffix) + toldSuffix
	_, err := b.db.ExecContext(ctx, `INSERT INTO outcomes (ref, number, kind, invoice, code, problem) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (ref) DO UPDATE SET invoice = excluded.invoice, code = excluded.code, problem = excluded.problem`,
		o.ref, o.order, o.kind, o.invoice, o.code, o.problem)
	if err != nil {
		return fmt.Errorf("record what was told of order %s: %w", o.order, err)
	}
	return nil
}

// of returns the outcome of an operation, or [sql.ErrNoRows].
func (b *book) of(ctx context.Context, ref string) (outcome, error) {
	return b.find(ctx, "ref IN (?, ?)", ref, ref+toldSuffix)
}

// last returns the latest outcome of an order, or [sql.ErrNoRows].
func (b *book) last(ctx context.Context, order, kind string) (outcome, error) {
	return b.find(ctx, "number = ? AND kind = ?", order, kind)
}

func (b *book) find(ctx context.Context, where string, args ...any) (o outcome, err error) {
	row := b.db.QueryRowContext(ctx, `SELECT ref, number, kind, invoice, code, problem FROM outcomes
		WHERE `+where+` ORDER BY invoice <> '' DESC, n DESC LIMIT 1`, args...)
	err = row.Scan(&o.ref, &o.order, &o.kind, &o.invoice, &o.code, &o.problem)
	return o, err
}

// troubled returns the numbers of orders of which something came to no success
// and no caller can correct it, the oldest first; at most limit of them.
func (b *book) troubled(ctx context.Context, limit int) (numbers []string, err error) {
	codes := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(refusals)), ","), "[]")
	rows, err := b.db.QueryContext(ctx, `SELECT number FROM outcomes AS o
		WHERE problem <> '' AND NOT (kind = ? AND (code IN (`+codes+`) OR ref LIKE '%'||?)) AND NOT EXISTS (
			SELECT 1 FROM outcomes AS l WHERE l.number = o.number AND l.kind = o.kind AND (l.n > o.n OR l.problem = '')
		) ORDER BY n LIMIT ?`, kindInvoice, toldSuffix, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number string
		if err := rows.Scan(&number); err != nil {
			return nil, err
		}
		numbers = append(numbers, number)
	}
	return numbers, rows.Err()
}

func (b *book) health(ctx context.Context) error {
	_, err := b.db.ExecContext(ctx, "SELECT count(*) FROM outcomes WHERE n < 0")
	return err
}
