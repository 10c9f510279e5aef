package sqlitestore

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/internal/recordjson"
)

// step is one change: it runs inside the transaction of its group.
type step struct {
	run   func(*tx, store.Rules) error
	fresh *fresh            // tried before run
	once  recordjson.Quoted // the body of a notification, if the step is about one
	lazy  laziness
	alone func(*conn) error // instead of run: outside of any transaction
	state atomic.Int32
	err   error
	done  chan struct{} // closed once err is final
	// shared says that others waited for the same group. Read after done.
	shared bool
}

// The states of a step. A caller that gives up may cancel a step that waits,
// never one that the writer has taken.
const (
	waiting int32 = iota
	taken
	cancelled
)

// laziness says when a step has to be on disk. See [LazyFor].
type laziness int

const (
	strict   laziness = iota // before its caller is told
	soon                     // within LazyFor
	whenever                 // with the next step that is not lazy
)

// queue holds the steps that wait for the writer. Each of them blocks one
// caller, which bounds it.
type queue struct {
	signal chan struct{} // tells the writer that something waits

	mu     sync.Mutex // guards the rest
	steps  []*step
	closed bool
}

// push adds a step, unless the queue is closed.
func (q *queue) push(st *step) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.steps = append(q.steps, st)
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
	for _, st := range q.steps {
		if st.lazy == strict {
			return false
		}
	}
	return true
}

// take moves up to limit steps that still wait to batch, in order; if lazy,
// only those in front of the first that is not.
func (q *queue) take(batch []*step, limit int, lazy bool) []*step {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, st := range q.steps {
		if len(batch) >= limit || lazy && st.lazy == strict {
			break
		}
		n++
		if st.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, st)
		}
	}
	if n == len(q.steps) {
		clear(q.steps)
		q.steps = q.steps[:0]
	} else {
		q.steps = append([]*step(nil), q.steps[n:]...)
	}
	return batch
}

// unshift puts steps that were taken back in front.
func (q *queue) unshift(steps []*step) {
	for _, st := range steps {
		st.state.Store(waiting)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.steps = append(append([]*step(nil), steps...), q.steps...)
}

// idle drops cancelled steps and reports whether none is left.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	kept := q.steps[:0]
	for _, st := range q.steps {
		if st.state.Load() != cancelled {
			kept = append(kept, st)
		}
	}
	clear(q.steps[len(kept):])
	q.steps = kept
	return len(kept) == 0
}

// close refuses further steps; those that wait are still taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// do runs a step and waits until it is durable. If ctx ends before its turn
// has come, nothing was changed; after that it is carried out.
func (s *Store) do(ctx context.Context, st *step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	st.done = make(chan struct{})
	if !s.queue.push(st) {
		return store.ErrClosed
	}
	select {
	case <-st.done:
		return st.err
	case <-ctx.Done():
		if st.state.CompareAndSwap(waiting, cancelled) {
			return ctx.Err()
		}
		<-st.done
		return st.err
	}
}

// change runs f as one atomic, durable step.
func (s *Store) change(ctx context.Context, f func(*tx, store.Rules) error) error {
	return s.do(ctx, &step{run: f})
}
