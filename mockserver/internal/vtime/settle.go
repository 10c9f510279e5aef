package vtime

// settle lets the next thing happen on a clock that stands, if nothing is under
// way, and tells those who wait for that. It is called after everything that
// may make it so. It needs c.mu.
func (c *Clock) settle() {
	// A handler that Close has cancelled ends before the clock is closed: that
	// is not what a move waits for.
	for c.rate == 0 && c.generation.busy == 0 && !c.closed && !c.generation.over && c.all.pool.ctx.Err() == nil {
		limit := c.limit()
		if len(c.timers) > 0 && !c.timers[0].due.After(limit) {
			c.fire()
			continue
		}
		m := c.move
		if m == nil {
			break
		}
		if m.to && m.target.After(c.base) {
			c.base = m.target
		}
		if m.action == "step" && m.target.IsZero() {
			c.arrive(ErrNothingPlanned)
		} else {
			c.arrive(nil)
		}
	}
	if c.idle != nil && (c.closed || c.isIdle()) {
		close(c.idle)
		c.idle = nil
	}
}
