package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// LazyFor is how long a [store.AcknowledgeDecision], the count of a run, or a document may be
// without a sync of its own. It is committed before its caller is told:
// everybody who has the file open sees it, and it outlives every process. Until
// the next sync, by any of them, it may not outlive a loss of power, and then
// the completion is handled again, the run is not counted, or the document is
// as it was. That sync comes with the next change that is not lazy, at the
// latest after LazyFor, and before [Store.Close] returns.
//
// Leases do not wait for a sync either. They need none: whoever could hold
// one is gone after a loss of power.
const LazyFor = 200 * time.Millisecond

// Values of PRAGMA synchronous. A transaction of level normal is written to
// the log without a sync. The log is valid up to its first gap, so that
// nothing that comes later can be there without it.
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
		got, err := w.c.number("PRAGMA synchronous")
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
func (w *writer) commit(wrote bool) error {
	if !wrote {
		return w.explain("end", w.c.exec("ROLLBACK"))
	}
	// Writing on into a file that has lost its name would be acknowledged
	// and found by nobody.
	var err error
	seq, err := w.tell()
	if err == nil {
		if now, e := os.Stat(w.cfg.Path); errors.Is(e, fs.ErrNotExist) || e == nil && !os.SameFile(now, w.file) {
			err = ErrReplaced
		} else {
			err = w.c.exec("COMMIT")
		}
	}
	if err != nil {
		_ = w.c.exec("ROLLBACK") // it may have ended already
		return w.explain("commit", err)
	}
	if seq == w.seen+1 {
		w.seen = seq
	}
	w.owe()
	return nil
}

// owe notes what a group that was committed leaves to be synced.
func (w *writer) owe() {
	if !w.lazy {
		w.owed = time.Time{}
		w.flush.Stop()
		return
	}
	for _, st := range w.batch {
		if st.lazy == soon && w.owed.IsZero() {
			w.owed = time.Now()
			w.flush.Reset(LazyFor)
		}
	}
}

// syncOwed syncs what is owed. If that fails it is tried again, unless it is
// the last time.
func (w *writer) syncOwed(last bool) error {
	if w.owed.IsZero() {
		return nil
	}
	w.batch, w.woken, w.lazy = w.batch[:0], w.woken[:0], false
	err := w.begin(func() bool { return !last && !w.queue.idle() }) // whoever waits comes first, and may bring a sync
	if err == nil {
		err = w.commit(true)
	}
	if err != nil && !last {
		w.owed = time.Now()
		w.flush.Reset(LazyFor)
	}
	if err != nil && !errors.Is(err, errNobodyWaits) {
		w.health.Store(&err)
	}
	return err
}
