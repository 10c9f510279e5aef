package vtime

import (
	"context"
	"slices"
)

// A Label says what is under way, or planned, in words that are put together
// only if somebody asks.
type Label struct {
	Verb   string // before the rest
	Method string
	Path   string
	ID     string // of an operation
}

func (l Label) String() string {
	text := l.Verb
	if l.Method != "" {
		text += " " + l.Method + " " + l.Path
	}
	if l.ID != "" {
		text += " (operation " + l.ID + ")"
	}
	return text
}

// A Task is something under way: a request being answered, or what a timer
// began. It is busy unless it waits for a [Signal]. Its clock's mutex guards
// it.
type Task struct {
	generation *Generation
	label      Label
	signals    []*Signal // that it waits for; then it is not busy
	ended      bool
}

// Func is what a task does that begins by itself. The context is that of its
// generation.
type Func func(ctx context.Context, t *Task)

// Generation is that in which the task began.
func (t *Task) Generation() *Generation { return t.generation }

// Clock is the clock of its company.
func (t *Task) Clock() *Clock { return t.generation.clock }

// Enter begins a task, as soon as the company is not being reset. Without an
// error End must be called.
func (c *Clock) Enter(ctx context.Context, label Label) (*Task, error) {
	for {
		c.mu.Lock()
		g := c.generation
		if !g.over || c.closed {
			t := g.begin(label)
			c.mu.Unlock()
			return t, nil
		}
		c.mu.Unlock()
		select {
		case <-g.next:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.all.pool.ctx.Done():
		}
	}
}

// Begin begins a task whether or not the generation is over. End must be
// called.
func (g *Generation) Begin(label Label) *Task {
	g.clock.mu.Lock()
	defer g.clock.mu.Unlock()
	return g.begin(label)
}

// begin is Begin with the clock's mutex held.
func (g *Generation) begin(label Label) *Task {
	t := &Task{generation: g, label: label}
	g.tasks = append(g.tasks, t)
	g.busy++
	return t
}

// End ends a task. It may be called again.
func (t *Task) End() {
	if t == nil {
		return
	}
	c := t.generation.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.ended {
		return
	}
	t.ended = true
	g := t.generation
	if len(t.signals) == 0 {
		g.busy--
	}
	i := slices.Index(g.tasks, t)
	g.tasks = slices.Delete(g.tasks, i, i+1)
	g.leave()
	if g == c.generation {
		c.settle()
	}
}

// Interrupt wakes a task that waits.
func (t *Task) Interrupt(cause error) {
	c := t.generation.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	t.wake(cause)
}

// wake is Interrupt with the clock's mutex held.
func (t *Task) wake(cause error) {
	for len(t.signals) > 0 {
		t.signals[0].open(cause)
	}
}

type taskKey struct{}

// With returns a context that carries the task to handlers.
func (t *Task) With(ctx context.Context) context.Context {
	return context.WithValue(ctx, taskKey{}, t)
}

// taskOf is the task that ctx carries.
func taskOf(ctx context.Context) (*Task, bool) {
	t, ok := ctx.Value(taskKey{}).(*Task)
	return t, ok
}

// isWithin reports whether ctx is that of a handler of the company that has not
// ended.
func (c *Clock) isWithin(ctx context.Context) bool {
	t, ok := taskOf(ctx)
	if !ok || t.generation.clock != c {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !t.ended
}
