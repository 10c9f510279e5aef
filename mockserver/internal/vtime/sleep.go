package vtime

import (
	"context"
	"time"
)

// Now is the time of the clock of the task that ctx carries, and real time if it
// carries none.
func Now(ctx context.Context) time.Time {
	if t, ok := taskOf(ctx); ok {
		return t.Clock().Now()
	}
	return time.Now()
}

// Sleep waits for d on the clock of the task that ctx carries, and in real time
// if it carries none. It returns what ended it early.
func Sleep(ctx context.Context, d time.Duration) error {
	if t, ok := taskOf(ctx); ok {
		return t.Sleep(ctx, d)
	}
	return SleepReal(ctx, d)
}

// Sleep waits for d on the clock. It ends early with ctx, and with the task's
// generation, and returns the cause.
func (t *Task) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c := t.generation.clock
	c.mu.Lock()
	s := c.NewSignal()
	if t.generation.over || c.closed || ctx.Err() != nil {
		return t.await(ctx, s, nil)
	}
	by := &timer{label: Label{"sleep in " + t.label.Verb, t.label.Method, t.label.Path, t.label.ID}, signal: s}
	c.plan(by, d)
	return t.await(ctx, s, by)
}

// SleepReal waits in real time, whatever ctx carries.
func SleepReal(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
