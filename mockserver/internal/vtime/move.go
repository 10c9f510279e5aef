package vtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Move is a change of a company's clock, as it begins.
type Move struct {
	Action   string // "advance", "step", "drain", "freeze" or "run"
	From, To time.Time
	Rate     float64 // of "run"
}

// note tells of a move. It needs c.mu.
func (c *Clock) note(m Move) {
	if noted := c.all.cfg.Noted; noted != nil {
		noted(c.company, m)
	}
}

// A move is a change of the clock that is under way.
type move struct {
	action string
	begun  bool       // what was due before has happened
	target time.Time  // zero, of a step: not known yet
	to     bool       // it ends at target, and not with the last thing that is due
	resume float64    // the rate afterwards
	done   chan error // gets one value
}

// Advance moves the clock by d: what becomes due meanwhile happens in its
// order and at its time, each before the next, and Advance returns when all of
// it is over. First it waits for what is under way now. It works at any rate:
// a clock that runs stands until Advance returns, and runs on from there.
//
// If ctx ends first, the clock stays where it got to, and the error names what
// is under way. Other errors are those of a d that is negative or leads beyond
// the year 2199, [ErrClosed] and [ErrReset]. Of several calls at a time one
// waits for the other. A handler that moves the clock of its own company with
// its request's context gets [ErrOwnCompany]: Advance would wait for it.
func (c *Clock) Advance(ctx context.Context, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advance the clock of company %s: %v: a clock does not go back", c.company, d)
	}
	return c.moveBy(ctx, "advance", func(now time.Time) (time.Time, error) { return now.Add(d), nil })
}

// AdvanceTo is [Clock.Advance] to a time, which must not be past.
func (c *Clock) AdvanceTo(ctx context.Context, t time.Time) error {
	return c.moveBy(ctx, "advance", func(now time.Time) (time.Time, error) {
		if t.Before(now) {
			return t, fmt.Errorf("%s is before %s: a clock does not go back", t.Format(time.RFC3339Nano), now.Format(time.RFC3339Nano))
		}
		return now.Add(t.Sub(now)), nil // with the clock's own zone and monotonic reading
	})
}

// Step is [Clock.Advance] to the next time at which something is due, and
// returns [ErrNothingPlanned] if there is none before the year 2200.
func (c *Clock) Step(ctx context.Context) error { return c.moveBy(ctx, "step", nil) }

// Drain is [Clock.Advance] until nothing is planned any more. It ends at the
// time of the last thing that happened: the end of retentions is nothing that
// happens.
func (c *Clock) Drain(ctx context.Context) error { return c.moveBy(ctx, "drain", nil) }

// moveBy moves the clock to where target says; nil is as far as the action
// goes.
func (c *Clock) moveBy(ctx context.Context, action string, target func(now time.Time) (time.Time, error)) error {
	wrap := func(err error) error { return fmt.Errorf("%s the clock of company %s: %w", action, c.company, err) }
	if c.isWithin(ctx) {
		return wrap(ErrOwnCompany)
	}
	wait, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.all.pool.ctx, func() { cancel(ErrClosed) })()
	if err := seize(wait, c.moving); err != nil {
		if !errors.Is(err, ErrClosed) {
			err = fmt.Errorf("%w while it is moved by another call", err)
		}
		return wrap(err)
	}
	defer func() { <-c.moving }()
	m, err := c.begin(action, target)
	if err != nil {
		return wrap(err)
	}
	select {
	case err = <-m.done:
	case <-ctx.Done():
		err = c.abandon(m, context.Cause(ctx))
	}
	if err != nil {
		return wrap(err)
	}
	if c.all.moved != nil {
		c.all.moved(c.Generation())
		return c.Idle(ctx)
	}
	return nil
}

func (c *Clock) begin(action string, target func(time.Time) (time.Time, error)) (*move, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.generation.over:
		return nil, ErrReset
	}
	m := &move{action: action, resume: c.rate, done: make(chan error, 1)}
	from := c.now()
	if target != nil {
		var err error
		if m.target, err = target(from); err != nil {
			return nil, err
		}
		if !m.target.Before(lastTime) {
			return nil, fmt.Errorf("%s is after the year 2199", m.target.Format(time.DateOnly))
		}
		m.to = true
	}
	c.setRate(0)
	c.move = m
	c.settle()
	return m, nil
}

// abandon ends a move that nobody waits for any more.
func (c *Clock) abandon(m *move, cause error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.move != m {
		return <-m.done
	}
	err := fmt.Errorf("%w at %s; under way: %s", cause, c.base.Format(time.RFC3339Nano), orNothing(c.generation.doing()))
	c.arrive(nil)
	<-m.done
	return err
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// limit is up to when things happen on a clock that stands. It needs c.mu.
func (c *Clock) limit() time.Time {
	m := c.move
	if m == nil || !m.begun && len(c.timers) > 0 && !c.timers[0].due.After(c.base) {
		return c.base
	}
	if !m.begun {
		m.begun = true
		if m.action == "step" && len(c.timers) > 0 && c.timers[0].due.Before(lastTime) {
			m.target = c.timers[0].due
		}
		c.note(Move{Action: m.action, From: c.base, To: m.target})
	}
	switch {
	case m.action == "drain":
		return lastTime
	case m.target.IsZero():
		return c.base
	}
	return m.target
}

// arrive ends the move, and lets the clock run again if it did. It needs c.mu.
func (c *Clock) arrive(err error) {
	m := c.move
	c.move = nil
	m.done <- err
	if m.resume > 0 {
		c.setRate(m.resume)
	}
}
