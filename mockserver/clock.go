package mockserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ClockConfig says how the clocks of companies go. The zero value is real
// time: that of package time, and in a testing/synctest bubble the bubble's.
type ClockConfig struct {
	// Start is the time at which the clocks of all companies begin when the
	// server does. Default: the present.
	Start time.Time

	// Manual makes the clocks stand still: time passes by [Clock.Advance] and
	// the like only.
	Manual bool

	// Rate is how many seconds pass in a real one, at most 100 000. Default: 1.
	// With any other rate time ends at the year 2200.
	Rate float64
}

// maxRate is the fastest clock: it ends a year in five minutes.
const maxRate = 100_000

// Times that a clock may show: what fits into a stored time with room to spare.
var (
	firstTime = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (c ClockConfig) validate() error {
	var errs []error
	if !c.Start.IsZero() && (c.Start.Before(firstTime) || !c.Start.Before(lastTime)) {
		errs = append(errs, fmt.Errorf("Clock.Start: %v: want a time from 1970 to 2199", c.Start))
	}
	if c.Rate != 0 {
		errs = append(errs, checkRate("Clock.Rate", c.Rate))
	}
	if c.Manual && c.Rate != 0 {
		errs = append(errs, errors.New("Clock.Rate: a manual clock has none"))
	}
	return errors.Join(errs...)
}

func checkRate(field string, rate float64) error {
	if !(rate > 0 && rate <= maxRate) {
		return fmt.Errorf("%s: %v: want more than 0 and at most %d", field, rate, maxRate)
	}
	return nil
}

// Errors of a [Clock], and of what waits for one.
var (
	// ErrClosed: the server was closed.
	ErrClosed = errors.New("the server is closed")

	// ErrReset: the company was reset; see [Server.Reset].
	ErrReset = errors.New("the company was reset")

	// ErrOwnCompany: a handler wants to wait for its own end.
	ErrOwnCompany = errors.New("called by a handler of this company, whose end it would wait for")

	// ErrNothingPlanned: nothing would happen, however late it became.
	ErrNothingPlanned = errors.New("nothing is planned")
)

// A Clock is the time of one company of a [Server]. All that the server does by
// time follows it: execution times and their timeout, holds, retention, the
// delays and retries of notifications, rate limits, the life of tokens, the
// times of fault rules, and every time that is shown. What depends on a real
// network, disk or process stays on real time: the timeout of one attempt to
// notify, and the leases of a shared [Queue].
//
// A clock that stands lets one thing happen at a time: what is due begins when
// all that was under way has ended or waits for the clock, and of several
// things due at one time the one that was planned first goes first. So the same
// script gives the same sequence of events.
//
// A Clock may be used by several goroutines, and stays good after a
// [Server.Reset].
type Clock struct {
	company string
	all     *clocks
	moving  chan struct{} // holds a token while somebody moves the clock
	resets  chan struct{} // holds a token while the company is reset

	mu     sync.Mutex // guards all below, and the lives
	rate   float64    // 0: it stands
	base   time.Time  // the time at anchor
	anchor time.Time  // real
	life   *life
	timers timers
	plans  uint64      // timers ever planned
	alarm  *time.Timer // fires the next timer of a clock that runs; nil: none yet
	move   *move       // nil: none
	idle   chan struct{}
	closed bool
}

// Clock returns the clock of a company, of Config.DefaultCompany if that is
// empty.
func (s *Server) Clock(company string) *Clock { return s.clocks.of(company) }

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
// If ctx ends first, the error names what is under way; it returns [ErrClosed]
// if the server is closed, and [ErrOwnCompany] as [Clock.Advance] does.
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
	if c.all.tasks.ctx.Err() != nil {
		return fmt.Errorf("wait for company %s to be idle: %w", c.company, ErrClosed)
	}
	return nil
}

// isIdle needs c.mu.
func (c *Clock) isIdle() bool {
	return c.life.busy == 0 && c.move == nil && (len(c.timers) == 0 || c.timers[0].due.After(c.now()))
}

// Busy tells what is under way for the company and does not wait for its
// clock, oldest first: requests being answered, operations whose handler runs,
// attempts to notify.
func (c *Clock) Busy() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life.doing()
}

// A Plan is something that will happen.
type Plan struct {
	Due  time.Time
	What string
}

// Planned tells what will happen, in its order.
func (c *Clock) Planned() []Plan {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timers.plans()
}
