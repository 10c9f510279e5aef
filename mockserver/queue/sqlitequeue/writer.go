package sqlitequeue

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/sqlconn"
)

// maxBatch is how many changes go into one transaction.
const maxBatch = 256

// A writer is the only one in the process that changes the database. What
// waits for it goes together in one transaction, so that it is written, and
// synced, once.
type writer struct {
	busy time.Duration
	todo chan *change
	done chan struct{} // closed when run has returned

	mu     sync.RWMutex // guards closed, and sending on todo
	closed bool

	conn conn // used by run only
}

// A change is one caller's part of a transaction. Its function may be called
// again: whatever it leaves in variables must be the same as after one call.
// After an error of the database nothing of it is kept; an error of ours must
// come before its first change.
type change struct {
	f     func(*tx) error
	after []func() // to do once it is committed
	err   chan error
}

// A tx is a transaction that is open.
type tx struct {
	w      *writer
	change *change
	broken error // an error of the database
}

func newWriter(db *sql.DB, busy time.Duration) (*writer, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	// Waiting is done here, in smaller steps than SQLite's. The log may grow to 16 MiB: a page that is written often goes into the
	// database once.
	if _, err := conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 0; PRAGMA wal_autocheckpoint = 4000"); err != nil {
		return nil, err
	}
	w := &writer{busy: busy, todo: make(chan *change, maxBatch), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		_ = conn.Raw(func(dc any) error {
			w.conn.Conn = sqlconn.New(dc.(driver.Conn))
			w.run()
			return nil
		})
		_ = conn.Close()
	}()
	return w, nil
}

// do has f run in a transaction, and returns when that is committed.
func (w *writer) do(f func(*tx) error) error {
	c := &change{f: f, err: make(chan error, 1)}
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return ErrClosed
	}
	w.todo <- c
	w.mu.RUnlock()
	return <-c.err
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.todo)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *writer) run() {
	defer func() { _ = w.conn.CloseStatements() }()
	for c := range w.todo {
		// Those who were just told of the last batch have more to write now.
		for range 3 {
			runtime.Gosched()
		}
		batch := append(make([]*change, 0, 16), c)
	more:
		for len(batch) < maxBatch {
			select {
			case c, ok := <-w.todo:
				if !ok {
					break more
				}
				batch = append(batch, c)
			default:
				break more
			}
		}
		w.write(batch)
	}
}

// write commits a batch. If the database refuses it as a whole, each change
// gets a transaction of its own, so that one does not spoil the others.
func (w *writer) write(batch []*change) {
	results, err := w.attempt(batch)
	switch {
	case err == nil:
		for i, c := range batch {
			if results[i] == nil {
				for _, f := range c.after {
					f()
				}
			}
			c.err <- results[i]
		}
	case len(batch) == 1 || isBusy(err):
		for _, c := range batch {
			c.err <- err
		}
	default:
		for _, c := range batch {
			w.write([]*change{c})
		}
	}
}

// attempt is one transaction. Its results are the errors of ours, its error is
// one of the database.
func (w *writer) attempt(batch []*change) ([]error, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	results := make([]error, len(batch))
	t := &tx{w: w}
	for i, c := range batch {
		c.after = nil
		t.change = c
		results[i] = c.f(t)
		if t.broken != nil {
			break
		}
	}
	if t.broken == nil {
		_, t.broken = t.exec("COMMIT")
	}
	if t.broken != nil {
		err := t.broken
		_, _ = w.conn.exec("ROLLBACK") // SQLite may have done it already
		return nil, err
	}
	return results, nil
}

// begin waits for its turn among the processes.
func (w *writer) begin() error {
	for end := time.Now().Add(w.busy); ; {
		_, err := w.conn.exec("BEGIN IMMEDIATE")
		if !isBusy(err) || time.Now().After(end) {
			return err
		}
		pause()
	}
}

// pause is how long a process waits between two tries to get its turn.
func pause() { time.Sleep(500*time.Microsecond + rand.N(time.Millisecond)) }

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (n int64, err error) {
	n, err = t.w.conn.exec(query, args...)
	if err != nil {
		t.broken = err
	}
	return n, err
}

// row reads one row; it returns sql.ErrNoRows if there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	found := false
	err := t.rows(query, args, func(scan func(...any) error) error {
		found = true
		return scan(into...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// rows reads rows one by one. The function must not use the transaction.
func (t *tx) rows(query string, args []any, each func(scan func(...any) error) error) error {
	err := t.w.conn.query(query, args, each)
	if err != nil {
		t.broken = err
	}
	return err
}

// after does something once the change is committed.
func (t *tx) after(f func()) { t.change.after = append(t.change.after, f) }
