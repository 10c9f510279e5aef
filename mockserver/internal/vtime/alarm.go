package vtime

import (
	"math"
	"time"
)

// rearm sets the alarm of a clock that runs to the next timer. One that stands
// has none: nothing is left of it but its memory. Nor has one whose next timer
// is beyond what a clock shows. It needs c.mu.
func (c *Clock) rearm() {
	if c.rate == 0 || len(c.timers) == 0 || c.closed || c.rate != 1 && c.timers[0].due.After(lastTime) {
		if c.alarm != nil {
			c.alarm.Stop()
		}
		return
	}
	wait := c.scale(c.timers[0].due.Sub(c.now()))
	if c.alarm == nil {
		c.alarm = time.AfterFunc(wait, c.ring)
		return
	}
	c.alarm.Reset(wait)
}

// scale is how long a span of the clock takes in real time.
func (c *Clock) scale(d time.Duration) time.Duration {
	if c.rate == 1 {
		return d
	}
	if real := math.Ceil(float64(d) / c.rate); real < math.MaxInt64 {
		return time.Duration(real)
	}
	return math.MaxInt64
}

// ring fires what is due on a clock that runs.
func (c *Clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rate == 0 || c.closed {
		return
	}
	for now := c.now(); len(c.timers) > 0 && !c.timers[0].due.After(now); {
		c.fire()
	}
	c.rearm()
	c.settle()
}
