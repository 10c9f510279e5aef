package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vismanet-go/background/internal/sqlitefile"
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
// damaged, on a file system that is shared with other machines
// (see [Config]), of another application, or of a newer
// schema, and an SQLite that does not do what durability needs.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	// All that follows is tied to this file, wherever the process goes.
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, err
	}
	cfg.Path = path
	if err := checkPlace(cfg); err != nil {
		return nil, err
	}
	c, err := openWriter(ctx, cfg)
	if err != nil {
		return nil, explain(path, "open", err)
	}
	s := &Store{cfg: cfg, pool: make(chan *conn, readers), gone: make(chan struct{})}
	s.queue.signal = make(chan struct{}, 1)
	for range readers {
		r, err := openReader(cfg)
		if err != nil {
			s.closeReaders(len(s.pool))
			_ = c.close()
			return nil, explain(path, "open", err)
		}
		s.pool <- r
	}
	w, err := newWriter(s, c)
	if err != nil {
		s.closeReaders(readers)
		_ = c.close()
		return nil, explain(path, "open", err)
	}
	s.writer, s.hub.OnActive = w, w.setActive
	s.writing.Go(w.run)
	return s, nil
}

// checkPlace refuses what SQLite would only stumble over.
func checkPlace(cfg Config) error {
	path, dir := cfg.Path, filepath.Dir(cfg.Path)
	if st, err := os.Stat(dir); err != nil {
		return fmt.Errorf("%s: its directory: %w", path, err)
	} else if !st.IsDir() {
		return fmt.Errorf("%s: %s is not a directory", path, dir)
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", path)
	}
	// The file may be a link, or mounted alone.
	return sqlitefile.CheckPlace("AllowFileSystems", cfg.AllowFileSystems, dir, path)
}

// openWriter opens the connection that writes and brings the file into shape.
// Two processes that do this at once hold each other up for a moment.
func openWriter(ctx context.Context, cfg Config) (*conn, error) {
	_, err := os.Stat(cfg.Path)
	isNew := errors.Is(err, fs.ErrNotExist)
	for end := time.Now().Add(cfg.BusyTimeout); ; {
		c, err := open(cfg.Path)
		if err != nil {
			return nil, err
		}
		if isNew {
			// Not by making the file beforehand: closing it would drop the
			// locks that another store of this process holds on it.
			if err := os.Chmod(cfg.Path, 0o600); err != nil {
				_ = c.close()
				return nil, err
			}
		}
		if err = prepareWriter(c, cfg); err == nil {
			if isNew {
				err = syncDir(filepath.Dir(cfg.Path))
			}
			if err == nil {
				return c, nil
			}
		}
		_ = c.close()
		if !errors.Is(kind(err), ErrBusy) || !time.Now().Before(end) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func prepareWriter(c *conn, cfg Config) error {
	if err := checkVersion(c); err != nil {
		return err
	}
	wait := strconv.FormatInt(min(cfg.BusyTimeout, time.Second).Milliseconds(), 10)
	if err := c.pragmas("busy_timeout = " + wait); err != nil {
		return err
	}
	// Whose file it is comes before the first change to it.
	have, err := version(c, "BEGIN")
	if e := c.exec("ROLLBACK"); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if have > 0 {
		if err := check(c); err != nil {
			return err
		}
	}
	err = c.pragmas(
		"journal_mode = WAL",
		"synchronous = FULL",
		"fullfsync = ON",            // on macOS, where a plain fsync stops at the disk's cache
		"checkpoint_fullfsync = ON", //
		"journal_size_limit = 67108864",
		"wal_autocheckpoint = 4000", // pages: the same ones are written again and again
		// KiB. Little, since a commit after a page was split visits every page
		// in the cache; what is read again comes from that of the system.
		"cache_size = -2048",
		"trusted_schema = OFF",
		"cell_size_check = ON", // finds damage before it spreads
	)
	if err != nil {
		return err
	}
	if err := readBack(c); err != nil {
		return err
	}
	if have < schemaVersion {
		if err := migrate(c, schemaVersion); err != nil {
			return err
		}
	}
	// From here on the writer waits by itself, so that callers can leave.
	return c.pragmas("busy_timeout = 0")
}

func openReader(cfg Config) (*conn, error) {
	c, err := open(cfg.Path)
	if err != nil {
		return nil, err
	}
	wait := strconv.FormatInt(cfg.BusyTimeout.Milliseconds(), 10)
	if err := c.pragmas("busy_timeout = "+wait, "query_only = ON", "trusted_schema = OFF"); err != nil {
		_ = c.close()
		return nil, err
	}
	return c, nil
}

func (c *conn) setBusyTimeout(ms int64) error {
	return c.pragmas("busy_timeout = " + strconv.FormatInt(ms, 10))
}

// pragmas sets each of them.
func (c *conn) pragmas(list ...string) error {
	for _, p := range list {
		if err := c.Script("PRAGMA " + p); err != nil {
			return err
		}
	}
	return nil
}

// readBack makes sure that the settings that durability rests on are in
// force: SQLite ignores what it cannot or does not want to set.
func readBack(c *conn) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		got, err := c.word("PRAGMA " + pragma)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("PRAGMA %s is %q, must be %q for what is stored to be on disk", pragma, got, want)
		}
	}
	return nil
}

// checkVersion refuses a SQLite that may damage the file.
func checkVersion(c *conn) error {
	got, err := c.word("SELECT sqlite_version()")
	if err != nil {
		return err
	}
	if !sqlitefile.AtLeast(got, sqlitefile.MinVersion) {
		return fmt.Errorf("SQLite %s is linked, need %s or newer: older ones can damage a WAL file", got, sqlitefile.MinVersion)
	}
	return nil
}

// check looks for damage: in the whole of a small file, else only in what
// every file has. [Store.Check] looks at all of any file.
func check(c *conn) error {
	pages, err := c.number("PRAGMA page_count")
	if err != nil {
		return err
	}
	size, err := c.number("PRAGMA page_size")
	if err != nil || pages*size > checkUpTo {
		return err
	}
	return verdict(context.Background(), c, "PRAGMA quick_check(1)")
}

// verdict runs a checking pragma.
func verdict(ctx context.Context, c *conn, pragma string) error {
	return c.Query(ctx, func(row []driver.Value) error {
		if row[0] != "ok" {
			return fmt.Errorf("%w: %v", ErrCorrupt, row[0])
		}
		return nil
	}, pragma)
}

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, os.ErrInvalid) {
		err = nil // not every system can sync a directory
	}
	return errors.Join(err, d.Close())
}
