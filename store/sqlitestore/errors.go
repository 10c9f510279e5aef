package sqlitestore

import (
	"errors"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// Errors to match with errors.Is. The text of an error also carries what
// SQLite said.
var (
	ErrBusy        = sqlitefile.ErrBusy        // another process held the file for longer than BusyTimeout
	ErrCorrupt     = sqlitefile.ErrCorrupt     // the file is damaged or not a database
	ErrDiskFull    = sqlitefile.ErrDiskFull    // the disk is full
	ErrReadOnly    = sqlitefile.ErrReadOnly    // the file cannot be written
	ErrReplaced    = sqlitefile.ErrReplaced    // the file was moved, removed or replaced while it was open
	ErrForeign     = sqlitefile.ErrForeign     // the file belongs to another application
	ErrNewerSchema = sqlitefile.ErrNewerSchema // the file was written by a newer version of this package
)

// closed is the error of a closed file as that of a closed store.
func closed(err error) error {
	if errors.Is(err, sqlitefile.ErrClosed) {
		return store.ErrClosed
	}
	return err
}
