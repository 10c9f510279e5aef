package vtime

import (
	"container/heap"
	"slices"
	"time"
)

// A timer is something that happens when its time has come: a task begins, or
// one that waits goes on.
type timer struct {
	due    time.Time
	plan   uint64 // the n-th that the clock planned
	index  int    // in the heap; -1: not in it
	label  Label
	run    Func    // nil: signal is given
	signal *Signal // nil: run is begun
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
		list[i] = Plan{t.due, t.label.String()}
	}
	return list
}

// plan puts a timer in for d from now. It needs c.mu.
func (c *Clock) plan(t *timer, d time.Duration) {
	c.plans++
	t.due, t.plan = c.now().Add(max(d, 0)), c.plans
	heap.Push(&c.timers, t)
	if t.index == 0 {
		c.rearm()
	}
}

// cancel takes a timer out, if it has not fired. It needs c.mu.
func (c *Clock) cancel(t *timer) {
	if t.index >= 0 {
		heap.Remove(&c.timers, t.index)
	}
}

// fire makes the next timer happen. It needs c.mu.
func (c *Clock) fire() {
	t := heap.Pop(&c.timers).(*timer)
	if c.rate == 0 && t.due.After(c.base) {
		c.base = t.due
	}
	if t.signal != nil {
		t.signal.open(nil)
		return
	}
	c.generation.launch(t.label, t.run)
}
