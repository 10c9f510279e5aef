package vtime

import (
	"context"
	"sync"
)

// A Pool owns a server's goroutines: each task that begins by itself has one of
// its own. Nothing runs while there is nothing to do, and nothing is left when
// Wait returns.
type Pool struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards closed, and the growth of wg
	closed bool
}

// NewPool returns a pool that nothing runs in.
func NewPool() *Pool {
	p := &Pool{}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Context ends with Close.
func (p *Pool) Context() context.Context { return p.ctx }

// Spawn runs f in its own goroutine, unless the pool is closed. The context
// ends with Close.
func (p *Pool) Spawn(f func(context.Context)) {
	if !p.grow() {
		return
	}
	go func() {
		defer p.wg.Done()
		f(p.ctx)
	}()
}

// Close cancels the context of all that runs, and lets nothing begin any more.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
}

// Wait returns when nothing runs any more.
func (p *Pool) Wait() { p.wg.Wait() }

// grow counts a goroutine that is about to begin, and reports whether it may:
// the pool is not closed.
func (p *Pool) grow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.wg.Add(1)
	}
	return !p.closed
}
