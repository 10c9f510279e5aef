package vtime

// A work is a task that begins by itself, and what it does.
type work struct {
	task *Task
	f    Func
}

// launch begins a work, which the caller runs; nil if the pool is closed. It
// needs the clock's mutex.
func (g *Generation) launch(label Label, f Func) *work {
	if !g.clock.all.pool.grow(1) {
		return nil
	}
	return &work{g.begin(label), f}
}

func (w *work) pool() *Pool { return w.task.generation.clock.all.pool }

// start runs a work in another goroutine.
func (w *work) start() {
	if w == nil {
		return
	}
	if p := w.pool(); !p.hand(w) {
		go p.serve(w)
	}
}

// run runs a work and what follows it.
func (w *work) run() {
	for w != nil {
		w = w.once()
	}
}

// once runs a work and returns what is to follow. If f ends the goroutine, that
// gets another one.
func (w *work) once() (next *work) {
	t, returned := w.task, false
	defer func() {
		t.End()
		w.pool().shrink()
		if next = t.next; !returned {
			next.start()
		}
	}()
	w.f(t.generation.ctx, t)
	returned = true
	return nil
}
