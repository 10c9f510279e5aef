package vtime

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A Clock is the time of one company, and knows all that happens in it. It may
// be used by several goroutines, and stays good after a reset.
//
// A clock that stands lets one thing happen at a time: what is due begins when
// all that was under way has ended or waits for a [Signal], and of several
// things due at one time the one that was planned first goes first.
type Clock struct {
	company string
	all     *Clocks
	moving  chan struct{} // holds a token while somebody moves the clock
	resets  chan struct{} // holds a token while the company is reset

	mu         sync.Mutex // guards all below, and the generations
	rate       float64    // 0: it stands
	base       time.Time  // the time at anchor
	anchor     time.Time  // real
	generation *Generation
	timers     timers
	plans      uint64      // timers ever planned
	alarm      *time.Timer // fires the next timer of a clock that runs; nil: none yet
	move       *move       // nil: none
	idle       chan struct{}
	closed     bool
}

// Now is the company's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// now needs c.mu. At the rate of real time it keeps the monotonic reading and
// follows what is done to the machine's clock.
func (c *Clock) now() time.Time {
	switch c.rate {
	case 0:
		return c.base
	case 1:
		real := time.Now()
		return real.Add(c.base.Sub(c.anchor))
	}
	real := time.Now()
	passed := real.Sub(c.anchor)
	now := c.base
	if span, left := float64(passed)*c.rate, max(lastTime.Sub(c.base), 0); span < float64(left) {
		now = now.Add(time.Duration(span))
	} else {
		now = now.Add(left) // where a clock that is too fast stays
	}
	if passed > time.Minute { // before the product is not exact any more
		c.base, c.anchor = now, real
	}
	return now
}

// setRate needs c.mu.
func (c *Clock) setRate(rate float64) {
	c.base = c.now()
	c.anchor = time.Now()
	c.rate = rate
	c.rearm()
}

// Rate is how many seconds pass in a real one, 0 if the clock stands. During an
// Advance it is the rate after it.
func (c *Clock) Rate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.move != nil {
		return c.move.resume
	}
	return c.rate
}

// Freeze stops the clock where it is. During an Advance it is stopped at the
// end of that.
func (c *Clock) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.move != nil {
		c.move.resume = 0
		return
	}
	if c.rate != 0 && !c.closed {
		c.setRate(0)
		c.note(Move{Action: "freeze", From: c.base, To: c.base})
		c.settle()
	}
}

// Run lets the clock go on from where it is, so many seconds in a real one: 1 is
// the pace of real time. During an Advance it does so at the end of that. The
// error is about a rate that is not above 0 and at most 100 000.
func (c *Clock) Run(rate float64) error {
	if err := checkRate("rate", rate); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.move != nil {
		c.move.resume = rate
		return nil
	}
	if !c.closed {
		now := c.now()
		c.note(Move{Action: "run", From: now, To: now, Rate: rate})
		c.setRate(rate)
		c.settle()
	}
	return nil
}

// Idle waits until nothing is under way and nothing is due at the present time.
// If ctx ends first, the error names what is under way; it is [ErrClosed] if
// the server is closed, and [ErrOwnCompany] as for [Clock.Advance].
func (c *Clock) Idle(ctx context.Context) error {
	if c.isWithin(ctx) {
		return fmt.Errorf("wait for company %s to be idle: %w", c.company, ErrOwnCompany)
	}
	c.mu.Lock()
	if c.closed || c.isIdle() {
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return fmt.Errorf("wait for company %s to be idle: %w", c.company, ErrClosed)
		}
		return nil
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	idle := c.idle
	c.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
		return fmt.Errorf("wait for company %s to be idle: %w; under way: %s", c.company, context.Cause(ctx), orNothing(c.Busy()))
	}
	if c.all.pool.ctx.Err() != nil {
		return fmt.Errorf("wait for company %s to be idle: %w", c.company, ErrClosed)
	}
	return nil
}

// isIdle needs c.mu.
func (c *Clock) isIdle() bool {
	return c.generation.busy == 0 && c.move == nil && (len(c.timers) == 0 || c.timers[0].due.After(c.now()))
}

// Busy names what is under way and does not wait, oldest first.
func (c *Clock) Busy() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation.doing()
}

// A Plan is something that will happen.
type Plan struct {
	Due  time.Time
	What string
}

// Planned lists what will happen, in its order.
func (c *Clock) Planned() []Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timers.plans()
}

// Generation is the company's present one.
func (c *Clock) Generation() *Generation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}
