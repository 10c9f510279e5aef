package sqlitestore

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
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
)

// SQLite's result codes: https://www.sqlite.org/rescode.html
const (
	codePerm     = 3
	codeBusy     = 5
	codeLocked   = 6
	codeReadOnly = 8
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeProtocol = 15
	codeTooBig   = 18
	codeNotADB   = 26
	codeShmSize  = 10 | 19<<8 // SQLITE_IOERR_SHMSIZE

	codeConstraint = 19
	codeMismatch   = 20
)

// resultCode is SQLite's extended result code, 0 if err is not SQLite's.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// kind names the sentinel that an error of SQLite matches, nil if none.
func kind(err error) error {
	code := resultCode(err)
	if code == codeShmSize {
		return ErrDiskFull // the -shm file could not grow
	}
	switch code & 0xff {
	case codeBusy, codeLocked, codeProtocol:
		return ErrBusy
	case codeCorrupt, codeNotADB:
		return ErrCorrupt
	case codeFull:
		return ErrDiskFull
	case codeReadOnly, codePerm, codeCantOpen:
		return ErrReadOnly
	}
	return nil
}

// explain wraps an error of SQLite with what was being done and its kind.
func (s *Store) explain(doing string, err error) error { return explain(s.cfg.Path, doing, err) }

func explain(path, doing string, err error) error {
	if err == nil {
		return nil
	}
	if k := kind(err); k != nil && !errors.Is(err, k) {
		return fmt.Errorf("%s: %s: %w (%w)", path, doing, k, err)
	}
	return fmt.Errorf("%s: %s: %w", path, doing, err)
}
