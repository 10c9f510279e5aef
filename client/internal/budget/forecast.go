package budget

import "time"

// Load compares what is to be done with what a window allows.
type Load struct {
	// Needed is how many calls it takes at least: a poll and the content of each
	// operation that is pending, and a submit as well for each that waits to be sent.
	Needed int
	// Left of Limit calls are left until Reset. A Limit of 0 means that none is known.
	Left, Limit int
	Reset       time.Time
}

// Over reports whether the window does not allow what is to be done.
func (l Load) Over() bool { return l.Limit > 0 && l.Needed > l.Left }

// Load returns what the window that leaves the fewest polls has to carry. pending is how
// many operations wait for their end.
func (b *Budget) Load(pending int) (load Load) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	load.Needed = 2*pending + 3*b.queue[Submit].length
	for _, w := range b.windows {
		if !b.applies(w, Poll) || passed(now, w.end) {
			continue
		}
		if left := min(w.limit, w.left+w.slice+w.outstanding()); load.Limit == 0 || left < load.Left {
			load.Left, load.Limit, load.Reset = left, w.limit, w.end
		}
	}
	return load
}

// Delay predicts how long a scheduled poll waits that is due now and has n calls before
// it: not at all where the windows have room for them, else until one begins that has. It
// counts on nobody else who waits, and not on the time that the calls take.
func (b *Budget) Delay(n int) (delay time.Duration) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.pause.until.IsZero() && !passed(now, b.pause.until) {
		delay = b.pause.until.Sub(now)
	}
	for _, w := range b.windows {
		if b.applies(w, Poll) {
			delay = max(delay, w.delay(n, b.spread, now))
		}
	}
	return delay
}

// delay is that of one window.
func (w *window) delay(n int, spread time.Duration, now time.Time) time.Duration {
	if passed(now, w.end) {
		return 0 // whoever comes next begins another
	}
	over := n - max(0, w.left+w.slice-w.floor(Poll, now)) // how many have to wait before it
	switch {
	case over < 0:
		return 0
	case over == 0:
		return max(0, w.opens(Poll, spread).Sub(now))
	}
	each := max(1, w.limit-w.limit/50-w.limit/10) // polls in a window, beside submits
	return w.end.Add(spread).Sub(now) + time.Duration(over/each)*w.length
}
