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

	mu     sync.Mutex // guards all below, and the growth of wg
	closed bool
	active int // tasks of companies under way
	idle   []chan *task
}

// maxIdle is how many goroutines wait for another task while one is under way.
const maxIdle = 32

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

// launch counts a task, which work runs, unless the server is closed.
func (t *tasks) launch() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Add(1)
	t.active++
	return true
}

// ended is told of the end of a task. With the last one, those who wait for
// another go.
func (t *tasks) ended() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active--; t.active == 0 {
		t.dismiss()
	}
	t.wg.Done()
}

// work runs a task and, as long as others are under way, what else there is to
// do: the stack of a goroutine that has worked has grown already.
func (t *tasks) work(next *task) {
	var more chan *task
	for next != nil {
		next.run()
		if more == nil {
			more = make(chan *task, 1)
		}
		next = t.wait(more)
	}
}

// wait returns the next task, nil if there is no need to wait for one.
func (t *tasks) wait(more chan *task) *task {
	t.mu.Lock()
	if t.closed || t.active == 0 || len(t.idle) >= maxIdle {
		t.mu.Unlock()
		return nil
	}
	t.idle = append(t.idle, more)
	t.wg.Add(1)
	t.mu.Unlock()
	defer t.wg.Done()
	return <-more
}

// hand gives a task to somebody who waits for one.
func (t *tasks) hand(next *task) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.idle) - 1
	if last < 0 {
		return false
	}
	t.idle[last] <- next
	t.idle = t.idle[:last]
	return true
}

// dismiss lets go who waits. It needs t.mu.
func (t *tasks) dismiss() {
	for _, more := range t.idle {
		more <- nil
	}
	t.idle = nil
}

// close cancels the context of all tasks and has no more begin.
func (t *tasks) close() {
	t.mu.Lock()
	t.closed = true
	t.dismiss()
	t.mu.Unlock()
	t.cancel()
}
