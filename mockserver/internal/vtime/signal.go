package vtime

import (
	"context"
	"slices"
)

// A Signal is what a task waits for: a time, or something that happens at one.
// Giving it makes the task busy before anything else can happen. Its clock's
// mutex guards it.
type Signal struct {
	clock   *Clock
	waiting *Task         // nil: nobody yet
	ch      chan struct{} // closed when it is given
	err     error         // why, if not because it came
	opened  bool
}

// NewSignal returns a signal that nobody has given yet. At most one task waits
// for it.
func (c *Clock) NewSignal() *Signal { return &Signal{clock: c, ch: make(chan struct{})} }

// Give lets the task go on that waits for the signal, or will. It may be called
// again.
func (s *Signal) Give() {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	s.open(nil)
}

// open is Give with the clock's mutex held. Cause, if not nil, is why the
// signal does not come any more.
func (s *Signal) open(cause error) {
	if s.opened {
		return
	}
	s.opened, s.err = true, cause
	if t := s.waiting; t != nil {
		i := slices.Index(t.signals, s)
		t.signals = slices.Delete(t.signals, i, i+1)
		if len(t.signals) == 0 && !t.ended {
			t.generation.busy++
		}
	}
	close(s.ch)
}

// awaitBy makes t wait for the signal, and not be busy. It needs the clock's
// mutex.
func (s *Signal) awaitBy(t *Task) {
	s.waiting = t
	t.signals = append(t.signals, s)
	if len(t.signals) == 1 {
		t.generation.busy--
	}
	s.clock.settle()
}

// Wait makes t wait for the signal, for as long as ctx and its generation last.
func (t *Task) Wait(ctx context.Context, s *Signal) error {
	t.generation.clock.mu.Lock()
	return t.await(ctx, s, nil)
}

// await is Wait with the clock's mutex held, which it gives up. By, if not nil,
// is the timer that will give the signal.
func (t *Task) await(ctx context.Context, s *Signal, by *timer) error {
	c := t.generation.clock
	switch {
	case s.opened:
	case c.closed:
		s.open(ErrClosed)
	case t.generation.over:
		s.open(ErrReset)
	case ctx.Err() != nil:
		s.open(context.Cause(ctx))
	default:
		s.awaitBy(t)
	}
	c.mu.Unlock()
	select {
	case <-s.ch:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if by != nil {
		c.cancel(by)
	}
	if !s.opened {
		s.open(context.Cause(ctx))
	}
	return s.err
}

// Idle makes a task not count as busy until busy is called: it waits for
// something that has nothing to do with the clock.
func (t *Task) Idle() (busy func()) {
	c := t.generation.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.NewSignal()
	s.awaitBy(t)
	return s.Give
}
