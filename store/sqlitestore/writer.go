package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/internal/backoff"
	"github.com/vismanet-go/background/store"
)

// maxGroup bounds the steps of one transaction.
const maxGroup = 512

// writer is the goroutine that changes the file, and the only user of its
// connection.
type writer struct {
	*Store
	c       *conn
	file    fs.FileInfo // the file as it was opened
	batch   []*step
	woken   []woken
	tx      tx           // of the step that runs
	careful bool         // a group is run again because a statement failed
	buf     []byte       // for documents
	scratch store.Record // is read or written as a document

	id      int64 // tells this store's changes from those of others
	seen    int64 // the last of the changes that our watchers know of
	version int64 // PRAGMA data_version as last seen
	mark    mark  // of the log, before that

	level int         // PRAGMA synchronous
	lazy  bool        // the group may do without a sync
	owed  time.Time   // when a step was done that has to be synced soon; zero if none
	flush *time.Timer // fires when that is due

	active atomic.Bool
	toggle chan struct{} // tells the writer that active changed
}

// woken is a record whose watchers are to be woken.
type woken struct{ tenant, ref string }

func newWriter(s *Store, c *conn) (*writer, error) {
	w := &writer{Store: s, c: c, toggle: make(chan struct{}, 1), level: full, id: rand.Int64(), flush: time.NewTimer(LazyFor)}
	w.flush.Stop()
	var err error
	if w.file, err = os.Stat(s.cfg.Path); err != nil {
		return nil, err
	}
	if w.version, err = c.number("PRAGMA data_version"); err != nil {
		return nil, err
	}
	// Read after the version: what is changed in between is told twice.
	w.seen, err = c.number("SELECT max(seq) FROM wakeups")
	return w, err
}

// run writes until the store is closed and all that waited is done.
func (w *writer) run() {
	var poll <-chan time.Time
	var ticker *time.Ticker
	for {
		select {
		case <-w.queue.signal:
			w.drain()
		case <-w.flush.C:
			w.syncOwed(false)
		case <-poll:
			w.look()
		case <-w.toggle:
			switch active := w.active.Load(); {
			case active && ticker == nil:
				// A change since the last look may be one that the watcher
				// has read already; telling it once more does no harm.
				w.look()
				ticker = time.NewTicker(PollInterval)
				poll = ticker.C
			case !active && ticker != nil:
				ticker.Stop()
				ticker, poll = nil, nil
			}
		case <-w.gone:
			w.drain()
			if ticker != nil {
				ticker.Stop()
			}
			w.flush.Stop()
			w.closeErr = errors.Join(w.syncOwed(true), w.c.close())
			return
		}
	}
}

// drain writes group after group until nothing waits.
func (w *writer) drain() {
	for !w.queue.idle() {
		w.group()
		if !w.owed.IsZero() && time.Since(w.owed) > LazyFor {
			w.syncOwed(false) // the timer has no turn while there is always more
		}
	}
}

// group writes all that waits in one transaction.
func (w *writer) group() {
	w.lazy = w.queue.lazy()
	if err := w.begin(w.queue.idle); err != nil {
		if errors.Is(err, errNobodyWaits) {
			return
		}
		w.batch = w.queue.take(w.batch[:0], maxGroup, w.lazy)
		w.finish(err)
		return
	}
	// Taken only now: until the file is ours, callers are free to leave.
	w.batch = w.queue.take(w.batch[:0], maxGroup, w.lazy)
	w.careful = false
	wrote, i, err := w.steps()
	if errors.Is(err, errAgain) {
		w.careful = true
		_ = w.c.exec("ROLLBACK") // it may have ended already
		if err := w.begin(func() bool { return false }); err != nil {
			w.finish(err)
			return
		}
		wrote, i, err = w.steps()
	}
	if err != nil {
		w.abort(i, err)
		return
	}
	w.finish(w.commit(wrote))
}

// steps runs the steps of the batch. If one of them ends the transaction for
// all, it returns which one.
func (w *writer) steps() (wrote bool, failed int, err error) {
	w.woken = w.woken[:0]
	for i := 0; i < len(w.batch); i++ {
		st := w.batch[i]
		if st.alone != nil {
			continue
		}
		changed, err := w.step(st)
		if err != nil {
			return false, i, err
		}
		wrote = wrote || changed
		if i == len(w.batch)-1 && !w.careful { // what came meanwhile rides along
			w.batch = w.queue.take(w.batch, maxGroup, w.lazy)
		}
	}
	return wrote, 0, nil
}

// step runs one step. Its own error is kept with it; the error returned is
// one that ended the transaction for all.
func (w *writer) step(st *step) (wrote bool, fatal error) {
	t := &w.tx
	t.begin(w)
	t.once = st.once
	if st.fresh != nil && !w.careful {
		if done, err := st.fresh.insert(t); done || err != nil {
			st.err = nil
			return done, err
		}
	}
	wrote, st.err, fatal = t.end(st.run(t, store.Rules{Tx: t, MaxUnmatched: w.cfg.MaxUnmatched}))
	if !wrote {
		w.woken = w.woken[:t.woken]
	}
	if resultCode(st.err) != 0 {
		st.err = w.explain("write", st.err)
	}
	return wrote, fatal
}

// busyRetry spaces the tries to begin while another process writes.
var busyRetry = backoff.Policy{First: 500 * time.Microsecond, Factor: 2, Limit: 20 * time.Millisecond}

// errNobodyWaits ends the wait for the file: all callers have left.
var errNobodyWaits = errors.New("nobody waits")

// begin takes the right to write. It waits for other processes, and gives up
// when nobody waits for it any more.
func (w *writer) begin(idle func() bool) error {
	if err := w.setLevel(); err != nil {
		return w.explain("begin", err)
	}
	end := time.Now().Add(w.cfg.BusyTimeout)
	for waits := busyRetry.Waits(); ; {
		err := w.c.exec("BEGIN IMMEDIATE")
		if err == nil {
			err = w.current()
		}
		if !errors.Is(kind(err), ErrBusy) {
			return w.explain("begin", err)
		}
		if !time.Now().Before(end) {
			return w.explain(fmt.Sprintf("begin: waited %v", w.cfg.BusyTimeout), err)
		}
		time.Sleep(waits.Next())
		if idle() {
			return errNobodyWaits
		}
	}
}

// current ends the transaction if another process has migrated the file to a
// schema that this code does not know since it was opened.
func (w *writer) current() error {
	have, err := w.c.number("PRAGMA user_version")
	if err == nil && int(have) > schemaVersion {
		err = newer(have)
	}
	if err != nil {
		_ = w.c.exec("ROLLBACK")
	}
	return err
}

// abort ends a transaction that failed in step i and tells all that had been
// part of it. What comes after it gets a transaction of its own.
func (w *writer) abort(i int, err error) {
	_ = w.c.exec("ROLLBACK")
	rest := w.batch[i+1:]
	w.batch = w.batch[:i+1]
	w.batch[i].err = nil
	w.finish(w.explain("write", err))
	w.queue.unshift(rest)
}

// finish tells the callers of a group, err being the group's own, runs what
// wants to run alone, and wakes the watchers.
func (w *writer) finish(err error) {
	w.health.Store(&err)
	if err != nil {
		w.woken = w.woken[:0]
	}
	for i, st := range w.batch {
		st.shared = len(w.batch) > 1
		switch {
		case err != nil:
			st.err = err
		case st.alone != nil:
			st.err = st.alone(w.c)
		}
		close(st.done)
		w.batch[i] = nil
	}
	w.batch = w.batch[:0]
	for _, r := range w.woken {
		w.hub.Publish(r.tenant, r.ref)
	}
	w.woken = w.woken[:0]
}
