package sqlitequeue

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/mockserver/queue"

	"modernc.org/sqlite"

	"github.com/vismanet-go/background/internal/sqlconn"
)

// Errors of [Open].
var (
	// ErrDamaged: the directory's database is torn, or is something else.
	ErrDamaged = errors.New("the queue's database is damaged")

	// ErrNewer: the database was written by a later version of this package.
	ErrNewer = errors.New("the queue's database is of a later version")

	// ErrWorkerBusy: another process with the same Config.Worker is alive.
	ErrWorkerBusy = errors.New("another process has this worker name")
)

// ErrClosed is returned by a queue that was closed.
var ErrClosed = errors.New("the queue is closed")

// A Queue is a [queue.Shared] in a directory. Use [Open] to make one;
// it is safe for concurrent use.
type Queue struct {
	cfg         Config
	dir         string
	worker      string // id of this process in table workers
	lock        *os.File
	write       *sql.DB // one connection, used by the writer only
	read        *sql.DB
	watch       *sql.DB   // one connection, which looks for the writes of others
	dataVersion *sql.Stmt // reads the version; nil: not yet prepared
	writer      *writer

	registered atomic.Bool // we are, or were, among the workers
	lost       atomic.Bool // our leases went to others, and nobody was told yet

	queries sync.Map // of *statement, by text
	fresh   fresh

	mu     sync.Mutex        // guards counts
	counts map[string][2]int // polls of state and content that are not stored yet
}

var _ queue.Shared = (*Queue)(nil)

// Open opens the queue in a directory, and creates both if they are not there.
// It checks the whole database; [ErrDamaged] and [ErrNewer] tell what is wrong
// with it. Nothing that is there is ever thrown away.
func Open(dir string, cfg Config) (*Queue, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if dir == "" { // else it would be the working directory
		return nil, errors.New("open queue: the directory must not be empty")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q := &Queue{cfg: cfg.withDefaults(), dir: dir, worker: rand.Text(), counts: make(map[string][2]int)}
	if err := q.open(); err != nil {
		q.release()
		return nil, fmt.Errorf("open queue in %s: %w", dir, err)
	}
	return q, nil
}

func (q *Queue) open() error {
	if err := os.MkdirAll(filepath.Join(q.dir, bodies), 0o700); err != nil {
		return err
	}
	if err := sqlconn.CheckPlace("AllowFileSystems", q.cfg.AllowFileSystems, q.dir, q.file()); err != nil {
		return err
	}
	if err := q.lockName(); err != nil {
		return err
	}
	if err := q.prepareFile(); err != nil {
		return err
	}
	q.write, q.read, q.watch = q.connect(), q.connect("_pragma=query_only(1)"), q.connect("_pragma=query_only(1)")
	q.write.SetMaxOpenConns(1)
	q.watch.SetMaxOpenConns(1)
	q.read.SetMaxOpenConns(4)
	q.read.SetMaxIdleConns(4)
	if err := q.check(); err != nil {
		return damaged(err)
	}
	w, err := newWriter(q.write, q.cfg.Busy)
	if err != nil {
		return err
	}
	q.writer = w
	q.sweepFiles()
	return q.patiently(func() error { return q.writer.do(q.enter) })
}

// enter makes this process one of the workers, in place of its predecessor.
func (q *Queue) enter(t *tx) error {
	if q.cfg.Worker != "" {
		if err := q.reap(t, `SELECT id FROM workers WHERE name = ?`, q.cfg.Worker); err != nil {
			return err
		}
	}
	return q.register(t)
}

func (q *Queue) file() string { return filepath.Join(q.dir, "queue.db") }

// prepareFile creates the file, as SQLite would make it readable by all, and
// requests may hold tokens. A file that is there must consist of whole pages,
// unless a log is there to complete it; SQLite takes a cut page for one that
// ends in zeros.
func (q *Queue) prepareFile() error {
	f, err := os.OpenFile(q.file(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	// It must not be opened: closing it again would drop the locks of other
	// queues in this process.
	main, err := os.Stat(q.file())
	if err != nil {
		return err
	}
	log, err := os.Stat(q.file() + "-wal")
	const page = 4096
	if main.Size()%page != 0 && (err != nil || log.Size() == 0) {
		return fmt.Errorf("%w: it is cut off at %d bytes", ErrDamaged, main.Size())
	}
	return nil
}

func (q *Queue) connect(more ...string) *sql.DB {
	busy := "_pragma=busy_timeout(" + strconv.FormatInt(q.cfg.Busy.Milliseconds(), 10) + ")"
	db, err := sql.Open("sqlite", sqlconn.DSN(filepath.ToSlash(q.file()), append(more, busy)...))
	if err != nil {
		panic(err) // the driver is linked, and opens nothing yet
	}
	return db
}

// check makes sure of the file's form and of the settings that the package's
// promises rest on. What was set is read back: SQLite ignores what it cannot do.
func (q *Queue) check() error {
	var library string
	if err := q.write.QueryRow(`SELECT sqlite_version()`).Scan(&library); err != nil {
		return err
	}
	if !sqlconn.AtLeast(library, sqlconn.MinVersion) {
		return fmt.Errorf("SQLite %s is older than %s", library, sqlconn.MinVersion)
	}
	if err := q.migrate(); err != nil {
		return err
	}
	level := map[Durability]string{Normal: "1", Full: "2"}[q.cfg.Durability]
	for _, setting := range [][3]string{
		{"journal_mode", "WAL", "wal"},
		{"synchronous", level, level},
		{"journal_size_limit", "67108864", "67108864"},
	} {
		if err := q.set(setting[0], setting[1], setting[2]); err != nil {
			return err
		}
	}
	var verdict string
	if err := q.write.QueryRow(`PRAGMA quick_check(1)`).Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}

// set changes a setting.
func (q *Queue) set(name, value, want string) error {
	var got string
	err := q.patiently(func() error {
		if _, err := q.write.Exec("PRAGMA " + name + " = " + value); err != nil {
			return err
		}
		return q.write.QueryRow("PRAGMA " + name).Scan(&got)
	})
	if err == nil && got != want {
		return fmt.Errorf("%s is %s and cannot be set to %s", name, got, want)
	}
	return err
}

// patience is how long Open waits for other processes, if Config.Busy is less:
// it happens once, and a process that does not start helps nobody.
const patience = 15 * time.Second

// patiently repeats a step while other processes are in its way. SQLite's own
// waiting does not cover all of that, and is so slow after a while that busy
// processes leave it no gap.
func (q *Queue) patiently(step func() error) error {
	for end := time.Now().Add(max(q.cfg.Busy, patience)); ; pause() {
		if err := step(); !isBusy(err) || time.Now().After(end) {
			return err
		}
	}
}

// migrate brings the tables to schemaVersion.
func (q *Queue) migrate() error {
	conn, err := q.write.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	run := func(s string) error { _, err := conn.ExecContext(context.Background(), s); return err }
	var app, version, tables int
	read := func() error {
		for query, into := range map[string]*int{
			"PRAGMA application_id": &app, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables,
		} {
			if err := conn.QueryRowContext(context.Background(), query).Scan(into); err != nil {
				return err
			}
		}
		return nil
	}
	if err := q.patiently(read); err != nil {
		return err
	}
	if app == applicationID && version == schemaVersion {
		return nil // nobody who is at work has to be waited for
	}
	if err := q.patiently(func() error { return run("BEGIN IMMEDIATE") }); err != nil {
		return err
	}
	defer func() { _ = run("ROLLBACK") }() // no effect after COMMIT
	if err := read(); err != nil {
		return err
	}
	marker := filepath.Join(q.dir, "created")
	switch {
	case app == applicationID && version == schemaVersion:
		return nil
	case app == applicationID && version < schemaVersion:
		for v := version; v < schemaVersion; v++ {
			if err := run(upgrades[v]); err != nil {
				return err
			}
		}
		return run(fmt.Sprintf("PRAGMA user_version = %d; COMMIT", schemaVersion))
	case app == applicationID && version > schemaVersion:
		return fmt.Errorf("%w: %d, this program knows %d", ErrNewer, version, schemaVersion)
	case app != 0 || version != 0 || tables != 0:
		return fmt.Errorf("%w: it was not made by this package", ErrDamaged)
	}
	if _, err := os.Stat(marker); err == nil {
		return fmt.Errorf("%w: it is empty, and was not before", ErrDamaged)
	}
	if err := run(fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", schema, applicationID, schemaVersion)); err != nil {
		return err
	}
	return os.WriteFile(marker, []byte("The database beside this file was created.\n"), 0o600)
}

// damaged marks errors that tell of a damaged file.
func damaged(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) && (e.Code()&0xff == 11 || e.Code()&0xff == 26) { // SQLITE_CORRUPT, SQLITE_NOTADB
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == 5 || e.Code()&0xff == 6) // SQLITE_BUSY, SQLITE_LOCKED
}

// Close gives up the leases, so that other processes go on with them at once,
// and closes the database. Close the server before.
func (q *Queue) Close() error {
	err := q.writer.do(func(t *tx) error {
		if err := q.flushCounts(t); err != nil {
			return err
		}
		// What was begun and not ended did not fail: it is not an attempt.
		if _, err := t.exec(`UPDATE jobs SET attempts = attempts - 1 WHERE state = 1 AND worker = ?`, q.worker); err != nil {
			return err
		}
		return q.reap(t, `SELECT id FROM workers WHERE id = ?`, q.worker)
	})
	if errors.Is(err, ErrClosed) {
		return nil
	}
	q.release()
	return err
}

// release closes what is open.
func (q *Queue) release() {
	if q.writer != nil {
		q.writer.close()
	}
	for _, db := range []*sql.DB{q.watch, q.read, q.write} {
		if db != nil {
			_ = db.Close() // nothing is lost: all was committed
		}
	}
	if q.lock != nil {
		_ = q.lock.Close()
	}
}
