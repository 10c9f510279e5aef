package sqlitefile

import "time"

// Config describes a file and who uses it. BusyTimeout and the hooks may be
// left zero.
type Config struct {
	// Path names the file. It is made if it does not exist; its directory is
	// not.
	Path string

	// ApplicationID marks the file as its user's (PRAGMA application_id).
	ApplicationID int32

	// Migrations lead from one schema version to the next: the first makes
	// version 1 of an empty file. A file gets all that it lacks in one
	// transaction.
	Migrations []string

	// Migrated, if not nil, is called after each migration, within the
	// transaction, for what SQL cannot do.
	Migrated func(c *Conn, version int) error

	// BusyTimeout is how long a change waits for other processes that write
	// before it fails with [ErrBusy].
	BusyTimeout time.Duration

	// AllowFileSystems names file systems that are accepted although they are
	// among [SharedFileSystems].
	AllowFileSystems []string

	// CheckUpTo is the size of the largest file that is checked whole when it
	// is opened.
	CheckUpTo int64

	// Readers is the number of connections for [File.Read].
	Readers int

	// Prepare, if not nil, is called with every connection that is opened,
	// before anybody uses it.
	Prepare func(*Conn) error

	// Begin, if not nil, is called by the goroutine that writes when a
	// transaction has begun.
	Begin func()

	// Commit, if not nil, is called by the same goroutine before a transaction
	// that has changed a row is committed. What it writes is part of it, and
	// what it returns is called once the transaction is committed.
	Commit func(*Conn) (committed func(), err error)
}
