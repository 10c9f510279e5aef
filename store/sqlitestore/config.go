package sqlitestore

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
)

// Config configures a [Store]. Only Path is required; a zero field means the
// default named in its comment.
type Config struct {
	// Path names the file. It is made if it does not exist; its directory is
	// not. Two more files with the endings -wal and -shm live beside it, and a
	// directory with the ending -locks.
	Path string

	// BusyTimeout is how long a change waits for other processes that write
	// to the file before it fails with [ErrBusy]. Default: 5 s.
	BusyTimeout time.Duration

	// MaxUnmatched limits, per tenant, the records of operations that only a
	// notification told of. Default: 10 000.
	MaxUnmatched int

	// KeepTombstones is for how long a purge remembers operations that had no
	// key, so that a late notification of one is recognised. Those that held a
	// key are remembered until [store.Retention].Keys of a purge frees it.
	// Default: 30 days.
	KeepTombstones time.Duration

	// AllowFileSystems names file systems that Open accepts although users of
	// one file may damage it there: those of networks, such as NFS, those that
	// a host shares with its containers and virtual machines, such as 9P, and
	// FUSE. Allow one only where every process that opens the file does so
	// within one system and in one way: never a host and its container at
	// once. The error of Open tells the name. Default: none.
	AllowFileSystems []string
}

// validate reports every fault at once, each named by its field.
func (c Config) validate() error {
	var errs []error
	fault := func(field, want string) { errs = append(errs, fmt.Errorf("%s: %s", field, want)) }
	switch {
	case c.Path == "":
		fault("Path", "must not be empty")
	case strings.Contains(c.Path, ":memory:") || strings.HasPrefix(c.Path, "file:"):
		fault("Path", "must be the name of a file (store.NewMemory keeps records in memory)")
	case strings.ContainsRune(c.Path, 0):
		fault("Path", "must not contain a zero byte")
	}
	if c.BusyTimeout < 0 {
		fault("BusyTimeout", "must not be negative")
	}
	if c.MaxUnmatched < 0 {
		fault("MaxUnmatched", "must not be negative")
	}
	if err := sqlitefile.CheckNames(c.AllowFileSystems); err != nil {
		fault("AllowFileSystems", err.Error())
	}
	if c.KeepTombstones < 0 {
		fault("KeepTombstones", "must not be negative")
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	c.BusyTimeout = cmp.Or(c.BusyTimeout, 5*time.Second)
	c.MaxUnmatched = cmp.Or(c.MaxUnmatched, 10_000)
	c.KeepTombstones = cmp.Or(c.KeepTombstones, 30*24*time.Hour)
	return c
}
