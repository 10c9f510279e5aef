package sqlitefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vismanet-go/background/internal/backoff"
)

// patience is how long Open waits for other processes, if BusyTimeout is less:
// it happens once, and a process that does not start helps nobody.
const patience = 15 * time.Second

// busyRetry spaces the tries of a process to get its turn. SQLite's own waits
// are so long after a while that busy processes leave it no gap.
var busyRetry = backoff.Policy{First: 500 * time.Microsecond, Factor: 2, Limit: 2 * time.Millisecond}

// Open opens the file, makes or migrates it if need be, and starts the
// goroutine that writes; [File.Close] ends it. It refuses a file that is damaged,
// on a file system that is shared with other machines, of another application,
// or of a newer schema, and an SQLite that does not do what durability needs.
// Nothing that is there is ever thrown away.
func Open(ctx context.Context, cfg Config) (*File, error) {
	path, err := filepath.Abs(cfg.Path) // wherever the process goes
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
	f := &File{cfg: cfg, pool: make(chan *Conn, cfg.Readers), visits: make(chan func(*Conn)), gone: make(chan struct{})}
	for range cfg.Readers {
		r, err := openReader(cfg)
		if err != nil {
			f.closeReaders(len(f.pool))
			return nil, errors.Join(explain(path, "open", err), c.Close())
		}
		f.pool <- r
	}
	f.writer, err = newWriter(f, c)
	if err != nil {
		f.closeReaders(cfg.Readers)
		return nil, errors.Join(explain(path, "open", err), c.Close())
	}
	f.writing.Go(f.writer.run)
	return f, nil
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
	return CheckPlace("AllowFileSystems", cfg.AllowFileSystems, dir, path)
}

// logPages is how long the log grows before the writer copies it to the file. With
// [File.Aside], others do that, and the writer does so at a multiple of it.
const (
	logPages      = 4000
	logPagesAside = 4 * logPages
)

// openWriter opens the connection that writes and brings the file into shape.
// Two processes that do this at once hold each other up for a moment.
func openWriter(ctx context.Context, cfg Config) (*Conn, error) {
	_, err := os.Stat(cfg.Path)
	isNew := errors.Is(err, fs.ErrNotExist)
	waits := busyRetry.Waits()
	for end := time.Now().Add(max(cfg.BusyTimeout, patience)); ; time.Sleep(waits.Next()) {
		c, err := tryWriter(cfg, isNew)
		if err == nil || !errors.Is(kindOfError(err), ErrBusy) || !time.Now().Before(end) {
			return c, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

func tryWriter(cfg Config, isNew bool) (*Conn, error) {
	before := look(cfg.Path)
	c, err := Connect(cfg.Path)
	if err != nil {
		return nil, err
	}
	if isNew {
		// Not by making the file beforehand: closing it would drop the locks
		// that another user of it in this process holds.
		err = os.Chmod(cfg.Path, 0o600)
	}
	if err == nil {
		err = prepareWriter(c, cfg, before)
	}
	if err == nil && isNew {
		err = syncDir(filepath.Dir(cfg.Path))
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func prepareWriter(c *Conn, cfg Config, before sizes) error {
	if err := checkVersion(c); err != nil {
		return err
	}
	c.wait(100 * time.Millisecond)
	// Whose file it is comes before the first change to it.
	have, err := version(c, cfg, "BEGIN")
	if e := c.Exec("ROLLBACK"); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	if err := check(c, cfg, before); err != nil {
		return err
	}
	if have == 0 {
		// Only a file without a table yet can be made to give space back.
		if err := c.pragmas("auto_vacuum = INCREMENTAL"); err != nil {
			return err
		}
	}
	err = c.pragmas(
		"journal_mode = WAL",
		"synchronous = FULL",
		"fullfsync = ON",            // on macOS, where a plain fsync stops at the disk's cache
		"checkpoint_fullfsync = ON", //
		"journal_size_limit = 67108864",
		// Pages: the same ones are written again and again.
		"wal_autocheckpoint = "+strconv.Itoa(logPages),
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
	if have < len(cfg.Migrations) {
		if err := Migrate(c, cfg, len(cfg.Migrations)); err != nil {
			return err
		}
	}
	c.wait(0) // from here on the writer waits by itself, so that callers can leave
	return cfg.prepare(c)
}

func (cfg Config) prepare(c *Conn) error {
	if cfg.Prepare == nil {
		return nil
	}
	return cfg.Prepare(c)
}

func openReader(cfg Config) (*Conn, error) {
	c, err := Connect(cfg.Path)
	if err != nil {
		return nil, err
	}
	c.wait(cfg.BusyTimeout)
	err = c.pragmas("query_only = ON", "trusted_schema = OFF")
	if err == nil {
		err = cfg.prepare(c)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// readBack makes sure that the settings that durability rests on are in force:
// SQLite ignores what it cannot or does not want to set.
func readBack(c *Conn) error {
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		got, err := c.Text("PRAGMA " + pragma)
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
func checkVersion(c *Conn) error {
	got, err := c.Text("SELECT sqlite_version()")
	if err != nil {
		return err
	}
	if !AtLeast(got, MinVersion) {
		return fmt.Errorf("SQLite %s is linked, need %s or newer: older ones can damage a WAL file", got, MinVersion)
	}
	return nil
}

// sizes are those of a file and of its log, 0 of what is not there.
type sizes struct{ file, log int64 }

// look must not open the file: closing it again would drop the locks that
// another user of it in this process holds.
func look(path string) (s sizes) {
	if st, err := os.Stat(path); err == nil {
		s.file = st.Size()
	}
	if st, err := os.Stat(path + "-wal"); err == nil {
		s.log = st.Size()
	}
	return s
}

// check looks for damage: a file without a log must consist of whole pages, as
// SQLite takes a cut one for one that ends in zeros, and a small file is looked
// at whole. [File.Check] looks at all of any file.
func check(c *Conn, cfg Config, before sizes) error {
	size, err := c.Int64("PRAGMA page_size")
	if err != nil {
		return err
	}
	if before.log == 0 && before.file%size != 0 {
		return fmt.Errorf("%w: it is cut off at %d bytes", ErrCorrupt, before.file)
	}
	pages, err := c.Int64("PRAGMA page_count")
	if err != nil || pages*size > cfg.CheckUpTo {
		return err
	}
	return verdict(context.Background(), c, "PRAGMA quick_check(1)")
}

// verdict runs a checking pragma.
func verdict(ctx context.Context, c *Conn, pragma string) error {
	return c.Query(ctx, pragma, nil, func(row Row) error {
		var text string
		if err := row.Scan(&text); err != nil || text == "ok" {
			return err
		}
		return fmt.Errorf("%w: %s", ErrCorrupt, text)
	})
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
