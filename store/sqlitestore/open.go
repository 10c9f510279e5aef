package sqlitestore

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/vismanet-go/background/internal/lockfile"
	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
)

const (
	// readers is the number of connections that read. A read takes
	// microseconds, so that more of them would only hold memory.
	readers = 4
	// checkUpTo is the largest file that is checked whole when it is opened.
	checkUpTo = 16 << 20
)

// Open opens the file, makes or migrates it if need be, and starts the
// goroutine that writes; [Store.Close] ends it. It refuses a file that is
// damaged ([ErrCorrupt]), that is of another application ([ErrForeign]) or a
// newer schema ([ErrNewerSchema]), or that lies on a file system which is
// shared with other machines (see [Config]); and an SQLite that does not do
// what durability needs. A file of up to 16 MiB is checked whole.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Store{cfg: cfg, gone: make(chan struct{}), toggle: make(chan struct{}, 1)}
	s.hold()
	s.writer = newWriter(s)
	var err error
	s.file, err = sqlitefile.Open(ctx, sqlitefile.Config{
		Path: cfg.Path, ApplicationID: applicationID, Migrations: migrations, Migrated: migrated, BusyTimeout: cfg.BusyTimeout,
		AllowFileSystems: cfg.AllowFileSystems, CheckUpTo: checkUpTo, Readers: readers,
		Prepare: func(c *sqlitefile.Conn) error { return errors.Join(c.Exec(eraseSmall), c.Func("ended", s.ended)) },
		Begin:   s.writer.begin, Commit: s.writer.tell,
	})
	if err != nil {
		_ = s.lock.Close()
		return nil, err
	}
	if err := s.file.Visit(ctx, s.writer.start); err != nil {
		_ = s.Close()
		return nil, s.file.Explain("open", err)
	}
	s.locks.Sweep(store.MaxLease)
	s.hub.OnActive = s.setActive
	s.watching.Go(s.watch)
	return s, nil
}

// hold takes the lock that tells other processes when this one has ended, see
// [lockfile]. Where there is none its leases end by time; on a file system that
// is shared with other machines it would tell those the wrong thing.
func (s *Store) hold() {
	path, err := filepath.EvalSymlinks(s.cfg.Path)
	if err != nil { // it is not there yet
		path = s.cfg.Path
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs // wherever the process goes
	}
	s.locks = lockfile.In(path + "-locks")
	if !sqlitefile.IsShared(filepath.Dir(path)) {
		s.lock, _ = s.locks.Hold()
	}
}

// ended reports whether the holder of a lock is gone for certain. It is the
// function of that name in SQL.
func (s *Store) ended(lock string) bool {
	return lock != "" && lock != s.lock.Name() && s.locks.Ended(lock)
}
