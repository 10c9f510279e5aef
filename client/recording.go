package client

import (
	"context"
	"sync"
	"time"
)

// writeContext is the context for writing down what has happened: the end of the
// caller's must not keep it from the store, which is given ten seconds.
//
// It is one allocation, where context.WithTimeout and context.WithoutCancel are
// six, because a store in memory does not ask for Done: the timer is made for those
// who do. A poll writes twice.
type writeContext struct {
	caller context.Context // for its values
	end    time.Time

	mu    sync.Mutex // guards the rest
	timed context.Context
	stop  context.CancelFunc // of timed
	over  bool
}

// recording returns a context for writing down what has happened, which
// [writeContext.done] ends.
func recording(ctx context.Context) *writeContext {
	return &writeContext{caller: ctx, end: time.Now().Add(10 * time.Second)}
}

// done lets go of what was held for the write.
func (w *writeContext) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.stop != nil {
		w.stop()
	}
}

// Deadline implements [context.Context].
func (w *writeContext) Deadline() (time.Time, bool) { return w.end, true }

// Done implements [context.Context].
func (w *writeContext) Done() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timed == nil {
		w.timed, w.stop = context.WithDeadline(context.WithoutCancel(w.caller), w.end)
		if w.over {
			w.stop()
		}
	}
	return w.timed.Done()
}

// Err implements [context.Context].
func (w *writeContext) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.timed != nil:
		return w.timed.Err()
	case w.over:
		return context.Canceled
	case !time.Now().Before(w.end):
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements [context.Context]. Contexts made of this one find the timed one
// by it, so that they need no goroutine.
func (w *writeContext) Value(key any) any {
	w.mu.Lock()
	timed := w.timed
	w.mu.Unlock()
	if timed == nil {
		timed = context.WithoutCancel(w.caller)
	}
	return timed.Value(key)
}
