package sqlitestore

import (
	"cmp"
	"errors"

	"github.com/vismanet-go/background/store"
)

// A step that fails must undo what it wrote and nothing of its neighbours,
// which takes a savepoint, and those are dear. So what a step writes waits
// until the step ends: what a rule refused was never written. Only if a step
// reads what it may have written itself is that written first, behind a
// savepoint.
//
// That leaves statements that fail themselves, of which the rules foresee
// none. Each step of the group then has a transaction of its own, see
// [sqlitefile.Change].

// statement is a write with its arguments.
type statement struct {
	sql  string
	args []any
}

const (
	insColumns = "INSERT INTO records (ref, tenant, doc, created, kind, phase, id, key, until, ended, due, lock, work) "
	insRecord  = insColumns + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

// exec writes when the step ends, or reads.
func (t *tx) exec(sql string, args ...any) error {
	t.pending = append(t.pending, statement{sql, args})
	return nil
}

// flush writes what waits, behind a savepoint.
func (t *tx) flush() error {
	if len(t.pending) == 0 {
		return nil
	}
	if !t.saved {
		if err := t.tx.Exec("SAVEPOINT step"); err != nil {
			return err
		}
		t.saved = true
	}
	return t.run()
}

// run writes what waits.
func (t *tx) run() error {
	list := t.pending
	t.pending = t.pending[:0]
	for _, st := range list {
		if err := t.tx.Exec(st.sql, st.args...); err != nil {
			return err
		}
		if st.sql == insRecord {
			ref, _ := st.args[0].(string)
			if s := t.recall(ref); s != nil {
				s.n = t.tx.LastInsertID()
			}
		}
	}
	return nil
}

// one reads a row, after what was written.
func (t *tx) one(sql string, args []any, into ...any) (found bool, err error) {
	if err := t.flush(); err != nil {
		return false, err
	}
	return t.tx.QueryRow(sql, args, into...)
}

// end ends a step that returned err: what it wrote is kept if it succeeded or
// has kept a conflict, else undone. It returns what the caller is told.
func (t *tx) end(err error) error {
	_, conflict := errors.AsType[*store.ConflictError](err)
	if err == nil || conflict {
		if e := t.run(); e != nil {
			return e
		}
		return cmp.Or(t.savepoint("RELEASE step"), err)
	}
	t.w.woken = t.w.woken[:t.woken]
	return cmp.Or(t.savepoint("ROLLBACK TO step"), t.savepoint("RELEASE step"), err)
}

// savepoint ends the savepoint, if there is one.
func (t *tx) savepoint(how string) error {
	if !t.saved {
		return nil
	}
	return t.tx.Exec(how)
}
