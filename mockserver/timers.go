package mockserver

import (
	"container/heap"
	"math"
	"slices"
	"time"
)

// A timer is something that happens when its time has come: a piece of work
// begins, or one that sleeps goes on.
type timer struct {
	due   time.Time
	plan  uint64 // the n-th that the clock planned
	index int    // in the heap; -1: not in it
	what  what
	run   doing  // nil: latch is opened
	latch *latch // nil: run is begun
}

// timers is a heap by time, and by planning for equal times.
type timers []*timer

func (h timers) Len() int { return len(h) }

func (h timers) Less(i, j int) bool { return h[i].before(h[j]) }

func (t *timer) before(other *timer) bool {
	if t.due.Equal(other.due) {
		return t.plan < other.plan
	}
	return t.due.Before(other.due)
}

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timers) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

// plans describes what is in the heap, in order.
func (h timers) plans() []Plan {
	sorted := slices.SortedFunc(slices.Values(h), func(a, b *timer) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	list := make([]Plan, len(sorted))
	for i, t := range sorted {
		list[i] = Plan{t.due, t.what.String()}
	}
	return list
}

// The rest needs c.mu.

// plan puts a timer in for d from now.
func (c *Clock) plan(t *timer, d time.Duration) {
	c.plans++
	t.due, t.plan = c.now().Add(max(d, 0)), c.plans
	heap.Push(&c.timers, t)
	if t.index == 0 {
		c.rearm()
	}
}

// cancel takes a timer out, if it has not fired.
func (c *Clock) cancel(t *timer) {
	if t.index >= 0 {
		heap.Remove(&c.timers, t.index)
	}
}

// rearm sets the alarm of a clock that runs to the next timer. One that stands
// has none: nothing is left of it but its memory. Nor has one whose next timer
// is beyond what a clock shows.
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

// ring fires what is due on a clock that runs, in a goroutine of its own, which
// the last of it is left to. It takes c.mu itself.
func (c *Clock) ring() {
	if last := c.due(); last != nil && !c.all.tasks.hand(last) {
		c.all.tasks.work(last)
	}
}

// due begins what is due and returns the last task, which nobody runs yet.
func (c *Clock) due() (last *task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rate == 0 || c.closed {
		return nil
	}
	for now := c.now(); len(c.timers) > 0 && !c.timers[0].due.After(now); {
		last.start()
		last = c.fire()
	}
	c.rearm()
	c.settle()
	return last
}

// fire makes the next timer happen, and returns the task that begins, if it is
// one.
func (c *Clock) fire() *task {
	t := heap.Pop(&c.timers).(*timer)
	if c.rate == 0 && t.due.After(c.base) {
		c.base = t.due
	}
	if t.latch != nil {
		t.latch.open(nil)
		return nil
	}
	return c.life.launch(t.what, t.run)
}

// settle lets the next thing happen on a clock that stands, if nothing is under
// way, and tells those who wait for that. It is called after everything that
// may make it so.
func (c *Clock) settle() {
	// A handler that Close has cancelled ends before the clock is closed: that
	// is not what a move waits for.
	for c.rate == 0 && c.life.busy == 0 && !c.closed && !c.life.over && c.all.tasks.ctx.Err() == nil {
		limit := c.limit()
		if len(c.timers) > 0 && !c.timers[0].due.After(limit) {
			c.fire().start()
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
