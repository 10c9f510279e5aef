package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/vismanet-go/background/store"
)

// A step can fail after it has written, and must then undo its own writes and
// not those of its neighbours: that takes a savepoint. Most steps write once,
// as the last thing they do. So the first write of a step waits until the
// step reads or writes again, which opens a savepoint before it, or ends,
// which needs none: a single statement undoes itself.

// statement is a write with its arguments.
type statement struct {
	sql  string
	args []driver.Value
}

const insRecord = "INSERT INTO records (ref, tenant, doc, phase, id, key, until, ended, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

// exec writes, perhaps later.
func (t *tx) exec(sql string, args ...driver.Value) error {
	if !t.wrote && t.pending == nil {
		t.pending, t.inserted = &statement{sql, args}, 0
		return nil
	}
	if err := t.flush(); err != nil {
		return err
	}
	return t.run(statement{sql, args})
}

// flush runs the pending statement behind a savepoint.
func (t *tx) flush() error {
	st := t.pending
	if st == nil {
		return nil
	}
	t.pending = nil
	if err := t.w.c.exec("SAVEPOINT step"); err != nil {
		return err
	}
	t.wrote = true
	if err := t.run(*st); err != nil {
		return err
	}
	for i := range t.seen { // the record that waited for its number
		if t.seen[i].n == 0 {
			t.seen[i].n = t.inserted
		}
	}
	return nil
}

// run runs a statement now.
func (t *tx) run(st statement) error {
	if st.sql != insRecord {
		return t.w.c.exec(st.sql, st.args...)
	}
	n, err := t.w.c.insert(st.sql, st.args...)
	t.inserted = n
	return err
}

// one reads a row, after what was written.
func (t *tx) one(sql string, args ...driver.Value) ([]driver.Value, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	return t.w.c.one(sql, args...)
}

// query reads rows, after what was written.
func (t *tx) query(f func([]driver.Value) error, sql string, args ...driver.Value) error {
	if err := t.flush(); err != nil {
		return err
	}
	return t.w.c.query(context.Background(), f, sql, args...)
}

// end ends a step that returned err: what it wrote is kept if it succeeded or
// has kept a conflict, else undone. It returns what the caller is told, and
// an error that ended the transaction for all.
func (t *tx) end(err error) (wrote bool, told, fatal error) {
	_, conflict := errors.AsType[*store.ConflictError](err)
	keep := err == nil || conflict
	switch {
	case t.pending != nil && keep:
		if e := t.run(*t.pending); e != nil {
			return false, e, lost(e)
		}
		return true, err, nil
	case !t.wrote:
		return false, err, nil
	case keep:
		return true, err, t.w.c.exec("RELEASE step")
	}
	if e := t.w.c.exec("ROLLBACK TO step"); e != nil {
		// SQLite has ended the transaction by itself: the disk is full, say.
		return false, err, errors.Join(err, e)
	}
	return false, err, t.w.c.exec("RELEASE step")
}

// lost returns err unless it is one of those after which SQLite goes on with
// the transaction, without the statement.
func lost(err error) error {
	switch resultCode(err) & 0xff {
	case 0, codeTooBig, codeConstraint, codeMismatch:
		return nil
	}
	return err
}
