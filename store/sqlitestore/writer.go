package sqlitestore

import (
	"context"
	"math/rand/v2"

	"github.com/vismanet-go/background/internal/sqlitefile"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// LazyFor, 200 ms, is how long a lazy change may wait for a sync: an outcome that
// the ERP still has, an acknowledgement ([store.AcknowledgeDecision]), the count of
// a run or a question, or a document. It is committed before the method returns:
// everybody who has the file open sees it, and it outlives every process. A loss
// of power before the sync may undo it: then the outcome is read from the ERP again,
// the handler runs again, the run or question is not counted, or the document is as
// it was. The sync comes with the next change that is not lazy, by any process, at
// the latest after LazyFor, and before [Store.Close] returns.
//
// The ERP still has the outcome of a [store.SettledFact] with an ID that ended an
// operation which was accepted within the last twelve hours. All others are synced
// before the method returns: answers in the foreground, what a person tells, what is
// unclear, comes late or contradicts what is known.
//
// Leases and [store.RescheduleDecision] need no sync of their own, and wait for the
// next one: whoever could hold a lease is gone after a loss of power, and an
// operation whose next poll is forgotten is polled at once.
const LazyFor = sqlitefile.SoonIs

// writer is what the goroutine that writes needs for its steps.
type writer struct {
	*Store
	woken   []woken
	tx      tx           // of the step that runs
	buf     []byte       // for documents
	scratch store.Record // is read or written as a document
	row     row
	ref     [1]any // that is looked for

	id      int64 // tells this store's changes from those of others
	seen    int64 // the last of the changes that our watchers know of
	version int64 // PRAGMA data_version as last seen
	mark    mark  // of the log, before that
}

// woken is a record whose watchers are to be woken.
type woken struct{ tenant, ref string }

// row is what a step reads of a record, where it is scanned into: for each step
// anew that would be much memory.
type row struct {
	n         int64
	doc, lock string
	into      [3]any // the above
}

func newWriter(s *Store) *writer {
	w := &writer{Store: s, id: rand.Int64()}
	w.row.into = [3]any{&w.row.n, &w.row.doc, &w.row.lock}
	return w
}

// start notes what was changed so far.
func (w *writer) start(c *sqlitefile.Conn) (err error) {
	if w.version, err = c.Int64("PRAGMA data_version"); err != nil {
		return err
	}
	// Read after the version: what is changed in between is told twice.
	w.seen, err = c.Int64("SELECT max(seq) FROM wakeups")
	return err
}

// begin begins a group.
func (w *writer) begin() { w.woken = w.woken[:0] }

// step is one change: it runs inside the transaction of its group.
type step struct {
	run   func(*tx, store.Rules) error
	fresh *fresh            // tried before run
	once  recordjson.Quoted // the body of a notification, if the step is about one
	sync  sqlitefile.Sync   // run may make it more urgent
	// shared is set if others were in the same group.
	shared bool
}

// do runs a step and waits until it is durable, or as lazy as it may be. If ctx
// ends before its turn has come, nothing was changed; after that it is carried
// out.
func (s *Store) do(ctx context.Context, st *step) error {
	c := &sqlitefile.Change{Sync: st.sync}
	c.Run = func(t *sqlitefile.Tx) error {
		err := s.writer.step(t, st)
		c.Sync = st.sync
		return err
	}
	err := s.file.Write(ctx, c)
	st.shared = c.Shared()
	return closed(err)
}

func (w *writer) step(in *sqlitefile.Tx, st *step) error {
	t := &w.tx
	t.begin(w, in)
	t.once = st.once
	if st.fresh != nil && !in.Alone {
		if done, err := st.fresh.insert(t); done || err != nil {
			return err
		}
	}
	return t.end(st.run(t, store.Rules{Tx: t, MaxUnmatched: w.cfg.MaxUnmatched}))
}

// change runs f as one atomic, durable step.
func (s *Store) change(ctx context.Context, f func(*tx, store.Rules) error) error {
	return s.do(ctx, &step{run: f})
}
