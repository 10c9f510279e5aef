package sqlitestore

import (
	"errors"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

// Errors to match with errors.Is. The text of an error also carries what
// SQLite said.
var (
	ErrBusy        = sqlitefile.ErrBusy
	ErrCorrupt     = sqlitefile.ErrCorrupt
	ErrDiskFull    = sqlitefile.ErrDiskFull
	ErrReadOnly    = sqlitefile.ErrReadOnly
	ErrReplaced    = sqlitefile.ErrReplaced
	ErrForeign     = sqlitefile.ErrForeign
	ErrNewerSchema = sqlitefile.ErrNewerSchema
)

// closed is the error of a closed file as that of a closed store.
func closed(err error) error {
	if errors.Is(err, sqlitefile.ErrClosed) {
		return store.ErrClosed
	}
	return err
}
