package sqlitefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// maxGroup bounds the changes of one transaction.
const maxGroup = 512

// SoonIs is how long a change of [Soon] waits for a sync.
const SoonIs = 200 * time.Millisecond

// writer is the goroutine that changes the file, and the only user of its
// connection.
type writer struct {
	*File
	c       *Conn
	file    fs.FileInfo // the file as it was opened
	batch   []*Change
	tx      Tx
	changed int64 // rows that this connection had changed when the transaction began

	level int         // PRAGMA synchronous
	lazy  bool        // the group may do without a sync
	owed  time.Time   // when a change was made that has to be synced soon; zero if none
	flush *time.Timer // fires when that is due
}

// Tx is the transaction of a group while one of its changes runs.
type Tx struct {
	*Conn
	// Alone is set when the change has the transaction for itself, because a
	// statement has failed before.
	Alone bool
	after []func()
}

// After has f called once the transaction is committed, before those who wait
// for it are told.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

func newWriter(f *File, c *Conn) (*writer, error) {
	w := &writer{File: f, c: c, level: full, flush: time.NewTimer(SoonIs)}
	w.flush.Stop()
	f.queue.signal = make(chan struct{}, 1)
	var err error
	w.file, err = os.Stat(f.cfg.Path)
	return w, err
}

const totalChanges = "SELECT total_changes()"

// run writes until the file is closed and all that waited is done.
func (w *writer) run() {
	for {
		select {
		case <-w.queue.signal:
			w.drain()
		case visit := <-w.visits:
			visit(w.c)
		case <-w.flush.C:
			_ = w.syncOwed(false)
		case <-w.gone:
			w.drain()
			w.flush.Stop()
			w.closeErr = errors.Join(w.syncOwed(true), w.c.Close())
			return
		}
	}
}

// drain writes group after group until nothing waits.
func (w *writer) drain() {
	for !w.queue.idle() {
		w.group()
		if !w.owed.IsZero() && time.Since(w.owed) > SoonIs {
			_ = w.syncOwed(false) // the timer has no turn while there is always more
		}
		select {
		case visit := <-w.visits:
			visit(w.c)
		default:
		}
	}
}

// group writes all that waits in one transaction.
func (w *writer) group() {
	w.lazy = w.queue.lazy()
	err := w.begin(w.queue.idle)
	if errors.Is(err, errNobodyWaits) {
		return
	}
	// Taken only now: until the file is ours, callers are free to leave.
	w.batch = w.queue.take(w.batch[:0], maxGroup, w.lazy)
	if err != nil {
		w.finish(err)
		return
	}
	if w.steps() != nil {
		w.alone()
		return
	}
	w.finish(w.commit())
}

// hurry syncs a lazy group that was committed if one of its changes turned out
// to be wanted on disk at once.
func (w *writer) hurry() error {
	if !w.lazy || !slices.ContainsFunc(w.batch, func(c *Change) bool { return c.Sync == AtOnce }) {
		return nil
	}
	after := w.tx.after
	defer func() { w.tx.after = after }()
	w.lazy = false
	if err := w.begin(func() bool { return false }); err != nil {
		return err
	}
	return w.sync()
}

// steps runs the changes of the batch until a statement fails.
func (w *writer) steps() error {
	for i := 0; i < len(w.batch); i++ {
		c := w.batch[i]
		if c.err = c.Run(&w.tx); resultOf(c.err) != 0 {
			return c.err
		}
		if i == len(w.batch)-1 && !w.tx.Alone { // what came meanwhile rides along
			w.batch = w.queue.take(w.batch, maxGroup, w.lazy)
		}
	}
	return nil
}

// alone makes each change of a group in a transaction of its own, because a
// statement has failed in one of them.
func (w *writer) alone() {
	w.rollback()
	group := w.batch
	for _, c := range group {
		w.batch = append(make([]*Change, 0, 1), c)
		err := w.begin(func() bool { return false })
		if err == nil {
			w.tx.Alone = true
			if err = w.steps(); err == nil {
				err = w.commit()
			} else {
				w.rollback()
				err = w.Explain("write", err)
			}
		}
		w.finish(err)
	}
}

// rollback ends a transaction that may have ended already.
func (w *writer) rollback() { _ = w.c.Exec("ROLLBACK") }

// finish tells the callers of a group, err being the group's own.
func (w *writer) finish(err error) {
	if !IsConstraint(err) { // which says nothing about the file
		w.setHealth(err)
	}
	if err == nil {
		for _, f := range w.tx.after {
			f()
		}
	}
	clear(w.tx.after)
	w.tx.after = w.tx.after[:0]
	for i, c := range w.batch {
		c.shared = len(w.batch) > 1
		if err != nil {
			c.err = err
		}
		close(c.done)
		w.batch[i] = nil
	}
	w.batch = w.batch[:0]
}

// setHealth notes what became of a group.
func (w *writer) setHealth(err error) {
	if err == nil {
		w.health.Store(nil)
		return
	}
	last := err // which alone is moved to the heap
	w.health.Store(&last)
}

// errNobodyWaits ends the wait for the file: all callers have left.
var errNobodyWaits = errors.New("nobody waits")

// begin takes the right to write. It waits for other processes, and gives up
// when nobody waits for it any more.
func (w *writer) begin(idle func() bool) error {
	if err := w.setLevel(); err != nil {
		return w.Explain("begin", err)
	}
	waits := busyRetry.Waits()
	for end := time.Now().Add(w.cfg.BusyTimeout); ; {
		err := w.c.Exec("BEGIN IMMEDIATE")
		if err == nil {
			if err = w.begun(); err != nil {
				w.rollback()
			}
		}
		if !errors.Is(kindOfError(err), ErrBusy) {
			w.tx = Tx{Conn: w.c, after: w.tx.after[:0]}
			if err == nil && w.cfg.Begin != nil {
				w.cfg.Begin()
			}
			return w.Explain("begin", err)
		}
		if !time.Now().Before(end) {
			return w.Explain(fmt.Sprintf("begin: waited %v", w.cfg.BusyTimeout), err)
		}
		time.Sleep(waits.Next())
		if idle() {
			return errNobodyWaits
		}
	}
}

// begun makes sure that no process has migrated the file to a schema that this
// code does not know since it was opened.
func (w *writer) begun() error {
	have, err := w.c.Int64("PRAGMA user_version")
	if err == nil && int(have) > len(w.cfg.Migrations) {
		err = newer(have, w.cfg)
	}
	if err == nil {
		w.changed, err = w.c.Int64(totalChanges)
	}
	return err
}

// Values of PRAGMA synchronous. A transaction of level normal is written to
// the log without a sync.
const (
	normal = 1
	full   = 2
)

// setLevel makes sure that a group which may not be lost will be synced.
func (w *writer) setLevel() error {
	want := full
	if w.lazy {
		want = normal
	}
	if w.level == want {
		return nil
	}
	w.level = 0
	if err := w.c.pragmas(fmt.Sprintf("synchronous = %d", want)); err != nil {
		return err
	}
	if want == full { // SQLite ignores what it cannot set
		got, err := w.c.Int64("PRAGMA synchronous")
		if err == nil && got != full {
			err = fmt.Errorf("PRAGMA synchronous is %d, must be %d", got, full)
		}
		if err != nil {
			return err
		}
	}
	w.level = want
	return nil
}

// commit makes the transaction durable, or does so soon if the group is lazy.
func (w *writer) commit() error {
	committed, wrote, err := w.tell()
	if err = w.end(committed, wrote, err); err != nil || !wrote {
		return err
	}
	return w.hurry()
}

func (w *writer) end(committed func(), wrote bool, err error) error {
	if err == nil {
		err = w.there()
	}
	if err == nil {
		err = w.c.Exec("COMMIT")
	}
	if err != nil {
		w.rollback()
		return w.Explain("commit", err)
	}
	if wrote {
		w.owe()
	}
	if wrote && !w.lazy {
		w.syncs.Add(1)
	}
	if committed != nil {
		committed()
	}
	return nil
}

// tell lets the user add what belongs to a transaction that has changed a row.
func (w *writer) tell() (committed func(), wrote bool, err error) {
	n, err := w.c.Int64(totalChanges)
	if err != nil || n == w.changed {
		return nil, false, err
	}
	if w.cfg.Commit != nil {
		committed, err = w.cfg.Commit(w.c)
	}
	return committed, true, err
}

// there makes sure that the file still has its name: what is written into one
// that has lost it would be acknowledged and found by nobody.
func (w *writer) there() error {
	now, err := os.Stat(w.cfg.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, w.file) {
		return ErrReplaced
	}
	return nil
}

// owe notes what a group that was committed leaves to be synced.
func (w *writer) owe() {
	if !w.lazy {
		w.owed = time.Time{}
		w.flush.Stop()
		return
	}
	for _, c := range w.batch {
		if c.Sync == Soon && w.owed.IsZero() {
			w.owed = time.Now()
			w.flush.Reset(SoonIs)
		}
	}
}

// sync commits a transaction that writes no more than it has to.
func (w *writer) sync() error {
	if w.cfg.Commit == nil {
		return w.end(nil, true, w.c.pragmas(fmt.Sprint("user_version = ", len(w.cfg.Migrations))))
	}
	committed, err := w.cfg.Commit(w.c)
	return w.end(committed, true, err)
}

// syncOwed syncs what is owed. If that fails it is tried again, unless it is
// the last time.
func (w *writer) syncOwed(last bool) error {
	if w.owed.IsZero() {
		return nil
	}
	w.batch, w.lazy = w.batch[:0], false
	// Whoever waits comes first, and may bring a sync.
	err := w.begin(func() bool { return !last && !w.queue.idle() })
	if err == nil {
		err = w.sync()
	}
	if err != nil && !last {
		w.owed = time.Now()
		w.flush.Reset(SoonIs)
	}
	if err != nil && !errors.Is(err, errNobodyWaits) {
		w.setHealth(err)
	}
	return err
}
