package client

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// errNoReturn is what became of work whose code did not return.
var errNoReturn = errors.New("it did not return")

// errRunning says that Run is at work already.
var errRunning = errors.New("Run is running already")

// Run brings every operation of the tenant to its end and every completion to
// its handler in [Config.OnComplete], on whichever replica it was submitted: it
// polls what is accepted, resolves what is uncertain by notifications and,
// after that, by [Config.Resolvers], and calls handlers. Up to [Config.Workers]
// handlers and resolvers run at a time. It logs at level Error what needs a
// person: at its start how many operations are uncertain, unclear or dead, and
// from then on each that becomes so, once. Any number of replicas may run it on
// one store. At its start and every ten minutes it also purges what is older
// than [Config.KeepRecords], [Config.KeepUnacknowledged] and [Config.KeepKeys]
// say, and notifications of unknown operations older than a day; a program
// without Run calls Purge of its store itself.
//
// It blocks until ctx is done, then takes no new work, waits up to
// [Config.DrainTimeout] for the handlers in progress, and returns nil, or
// [ErrDrainTimeout] if some had to be cut off. It returns [ErrClosed] when the
// client or its store is closed. While it runs, a second Run of the same client
// returns an error. No handler runs any more when it returns, unless it ignores
// its context.
func (c *Client) Run(ctx context.Context) error {
	if !c.running.CompareAndSwap(false, true) {
		return errRunning
	}
	defer c.running.Store(false)
	r := &runner{c: c, items: make(map[string]*item), wake: make(chan struct{}, 1), began: time.Now(), told: make(map[string]bool)}
	return r.run(ctx)
}

// runner is one Run. It holds a few words for each operation that is not
// done; everything else is in the store.
type runner struct {
	c     *Client
	items map[string]*item
	dues  runHeap
	ready []*item // due for their handlers or resolvers, oldest first
	busy  int     // of those in progress
	wake  chan struct{}
	work  sync.WaitGroup

	began time.Time
	told  map[string]bool // what is uncertain and was told of
	first []store.Record  // what was uncertain at the start; nil once told
	ran   bool            // the first scan is done

	purging atomic.Bool

	mu    sync.Mutex // guards what other goroutines leave here
	dirty []string   // refs to be read again
	slow  []rest     // the same, but not at once, because something failed
	freed int        // handlers and resolvers that have ended
}

// item is an operation that is not done.
type item struct {
	ref   string
	due   time.Time
	next  step
	taken bool // somebody works on it
}

// step is what is to be done with an operation when it is due.
type step int

const (
	read    step = iota // its record
	ask                 // the ERP
	handle              // its completion
	adopt               // what only a notification told of
	tell                // that it is uncertain
	resolve             // ask its resolver
)

func (r *runner) run(ctx context.Context) error {
	watch := r.c.store.Watch(r.c.cfg.Tenant)
	defer watch.Close()
	// Handlers outlive ctx: a deploy must not cut off what a later run would
	// only repeat.
	work, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)

	err := r.loop(ctx, work, watch)
	timer := time.AfterFunc(r.c.cfg.DrainTimeout, func() { abort(ErrDrainTimeout) })
	defer timer.Stop()
	r.work.Wait()
	if err == nil {
		err = context.Cause(work)
	}
	return err
}

// loop does the work until ctx is done (nil) or the client is closed.
func (r *runner) loop(ctx, work context.Context, watch *store.Watcher) error {
	rescan := time.NewTicker(10 * time.Minute) // a lost wake-up costs no more than that
	defer rescan.Stop()
	again := r.scan(ctx)
	r.report(ctx)
	r.purge(ctx)
	for {
		now := time.Now()
		next := r.dispatch(ctx, work, now)
		if again && (next.IsZero() || next.After(now.Add(time.Second))) {
			next = now.Add(time.Second)
		}
		alarm, stop := timerAt(next)
		select {
		case <-ctx.Done():
			stop()
			return nil
		case <-r.c.life.Done():
			stop()
			return ErrClosed
		case _, open := <-watch.C():
			if !open {
				stop()
				return ErrClosed
			}
			refs, all := watch.Take()
			r.refresh(ctx, refs)
			again = again || all
		case <-r.wake:
			r.refresh(ctx, r.collect())
		case <-rescan.C:
			again = true
			r.purge(ctx)
		case <-alarm:
		}
		stop()
		if again {
			again = r.scan(ctx)
		}
	}
}

// runPhases are those in which there may be something to do.
var runPhases = []store.Phase{store.Sending, store.Accepted, store.Settled, store.Expired, store.Uncertain, store.Unclear, store.Abandoned, store.Unmatched}

// scan reads all that is not done. It reports whether it has to be tried
// again.
func (r *runner) scan(ctx context.Context) (again bool) {
	q := store.Query{Phases: runPhases, Limit: 1000, WithoutContent: true}
	for {
		page, err := r.c.store.List(ctx, r.c.cfg.Tenant, q)
		if err != nil {
			if ctx.Err() == nil && r.c.life.Err() == nil {
				r.c.log.WarnContext(ctx, "operations could not be listed", "error", err)
			}
			return true
		}
		for _, rec := range page {
			r.plan(rec)
			q.After = rec.Position()
		}
		if len(page) == 0 {
			return false
		}
	}
}

// refresh reads records that may have changed.
func (r *runner) refresh(ctx context.Context, refs []string) {
	for _, ref := range refs {
		rec, err := r.c.store.Get(ctx, r.c.cfg.Tenant, ref)
		switch {
		case err == nil:
			r.plan(rec)
		case errors.Is(err, store.ErrNotFound):
			delete(r.items, ref)
		default:
			if ctx.Err() == nil && r.c.life.Err() == nil {
				r.c.log.WarnContext(ctx, "an operation could not be read", "ref", ref, "error", err)
			}
			r.set(ref, time.Now().Add(time.Second), read)
		}
	}
}

// plan decides when a record is worked on next, and by what.
func (r *runner) plan(rec store.Record) {
	c, now := r.c, time.Now()
	var due time.Time
	next := ask
	switch rec.Phase {
	case store.Settled, store.Expired:
		if c.handler(rec) != nil {
			due, next = latest(handlerDue(rec, now), now), handle
		} else {
			c.noHandler(rec, now)
		}
	case store.Unmatched:
		if c.cfg.AdoptUnmatched && rec.ID != "" {
			due, next = latest(rec.Due, now), adopt
		}
	default:
		if !c.trusts(rec.Origin) {
			c.foreign(rec)
			break
		}
		due = c.nextPoll(rec)
		if at := c.resolverDue(rec, r.began); first(at, due) {
			due, next = at, resolve
		}
		if at := r.tellAt(rec); first(at, due) {
			due, next = at, tell
		}
	}
	if rec.Phase != store.Uncertain {
		delete(r.told, rec.Ref)
	}
	if due.IsZero() {
		if it := r.items[rec.Ref]; it != nil && !it.taken {
			delete(r.items, rec.Ref)
		}
		return
	}
	if next != tell && rec.Lease.Valid(now) {
		due = latest(due, rec.Lease.Until)
	}
	r.set(rec.Ref, due, next)
}

// first reports whether something is planned for a time, and nothing for an
// earlier one.
func first(at, planned time.Time) bool {
	return !at.IsZero() && (planned.IsZero() || at.Before(planned))
}

// handlerDue is when a handler runs. None waits longer than the policy plans: a
// time further ahead was written by a clock that was wrong.
func handlerDue(rec store.Record, now time.Time) time.Time {
	if rec.Due.Sub(now) > handler.MaxDelay+time.Minute {
		return now
	}
	return rec.Due
}

// set plans a step, unless somebody works on the operation: it is read again
// after that.
func (r *runner) set(ref string, due time.Time, next step) {
	if it := r.items[ref]; it != nil && (it.taken || it.due.Equal(due) && it.next == next) {
		return
	}
	it := &item{ref: ref, due: due, next: next}
	r.items[ref] = it
	heap.Push(&r.dues, it)
}

// dispatch starts what is due and returns when the next thing is.
func (r *runner) dispatch(ctx, work context.Context, now time.Time) time.Time {
	var next time.Time
	for len(r.dues) > 0 {
		it := r.dues[0]
		if r.items[it.ref] != it { // stale
			heap.Pop(&r.dues)
			continue
		}
		if it.due.After(now) {
			next = it.due
			break
		}
		heap.Pop(&r.dues)
		it.taken = true
		switch it.next {
		case read:
			r.done(it.ref, nil)
		case tell:
			r.tell(ctx, it.ref)
		case handle, resolve:
			r.ready = append(r.ready, it)
		case adopt:
			if !r.c.work(func() {
				err := errNoReturn
				defer func() { r.done(it.ref, err) }()
				err = r.c.adoptUnmatched(ctx, it.ref)
			}) {
				delete(r.items, it.ref)
			}
		case ask:
			p := r.c.startPoll(it.ref, false)
			r.c.then(p, func() { r.done(it.ref, p.err) })
		}
	}
	for len(r.ready) > 0 && r.busy < r.c.cfg.Workers {
		it := r.ready[0]
		r.ready = r.ready[1:]
		r.busy++
		r.work.Go(func() { r.call(work, it) })
	}
	return next
}

// call runs a handler or asks a resolver and frees the place, whatever the code of
// the application around it does.
func (r *runner) call(work context.Context, it *item) {
	c, ref := r.c, it.ref
	var err error
	returned := false
	defer func() {
		if !returned {
			err = usercode.Broken("the code around a handler or a resolver", recover())
		}
		known := errors.Is(err, store.ErrLeased) || errors.Is(err, store.ErrFenced) // another's, or told of
		if !returned || err != nil && !known && c.life.Err() == nil {
			c.log.WarnContext(work, "a completion was not worked on, or a resolver not asked", append([]any{"ref", ref}, usercode.Logged(err)...)...)
		}
		r.mu.Lock()
		r.freed++
		r.mu.Unlock()
		r.done(ref, err)
	}()
	if it.next == resolve {
		_, err = c.ask(work, ref)
	} else {
		err = c.handle(work, ref)
	}
	returned = true
}

// rest is how long an operation is left alone.
type rest struct {
	ref  string
	wait time.Duration
}

// done is called by whoever worked on an operation. After an error it is not
// read again at once: a store that fails would be asked without end. Who lost a
// lease leaves the work to others, which have a second once it has ended.
func (r *runner) done(ref string, err error) {
	wait := time.Second
	if errors.Is(err, store.ErrFenced) {
		wait += lease.Margin(handlerLease)
	}
	r.mu.Lock()
	if err == nil {
		r.dirty = append(r.dirty, ref)
	} else {
		r.slow = append(r.slow, rest{ref, wait})
	}
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// collect takes what others left, and returns the refs to be read now.
func (r *runner) collect() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	refs, slow := r.dirty, r.slow
	r.busy -= r.freed
	r.dirty, r.slow, r.freed = nil, nil, 0
	for _, ref := range refs {
		r.free(ref)
	}
	for _, s := range slow {
		r.free(s.ref)
		r.set(s.ref, time.Now().Add(s.wait), read)
	}
	return refs
}

// free says that nobody works on an operation any more.
func (r *runner) free(ref string) {
	if it := r.items[ref]; it != nil {
		it.taken = false
	}
}

// runHeap is a heap of items, the next one on top.
type runHeap []*item

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)        { *h = append(*h, x.(*item)) }
func (h *runHeap) Pop() any {
	last := len(*h) - 1
	it := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return it
}
