package sqlitestore

import (
	"database/sql/driver"
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
// none. The group is then undone and run again with care: each step that
// writes more than once behind a savepoint of its own.

// errAgain has a group run again with care.
var errAgain = errors.New("a statement failed that was not expected to")

// statement is a write with its arguments.
type statement struct {
	sql  string
	args []driver.Value
}

const (
	insColumns = "INSERT INTO records (ref, tenant, doc, created, kind, phase, id, key, until, ended, due) "
	insRecord  = insColumns + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

// exec writes when the step ends, or reads.
func (t *tx) exec(sql string, args ...driver.Value) error {
	t.pending = append(t.pending, statement{sql, args})
	return nil
}

// flush writes what waits, behind a savepoint.
func (t *tx) flush() error {
	if len(t.pending) == 0 {
		return nil
	}
	if !t.wrote {
		if err := t.w.c.exec("SAVEPOINT step"); err != nil {
			return err
		}
		t.wrote = true
	}
	return t.run()
}

// run writes what waits.
func (t *tx) run() error {
	list := t.pending
	t.pending = t.pending[:0]
	for _, st := range list {
		if st.sql != insRecord {
			if err := t.w.c.exec(st.sql, st.args...); err != nil {
				return t.failed(err)
			}
			continue
		}
		n, err := t.w.c.insert(st.sql, st.args...)
		if err != nil {
			return t.failed(err)
		}
		ref, _ := st.args[0].(string)
		if s := t.recall(ref); s != nil {
			s.n = n
		}
	}
	return nil
}

func (t *tx) failed(err error) error {
	if !t.w.careful {
		return errors.Join(errAgain, err)
	}
	return err
}

// one reads a row, after what was written.
func (t *tx) one(sql string, args ...driver.Value) ([]driver.Value, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	return t.w.c.one(sql, args...)
}

// end ends a step that returned err: what it wrote is kept if it succeeded or
// has kept a conflict, else undone. It returns what the caller is told, and
// an error that ended the transaction for all.
func (t *tx) end(err error) (wrote bool, told, fatal error) {
	if errors.Is(err, errAgain) {
		return false, err, err
	}
	_, conflict := errors.AsType[*store.ConflictError](err)
	keep := err == nil || conflict
	if keep && len(t.pending) > 0 {
		wrote = true
		var e error
		if t.w.careful && len(t.pending) > 1 {
			e = t.flush()
		} else {
			e = t.run()
		}
		switch {
		case errors.Is(e, errAgain):
			return false, e, e
		case e != nil && !t.wrote: // a single statement undoes itself
			return false, e, lost(e)
		case e != nil:
			err, keep = e, false
		}
	}
	switch {
	case !t.wrote:
		return wrote, err, nil
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
