package vtime

import (
	"context"
	"errors"
	"time"
)

// A Generation is a company's time between two resets: what is under way in it,
// and what was planned in it, ends with it. Its clock's mutex guards it.
type Generation struct {
	clock  *Clock
	ctx    context.Context
	cancel context.CancelCauseFunc

	tasks []*Task       // under way, oldest first
	busy  int           // of these, those that wait for no signal
	over  bool          // the company is being reset
	left  bool          // gone is closed
	void  bool          // what it had is being wiped
	gone  chan struct{} // closed when it is over and nothing is under way
	next  chan struct{} // closed when there is a new generation
}

// newGeneration needs c.mu.
func (c *Clock) newGeneration() *Generation {
	g := &Generation{clock: c, gone: make(chan struct{}), next: make(chan struct{})}
	g.ctx, g.cancel = context.WithCancelCause(c.all.pool.ctx)
	return g
}

// Clock is the company's clock.
func (g *Generation) Clock() *Clock { return g.clock }

// Context ends with the generation, then with [ErrReset] as the cause, and with
// the server.
func (g *Generation) Context() context.Context { return g.ctx }

// IsOver reports whether the company was reset since g began.
func (g *Generation) IsOver() bool { return errors.Is(context.Cause(g.ctx), ErrReset) }

// IsVoid reports whether a reset has already wiped this generation; nothing may
// be stored for it.
func (g *Generation) IsVoid() bool {
	g.clock.mu.Lock()
	defer g.clock.mu.Unlock()
	return g.void
}

// leave closes gone when nothing is under way any more in a generation that is
// over. It needs the clock's mutex.
func (g *Generation) leave() {
	if g.over && !g.left && len(g.tasks) == 0 {
		g.left = true
		close(g.gone)
	}
}

// launch begins a task that runs f in a goroutine of its own, unless the server
// is closed. It needs the clock's mutex.
func (g *Generation) launch(label Label, f Func) {
	p := g.clock.all.pool
	if !p.grow() {
		return
	}
	t := g.begin(label)
	go func() {
		defer p.wg.Done()
		defer t.End()
		f(g.ctx, t)
	}()
}

// doing names what is busy. It needs the clock's mutex.
func (g *Generation) doing() []string {
	var list []string
	for _, t := range g.tasks {
		if len(t.signals) == 0 {
			list = append(list, t.label.String())
		}
	}
	return list
}

// After has f run as a task of its own when d has passed; stop forgets it if it
// has not begun. Nothing happens in a generation that is over.
func (g *Generation) After(d time.Duration, label Label, f Func) (stop func()) {
	c := g.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if g.over || c.closed {
		return func() {}
	}
	if d <= 0 && c.rate > 0 {
		g.launch(label, f)
		return func() {}
	}
	t := &timer{label: label, run: f}
	c.plan(t, d)
	c.settle()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cancel(t)
	}
}
