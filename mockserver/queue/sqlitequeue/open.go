package sqlitequeue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/vismanet-go/background/internal/lockfile"
	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/mockserver/queue"
)

// These errors are matched with errors.Is. The text of an error also carries
// what SQLite said.
var (
	ErrBusy        = sqlitefile.ErrBusy
	ErrCorrupt     = sqlitefile.ErrCorrupt
	ErrDiskFull    = sqlitefile.ErrDiskFull
	ErrReadOnly    = sqlitefile.ErrReadOnly
	ErrReplaced    = sqlitefile.ErrReplaced
	ErrForeign     = sqlitefile.ErrForeign
	ErrNewerSchema = sqlitefile.ErrNewerSchema
	ErrClosed      = sqlitefile.ErrClosed

	// ErrWorkerBusy says that another process with the same Config.Worker is
	// alive.
	ErrWorkerBusy = errors.New("another process has this worker name")
)

// A Queue is a [queue.Shared] in a directory. Use [Open] to make one;
// it is safe for concurrent use.
type Queue struct {
	cfg    Config
	dir    string
	worker string           // id of this process in table workers
	name   *lockfile.Lock   // of Config.Worker
	locks  *lockfile.Dir    // of all workers
	lock   *lockfile.Lock   // held while this one lives
	file   *sqlitefile.File // the database
	watch  *sqlitefile.Conn // looks for the writes of others

	registered atomic.Bool // we are, or were, among the workers
	lost       atomic.Bool // our leases went to others, and nobody was told yet

	fresh fresh

	mu     sync.Mutex        // guards counts
	counts map[string][2]int // polls of state and content that are not stored yet
}

var _ queue.Shared = (*Queue)(nil)

// Open opens the queue in a directory, and creates both if they are not there.
// It checks the whole database; the errors tell what is wrong with it. Nothing
// that is there is ever thrown away.
func Open(ctx context.Context, cfg Config) (*Queue, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q := &Queue{cfg: cfg.withDefaults(), dir: dir, worker: rand.Text(), counts: make(map[string][2]int)}
	if err := q.open(ctx); err != nil {
		q.release()
		return nil, fmt.Errorf("open queue in %s: %w", dir, err)
	}
	return q, nil
}

func (q *Queue) open(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(q.dir, bodies), 0o700); err != nil {
		return err
	}
	if err := q.claimName(); err != nil {
		return err
	}
	q.locks = lockfile.In(filepath.Join(q.dir, "locks"))
	if err := q.openFile(ctx); err != nil {
		return err
	}
	q.hold()
	q.sweepFiles()
	return q.change(q.enter)
}

// claimName makes sure that no living process has our name. Where there are no
// locks of files, a name must not be given twice.
func (q *Queue) claimName() (err error) {
	if q.cfg.Worker == "" {
		return nil
	}
	q.name, err = lockfile.Claim(filepath.Join(q.dir, "worker-"+q.cfg.Worker+".lock"))
	switch {
	case errors.Is(err, lockfile.ErrHeld):
		return fmt.Errorf("%w: %q", ErrWorkerBusy, q.cfg.Worker)
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	}
	return err
}

// hold takes the lock that tells the others when this process ends. Without it
// they wait for the end of its lease. On a file system that is shared with
// other machines it would tell those the wrong thing.
func (q *Queue) hold() {
	if sqlitefile.IsShared(q.dir) {
		return
	}
	lock, err := q.locks.Hold()
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		q.cfg.Logger.Warn("no lock of a file; should this process be killed, the others wait for the end of its lease", "error", err)
	}
	q.lock = lock
}

// openFile opens the database. A marker tells that there was one: a file that
// is empty was not then.
func (q *Queue) openFile(ctx context.Context) (err error) {
	path, marker := filepath.Join(q.dir, "queue.db"), filepath.Join(q.dir, "created")
	_, err = os.Stat(marker)
	created := err == nil
	if st, err := os.Stat(path); created && err == nil && st.Size() == 0 {
		return fmt.Errorf("%w: it is empty, and was not before", ErrCorrupt)
	}
	q.file, err = sqlitefile.Open(ctx, sqlitefile.Config{
		Path: path, ApplicationID: applicationID, Migrations: migrations, BusyTimeout: q.cfg.BusyTimeout,
		AllowFileSystems: q.cfg.AllowFileSystems, CheckUpTo: math.MaxInt64, Readers: 4,
		Prepare: func(c *sqlitefile.Conn) error { return c.Func("ended", q.locks.Ended) },
	})
	if err == nil {
		q.watch, err = q.file.Reader()
	}
	if err != nil || created {
		return err
	}
	return os.WriteFile(marker, []byte("The database beside this file was created.\n"), 0o600)
}

// tx is a change within a transaction.
type tx = sqlitefile.Tx

// change has f run in a transaction, and returns when that is committed. F may
// run again: whatever it leaves in variables must be the same as after one
// call, and an error of ours must come before its first change. What has begun
// is carried out, whether its caller waits or not.
func (q *Queue) change(f func(*tx) error) error {
	c := &sqlitefile.Change{Run: f}
	if q.cfg.Durability != Full {
		c.Sync = sqlitefile.Whenever
	}
	return q.file.Write(context.Background(), c)
}

// texts reads a column of text.
func texts(t *tx, query string, args ...any) (list []string, err error) {
	err = t.Query(context.Background(), query, args, func(row sqlitefile.Row) error {
		var s string
		err := row.Scan(&s)
		list = append(list, s)
		return err
	})
	return list, err
}

// numbers reads a column of numbers.
func numbers(t *tx, query string, args ...any) (list []int64, err error) {
	err = t.Query(context.Background(), query, args, func(row sqlitefile.Row) error {
		var n int64
		err := row.Scan(&n)
		list = append(list, n)
		return err
	})
	return list, err
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

// Close gives up the leases, so that other processes go on with them at once,
// and closes the database. Close the server before.
func (q *Queue) Close() error {
	err := q.change(func(t *tx) error {
		if err := q.flushCounts(t); err != nil {
			return err
		}
		// What was begun and not ended did not fail: it is not an attempt.
		if err := t.Exec(`UPDATE jobs SET attempts = attempts - 1 WHERE state = 1 AND worker = ?`, q.worker); err != nil {
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
	if q.watch != nil {
		_ = q.watch.Close()
	}
	if q.file != nil {
		_ = q.file.Close() // nothing is lost: all was committed
	}
	_ = q.lock.Close()
	_ = q.name.Close()
}
