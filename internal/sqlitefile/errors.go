package sqlitefile

import (
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// Errors to match with errors.Is. The text of an error also carries what
// SQLite said.
var (
	ErrBusy        = errors.New("another process holds the file")
	ErrCorrupt     = errors.New("the file is damaged or not a database")
	ErrDiskFull    = errors.New("the disk is full")
	ErrReadOnly    = errors.New("the file cannot be written")
	ErrReplaced    = errors.New("the file was moved, removed or replaced while it was open")
	ErrForeign     = errors.New("the file belongs to another application")
	ErrNewerSchema = errors.New("the file was written by a newer version of this package")
	ErrClosed      = errors.New("the file is closed")
)

// failure is an error of SQLite.
type failure struct {
	error
	code sqlite.ResultCode // extended
}

func (f *failure) Unwrap() error { return f.error }

// failed marks an error of the library.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &failure{err, sqlite.ErrCode(err)}
}

// resultOf is SQLite's extended result code, ResultOK if err is not SQLite's.
func resultOf(err error) sqlite.ResultCode {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	return sqlite.ResultOK
}

// IsConstraint reports whether err says that a constraint of the schema refused
// a row.
func IsConstraint(err error) bool { return resultOf(err).ToPrimary() == sqlite.ResultConstraint }

// kindOfError names the sentinel that an error of SQLite matches, nil if none.
func kindOfError(err error) error {
	code := resultOf(err)
	if code == sqlite.ResultIOErrSHMSize {
		return ErrDiskFull // the -shm file could not grow
	}
	switch code.ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultProtocol:
		return ErrBusy
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return ErrCorrupt
	case sqlite.ResultFull:
		return ErrDiskFull
	case sqlite.ResultReadOnly, sqlite.ResultPerm, sqlite.ResultCantOpen:
		return ErrReadOnly
	}
	return nil
}

// Explain says of an error what was being done, and wraps one of SQLite with
// the sentinel that it matches. Of nil it makes nil.
func (f *File) Explain(doing string, err error) error { return explain(f.cfg.Path, doing, err) }

func explain(path, doing string, err error) error {
	if err == nil {
		return nil
	}
	if k := kindOfError(err); k != nil && !errors.Is(err, k) {
		return fmt.Errorf("%s: %s: %w (%w)", path, doing, k, err)
	}
	return fmt.Errorf("%s: %s: %w", path, doing, err)
}
