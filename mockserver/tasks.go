package mockserver

import (
	"context"
	"sync"
)

// tasks owns the server's goroutines. Nothing runs while there is nothing to
// do, and nothing is left when close returns.
type tasks struct {
	ctx    context.Context // ends with close; every task gets it
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards closed and the growth of wg
	closed bool
}

func newTasks() *tasks {
	t := &tasks{}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// begin counts a goroutine, which calls end, unless the server is closed.
func (t *tasks) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Add(1)
	return true
}

func (t *tasks) end() { t.wg.Done() }

// spawn runs f in its own goroutine.
func (t *tasks) spawn(f func(context.Context)) {
	if !t.begin() {
		return
	}
	go func() {
		defer t.end()
		f(t.ctx)
	}()
}

// close cancels the context of all tasks and has no more begin.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
}
