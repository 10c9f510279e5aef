package vtime

import (
	"context"
	"sync"
)

// A Pool owns a server's goroutines. Nothing runs while there is nothing to do,
// and nothing is left when Wait returns.
type Pool struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex // guards all below, and the growth of wg
	closed bool
	active int // works under way
	idle   []chan *work
}

// maxIdle is how many goroutines wait for another work while one is under way.
const maxIdle = 32

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
	if !p.grow(0) {
		return
	}
	go func() {
		defer p.wg.Done()
		f(p.ctx)
	}()
}

// Close cancels the context of all that runs, and has no more begin.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.dismiss()
	p.mu.Unlock()
	p.cancel()
}

// Wait returns when nothing runs any more.
func (p *Pool) Wait() { p.wg.Wait() }

// grow counts a goroutine, and so many works, unless the pool is closed.
func (p *Pool) grow(works int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.wg.Add(1)
	p.active += works
	return true
}

// shrink is told of the end of a work. With the last one, those who wait for
// another go.
func (p *Pool) shrink() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.active--; p.active == 0 {
		p.dismiss()
	}
	p.wg.Done()
}

// serve runs a work and, as long as others are under way, what else there is to
// do: the stack of a goroutine that has worked has grown already.
func (p *Pool) serve(next *work) {
	var more chan *work
	for next != nil {
		next.run()
		if more == nil {
			more = make(chan *work, 1)
		}
		next = p.await(more)
	}
}

// await returns the next work, nil if there is no need to wait for one.
func (p *Pool) await(more chan *work) *work {
	p.mu.Lock()
	if p.closed || p.active == 0 || len(p.idle) >= maxIdle {
		p.mu.Unlock()
		return nil
	}
	p.idle = append(p.idle, more)
	p.wg.Add(1)
	p.mu.Unlock()
	defer p.wg.Done()
	return <-more
}

// hand gives a work to somebody who waits for one, and reports whether there
// was anybody.
func (p *Pool) hand(next *work) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return false
	}
	p.idle[last] <- next
	p.idle = p.idle[:last]
	return true
}

// dismiss lets go who waits. It needs p.mu.
func (p *Pool) dismiss() {
	for _, more := range p.idle {
		more <- nil
	}
	p.idle = nil
}
