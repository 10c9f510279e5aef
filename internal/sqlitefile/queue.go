package sqlitefile

import (
	"context"
	"sync"
	"sync/atomic"
)

// A Change is one caller's part of a transaction. Use each once.
type Change struct {
	// Run makes the change. It is called again, in a transaction of its own
	// ([Tx.Alone]), if a statement of the group failed: whatever it leaves in
	// variables must be the same as after one call. What it has written stays
	// if it returns an error that is not SQLite's; such a one undoes what it
	// wrote, and nothing of its neighbours. So an error of its own comes
	// before its first write, or it undoes that itself.
	Run func(*Tx) error
	// Sync says when the change has to be on disk. Run may set it to AtOnce
	// where that shows only then.
	Sync Sync

	state  atomic.Int32
	err    error
	done   chan struct{} // closed once err is final
	shared bool
}

// Shared reports whether other changes were in the same transaction. It is
// asked after [File.Write] has returned.
func (c *Change) Shared() bool { return c.shared }

// Sync says when a change has to be on disk. It is committed before its caller
// is told in any case: everybody who has the file open sees it, and it outlives
// every process. A loss of power may take those that are not synced, the last
// ones first; the log on disk is valid up to its first gap, so that nothing is
// ever there without what came before it.
type Sync int

const (
	AtOnce   Sync = iota // before its caller is told
	Soon                 // within SoonIs, with a change that is synced if one comes before
	Whenever             // with the next change that is
)

// The states of a change. A caller that gives up may cancel one that waits,
// never one that the writer has taken.
const (
	waiting int32 = iota
	taken
	cancelled
)

// queue holds the changes that wait for the writer. Each of them blocks one
// caller, which bounds it.
type queue struct {
	signal chan struct{} // tells the writer that something waits

	mu      sync.Mutex // guards the rest
	changes []*Change
	closed  bool
}

// push adds a change, unless the queue is closed.
func (q *queue) push(c *Change) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.changes = append(q.changes, c)
	q.mu.Unlock()
	select {
	case q.signal <- struct{}{}:
	default: // told already
	}
	return true
}

// lazy reports whether all that wait may do without a sync.
func (q *queue) lazy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.changes {
		if c.Sync == AtOnce {
			return false
		}
	}
	return true
}

// take moves up to limit changes that still wait to batch, in order; if lazy,
// only those in front of the first that is not.
func (q *queue) take(batch []*Change, limit int, lazy bool) []*Change {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, c := range q.changes {
		if len(batch) >= limit || lazy && c.Sync == AtOnce {
			break
		}
		n++
		if c.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, c)
		}
	}
	if n == len(q.changes) {
		clear(q.changes)
		q.changes = q.changes[:0]
	} else {
		q.changes = append([]*Change(nil), q.changes[n:]...)
	}
	return batch
}

// idle drops cancelled changes and reports whether none is left.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := q.changes[:0]
	for _, c := range q.changes {
		if c.state.Load() != cancelled {
			kept = append(kept, c)
		}
	}
	clear(q.changes[len(kept):])
	q.changes = kept
	return len(kept) == 0
}

// close refuses further changes; those that wait are still taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// Waiting is how many changes wait for the writer.
func (f *File) Waiting() int {
	f.queue.mu.Lock()
	defer f.queue.mu.Unlock()
	return len(f.queue.changes)
}

// Write has a change made and returns when it is committed, or why it is not.
// If ctx ends before its turn has come, nothing was changed; after that it is
// carried out.
func (f *File) Write(ctx context.Context, c *Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.done = make(chan struct{})
	if !f.queue.push(c) {
		return ErrClosed
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, cancelled) {
			return ctx.Err()
		}
		<-c.done
		return c.err
	}
}

// Visit has visit run with the connection that writes, between two
// transactions.
func (f *File) Visit(ctx context.Context, visit func(*Conn) error) error {
	done := make(chan error, 1)
	select {
	case f.visits <- func(c *Conn) { done <- visit(c) }:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	case <-f.gone:
		return ErrClosed
	}
}
