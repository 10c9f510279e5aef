package mockserver

import (
	"context"
	"sync"
	"time"
)

// tasks owns the server's goroutines and timers. Nothing runs while there is
// nothing to do, and nothing is left when close returns.
type tasks struct {
	ctx    context.Context // ends with close; every task gets it
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards closed, timers and the growth of wg
	closed bool
	timers map[*time.Timer]struct{}
}

func newTasks() *tasks {
	t := &tasks{timers: make(map[*time.Timer]struct{})}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// after runs f in its own goroutine when d has passed; stop forgets it if it
// has not begun.
func (t *tasks) after(d time.Duration, f func(context.Context)) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return func() {}
	}
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		if t.fired(&timer) {
			defer t.wg.Done()
			f(t.ctx)
		}
	})
	t.timers[timer] = struct{}{}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		timer.Stop()
		delete(t.timers, timer)
	}
}

// fired counts a timer's goroutine, unless the server is closed. The timer
// comes by address: only under the lock is it certain to be set.
func (t *tasks) fired(timer **time.Timer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.timers, *timer)
	if t.closed {
		return false
	}
	t.wg.Add(1)
	return true
}

// close cancels the context of all tasks, forgets all timers and waits.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	for timer := range t.timers {
		timer.Stop()
	}
	clear(t.timers)
	t.mu.Unlock()
	t.cancel()
	t.wg.Wait()
}
