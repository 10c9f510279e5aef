package mockserver

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A life is a company's time between two resets: what is under way in it, and
// what was planned in it, ends with it. Its clock's mutex guards it.
type life struct {
	clock  *Clock
	ctx    context.Context
	cancel context.CancelCauseFunc

	acts []*activity   // under way, oldest first
	busy int           // of these, those that do not wait for the clock
	over bool          // the company is being reset
	left bool          // gone is closed
	void bool          // what it had is being wiped
	gone chan struct{} // closed when it is over and nothing is under way
	next chan struct{} // closed when there is a new life
}

// newLife needs c.mu.
func (c *Clock) newLife() *life {
	l := &life{clock: c, gone: make(chan struct{}), next: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancelCause(c.all.tasks.ctx)
	return l
}

// what says what is under way, or planned, in words that are put together only
// if somebody asks.
type what struct {
	verb   string // before the rest
	method string
	path   string
	id     string // of an operation
}

func (w what) String() string {
	text := w.verb
	if w.method != "" {
		text += " " + w.method + " " + w.path
	}
	if w.id != "" {
		text += " (operation " + w.id + ")"
	}
	return text
}

// of describes something about an operation.
func (op *Operation) what(verb string) what { return what{verb, op.Method, op.Path, op.ID} }

// An activity is a request being answered, or a task. Its clock's mutex guards
// it.
type activity struct {
	life    *life
	what    what
	latches []*latch // that it waits for; then it is not busy
	ended   bool
	next    *task // goes on in the same goroutine afterwards; nil: nothing
}

// doing is what an activity does.
type doing func(ctx context.Context, a *activity)

// begin starts an activity. It needs the clock's mutex.
func (l *life) begin(w what) *activity {
	a := &activity{life: l, what: w}
	l.acts = append(l.acts, a)
	l.busy++
	return a
}

// enter starts an activity, as soon as the company is not being reset. Without
// an error end must be called.
func (c *Clock) enter(ctx context.Context, w what) (*activity, error) {
	for {
		c.mu.Lock()
		l := c.life
		if !l.over || c.closed {
			a := l.begin(w)
			c.mu.Unlock()
			return a, nil
		}
		c.mu.Unlock()
		select {
		case <-l.next:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.all.tasks.ctx.Done():
		}
	}
}

// end ends an activity. It may be called again.
func (a *activity) end() {
	if a == nil {
		return
	}
	c := a.life.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	a.finish()
}

// finish is end with the clock's mutex held.
func (a *activity) finish() {
	if a.ended {
		return
	}
	a.ended = true
	l := a.life
	if len(a.latches) == 0 {
		l.busy--
	}
	i := slices.Index(l.acts, a)
	l.acts = slices.Delete(l.acts, i, i+1)
	l.leave()
	if l == l.clock.life {
		l.clock.settle()
	}
}

// isOver tells whether the company was reset since l began.
func (l *life) isOver() bool { return errors.Is(context.Cause(l.ctx), ErrReset) }

// isVoid tells whether what l does would not be wiped any more by the reset
// that ended it.
func (l *life) isVoid() bool {
	l.clock.mu.Lock()
	defer l.clock.mu.Unlock()
	return l.void
}

// leave tells when nothing is under way any more in a life that is over. It
// needs the clock's mutex.
func (l *life) leave() {
	if l.over && !l.left && len(l.acts) == 0 {
		l.left = true
		close(l.gone)
	}
}

// doing describes what is busy. It needs the clock's mutex.
func (l *life) doing() []string {
	var list []string
	for _, a := range l.acts {
		if len(a.latches) == 0 {
			list = append(list, a.what.String())
		}
	}
	return list
}

// after has f run in its own goroutine when d has passed; stop forgets it if it
// has not begun. Nothing happens in a life that is over.
func (l *life) after(d time.Duration, w what, f doing) (stop func()) {
	c := l.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.over || c.closed {
		return func() {}
	}
	if d <= 0 && c.rate > 0 {
		l.launch(w, f).start()
		return func() {}
	}
	t := &timer{what: w, run: f}
	c.plan(t, d)
	c.settle()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cancel(t)
	}
}

// then is l.after for an activity that is about to end: what would begin at
// once goes on in its goroutine, whose stack has grown already. A nil activity
// is none.
func (a *activity) then(l *life, d time.Duration, w what, f doing) {
	if a == nil || a.life != l || a.next != nil || d > 0 {
		l.after(d, w, f)
		return
	}
	c := l.clock
	c.mu.Lock()
	if !l.over && !c.closed && c.rate > 0 {
		a.next = l.launch(w, f)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	l.after(d, w, f)
}

// A task is an activity that begins by itself.
type task struct {
	act *activity
	f   doing
}

// launch begins a task, which the caller runs; nil if the server is closed. It
// needs the clock's mutex.
func (l *life) launch(w what, f doing) *task {
	if !l.clock.all.tasks.launch() {
		return nil
	}
	return &task{l.begin(w), f}
}

// start runs a task in another goroutine.
func (t *task) start() {
	if t == nil {
		return
	}
	if all := t.act.life.clock.all.tasks; !all.hand(t) {
		go all.work(t)
	}
}

// run runs a task and what follows it.
func (t *task) run() {
	for t != nil {
		t = t.once()
	}
}

// once runs a task and returns what is to follow. If f ends the goroutine,
// that gets another one.
func (t *task) once() (next *task) {
	a, returned := t.act, false
	defer func() {
		a.end()
		a.life.clock.all.tasks.ended()
		if next = a.next; !returned {
			next.start()
		}
	}()
	t.f(a.life.ctx, a)
	returned = true
	return nil
}

// A latch is what an activity waits for: a time, or something that happens at
// one. Opening it makes the activity busy before anything else can happen.
type latch struct {
	clock   *Clock
	waiting *activity     // nil: nobody yet
	ch      chan struct{} // closed when it is open
	err     error         // why, if not because it came
	opened  bool
}

func (c *Clock) newLatch() *latch { return &latch{clock: c, ch: make(chan struct{})} }

// open needs the clock's mutex.
func (l *latch) open(err error) {
	if l.opened {
		return
	}
	l.opened, l.err = true, err
	if a := l.waiting; a != nil {
		i := slices.Index(a.latches, l)
		a.latches = slices.Delete(a.latches, i, i+1)
		if len(a.latches) == 0 && !a.ended {
			a.life.busy++
		}
	}
	close(l.ch)
}

// release is open for those who do not have the mutex.
func (l *latch) release() {
	l.clock.mu.Lock()
	defer l.clock.mu.Unlock()
	l.open(nil)
}

// wait makes a wait for the latch, for as long as ctx and its life last.
func (a *activity) wait(ctx context.Context, l *latch) error {
	c := a.life.clock
	c.mu.Lock()
	return a.await(ctx, l, nil)
}

// await is wait with the clock's mutex held, which it gives up. T, if not nil,
// is the timer that will open the latch.
func (a *activity) await(ctx context.Context, l *latch, t *timer) error {
	c := a.life.clock
	switch {
	case l.opened:
	case c.closed:
		l.open(ErrClosed)
	case a.life.over:
		l.open(ErrReset)
	case ctx.Err() != nil:
		l.open(context.Cause(ctx))
	default:
		l.waiting = a
		a.latches = append(a.latches, l)
		if len(a.latches) == 1 {
			a.life.busy--
		}
		c.settle()
	}
	c.mu.Unlock()
	select {
	case <-l.ch:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t != nil {
		c.cancel(t)
	}
	if !l.opened {
		l.open(context.Cause(ctx))
	}
	return l.err
}

// aside makes an activity not count as busy until back is called.
func (a *activity) aside() (back func()) {
	c := a.life.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.newLatch()
	l.waiting = a
	a.latches = append(a.latches, l)
	if len(a.latches) == 1 {
		a.life.busy--
	}
	c.settle()
	return l.release
}

// sleep waits for d on the clock.
func (a *activity) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c := a.life.clock
	c.mu.Lock()
	l := c.newLatch()
	if a.life.over || c.closed || ctx.Err() != nil {
		return a.await(ctx, l, nil)
	}
	t := &timer{what: what{"sleep in " + a.what.verb, a.what.method, a.what.path, a.what.id}, latch: l}
	c.plan(t, d)
	return a.await(ctx, l, t)
}

// interrupt wakes an activity that waits.
func (a *activity) interrupt(cause error) {
	c := a.life.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	a.wake(cause)
}

// wake is interrupt with the clock's mutex held.
func (a *activity) wake(cause error) {
	for len(a.latches) > 0 {
		a.latches[0].open(cause)
	}
}

type activityKey struct{}

// with carries an activity to handlers.
func (a *activity) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, activityKey{}, a)
}

// isWithin tells whether ctx is that of a handler of the company that has not
// ended.
func (c *Clock) isWithin(ctx context.Context) bool {
	a, ok := ctx.Value(activityKey{}).(*activity)
	if !ok || a.life.clock != c {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !a.ended
}

// Sleep waits for d on the clock of the company that a handler works for, given
// the context of its request, and does not count as busy meanwhile: with a
// clock that stands it is how a handler takes time. It ends early with ctx,
// with Config.ExecTimeout, when the company is reset and when the server is
// closed, and returns the cause. With any other context it waits in real time.
func Sleep(ctx context.Context, d time.Duration) error {
	if a, ok := ctx.Value(activityKey{}).(*activity); ok {
		return a.sleep(ctx, d)
	}
	return sleep(ctx, d)
}
