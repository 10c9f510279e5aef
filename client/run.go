package client

import (
	"context"
	"errors"
	"maps"
	"slices"
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
	// Handlers outlive ctx: a deploy must not cut off what a later run would
	// only repeat.
	work, abort := context.WithCancelCause(context.WithoutCancel(ctx))
	defer abort(nil)
	r := &runner{c: c, s: &c.sched, ctx: ctx, work: work, began: time.Now(), failed: make(chan struct{}), told: make(map[string]bool), stopped: make(map[string]store.Phase), again: true}
	r.handles.query = store.DueQuery{Phases: []store.Phase{store.Settled, store.Expired}, Kinds: slices.Sorted(maps.Keys(c.cfg.OnComplete)), Limit: page}
	r.sends.query = store.DueQuery{Phases: []store.Phase{store.Queued}, Limit: page}
	r.polls.query = store.DueQuery{Phases: []store.Phase{store.Accepted, store.Uncertain, store.Abandoned}, Limit: page}
	if !c.sched.startRun(r) {
		return ErrClosed
	}
	var err error
	select {
	case <-ctx.Done():
	case <-r.failed:
		err = ErrClosed
	}
	c.sched.endRun(r)
	timer := time.AfterFunc(c.cfg.DrainTimeout, func() { abort(ErrDrainTimeout) })
	defer timer.Stop()
	r.working.Wait()
	if err == nil {
		err = context.Cause(work)
	}
	return err
}

// runner is one Run: the part of the scheduler that wants every operation of the
// tenant. What is due is found in the store, the most urgent first, a page at a
// time, and not kept in memory before.
type runner struct {
	c     *Client
	s     *scheduler
	ctx   context.Context // of Run
	work  context.Context // of handlers and resolvers
	began time.Time

	failed  chan struct{} // closed when the client or its store is
	working sync.WaitGroup
	purging atomic.Bool

	// The scheduler's mutex guards the rest.
	over                  bool // failed is closed
	busy                  int  // handlers and resolvers in progress
	handles, polls, sends feed
	outbox                outbox
	stopped               map[string]store.Phase // operations that were told of as stopping their sequence
	later                 feed                   // of polls that it holds although they are due later
	told                  map[string]bool        // what is uncertain and was told of
	first                 []store.Record         // what was uncertain at the start; nil once told
	tells                 []string               // refs to tell of now
	ran                   bool                   // the first scan is done
	again                 bool                   // scan as soon as possible
	scanAt                time.Time              // when all is looked at again, because a wake-up may be lost
}

// feed brings what is due from the store, a page at a time.
type feed struct {
	query store.DueQuery
	held  int           // of the items, how many it can find again
	over  int           // records that were loaded last, and with which nothing is done
	vain  time.Duration // the wait after a page of nothing else
	more  bool          // there is more than was loaded
	at    time.Time     // when there will be more; zero if nothing is planned
}

// planned notes that something becomes due at a time.
func (f *feed) planned(at time.Time) {
	if f.at.IsZero() || at.Before(f.at) {
		f.at = at
	}
}

// next is when to load; zero means not before something changes.
func (f *feed) next(now time.Time) time.Time {
	if f.more && f.held < page/4 {
		return now
	}
	return f.at
}

const (
	// rescan is how often Run looks at all that may need it: a lost wake-up costs no
	// more than that.
	rescan = 10 * time.Minute
	// horizon is how far ahead Run loads what is going to be due.
	horizon = 30 * time.Second
	// maxLater is how many polls Run holds that are due later than that.
	maxLater = 10_000
	// page is how many operations Run takes from the store at once, of each kind of work.
	page = 500
)

// startRun begins a Run. It reports false on a closed client.
func (s *scheduler) startRun(r *runner) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c.life.Err() != nil {
		return false
	}
	s.run = r
	s.rewatch()
	return s.start()
}

// endRun ends what the Run wanted. Those who wait go on.
func (s *scheduler) endRun(r *runner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != r {
		return
	}
	s.run = nil
	for _, it := range s.items {
		it.want(false, nil)
		s.unplan(it) // it is read again
		s.drop(it)
	}
	s.rewatch()
	s.kick()
}

// rewatch replaces what tells of changes, and has all items read, because of what
// was missed in between. It needs mu.
func (s *scheduler) rewatch() {
	if s.watch != nil {
		s.watch.Close()
	}
	s.watch = nil
	watch := s.watcher()
	for ref, it := range s.items {
		if s.run == nil {
			it.watched = true
			watch.Add(ref)
		}
		s.markDirty(ref, it)
	}
	s.kick()
}

// fail ends the Run because the client, or its store, is closed.
func (r *runner) fail() {
	if !r.over {
		r.over = true
		close(r.failed)
	}
}

// next says what Run does about a record next, of which the next poll is due at a
// time, and which feed finds the record again. It needs the scheduler's mutex.
func (r *runner) next(rec *store.Record, due time.Time) (plan, *feed) {
	c, now := r.c, time.Now()
	if rec.Phase != store.Uncertain {
		delete(r.told, rec.Ref)
	}
	var p plan
	switch rec.Phase {
	case store.Settled, store.Expired:
		if c.handler(*rec) != nil {
			p = plan{step: handle, until: latest(handlerDue(rec, now), now)}
		}
	case store.Queued:
		if rec.Enqueued && !rec.Blocked && c.trusts(rec.Origin) {
			p = plan{step: send, until: latest(rec.Due, now)}
		}
	case store.Unmatched:
		if c.cfg.AdoptUnmatched && rec.ID != "" {
			p = plan{step: adopt, until: latest(rec.Due, now)}
		}
	default:
		if !c.trusts(rec.Origin) {
			return p, nil
		}
		if p = (plan{step: ask, until: due}); rec.Phase == store.Sending {
			p.step = read
		}
		p = sooner(p, plan{step: resolve, until: c.resolverDue(rec, r.began)})
		p = sooner(p, plan{step: tell, until: r.tellAt(rec)})
	}
	if p.until.IsZero() {
		return p, nil
	}
	if p.step != tell && rec.Lease.Valid(now) {
		p.until = latest(p.until, rec.Lease.Until)
	}
	var f *feed
	switch {
	case p.step == handle:
		f = &r.handles
	case p.step == send:
		f = &r.sends
	case p.step == ask && rec.Phase == store.Accepted:
		f = &r.polls
	default:
		return p, nil
	}
	if !p.until.After(now.Add(horizon)) {
		return p, f
	}
	if f == &r.polls && r.later.held < maxLater {
		return p, &r.later // the schedule is asked about them again
	}
	f.planned(p.until)
	return plan{}, nil
}

// notice tells of a record that this Run does nothing about.
func (r *runner) notice(rec *store.Record) {
	r.sequenceStopped(rec)
	switch c := r.c; rec.Phase {
	case store.Settled, store.Expired:
		if c.handler(*rec) == nil {
			c.noHandler(*rec, time.Now())
		}
	case store.Sending, store.Accepted, store.Uncertain, store.Unclear, store.Abandoned:
		if !c.trusts(rec.Origin) {
			c.foreign(*rec)
		}
	}
}

// handlerDue is when a handler runs. None waits longer than the policy plans: a
// time further ahead was written by a clock that was wrong.
func handlerDue(rec *store.Record, now time.Time) time.Time {
	if rec.Due.Sub(now) > handler.MaxDelay+time.Minute {
		return now
	}
	return rec.Due
}

// upkeep does what is not about one operation, and returns when it is to be called
// again. The scheduler's loop calls it.
func (r *runner) upkeep() time.Time {
	s := r.s
	s.mu.Lock()
	now := time.Now()
	tells := r.tells
	r.tells = nil
	scan := r.again || !now.Before(r.scanAt)
	if scan {
		r.again, r.scanAt = false, now.Add(rescan)
	}
	s.mu.Unlock()
	for _, ref := range tells {
		r.tell(ref)
	}
	for _, f := range r.feeds() {
		r.load(f, scan)
	}
	if scan {
		r.scan()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := r.scanAt
	if r.again {
		next = time.Now().Add(time.Second)
	}
	for _, f := range r.feeds() {
		if at := f.next(now); !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

func (r *runner) feeds() []*feed { return []*feed{&r.handles, &r.polls, &r.sends} }

// load takes what is due from the store, the most urgent first.
func (r *runner) load(f *feed, always bool) {
	c, s := r.c, r.s
	if f == &r.handles && len(f.query.Kinds) == 0 {
		return
	}
	s.mu.Lock()
	now := time.Now()
	at := f.next(now)
	if !always && (at.IsZero() || at.After(now)) {
		s.mu.Unlock()
		return
	}
	f.more, f.at = false, time.Time{}
	s.mu.Unlock()
	q := f.query
	q.By = now.Add(horizon)
	q.Limit += f.over // those of another origin, for example, hold nobody up
	due, err := c.store.Due(r.ctx, c.cfg.Tenant, q)
	if errors.Is(err, errors.ErrUnsupported) { // a store of an earlier version
		r.walk(store.Query{Phases: q.Phases, Kinds: q.Kinds, Limit: 1000, WithoutContent: true}, true)
		s.mu.Lock()
		f.planned(now.Add(time.Minute))
		s.mu.Unlock()
		return
	}
	if err != nil {
		r.failedToList(err)
		return
	}
	for i := range due.Records {
		s.examine(&due.Records[i])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.over = 0
	if f.held >= page/4 || f.vain == 0 {
		f.vain = 100 * time.Millisecond
	}
	for i := range due.Records {
		if it := s.items[due.Records[i].Ref]; it == nil || it.feed != f && !it.working {
			f.over++
		}
	}
	switch {
	case len(due.Records) == q.Limit && f.held >= page/4:
		f.more = true
	case len(due.Records) == q.Limit: // the next ones come with a larger page
		f.planned(now.Add(f.vain))
		f.vain = min(2*f.vain, rescan)
	case !due.Next.IsZero():
		f.planned(latest(due.Next, now.Add(time.Second)))
	}
}

func (r *runner) failedToList(err error) {
	if r.ctx.Err() != nil || r.c.life.Err() != nil {
		return
	}
	r.c.log.WarnContext(r.ctx, "operations could not be listed", "error", err)
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.again = true
}

// scan looks at what no time in the store leads to: what is being sent, what may
// need a person, and what has no handler.
func (r *runner) scan() {
	phases := []store.Phase{store.Sending, store.Uncertain, store.Unclear}
	if r.c.cfg.AdoptUnmatched {
		phases = append(phases, store.Unmatched)
	}
	ok := r.walk(store.Query{Phases: phases, Limit: 1000, WithoutContent: true}, true)
	if ok {
		r.report(r.ctx)
	}
	r.purge(r.ctx)
	r.walk(store.Query{Phases: []store.Phase{store.Settled, store.Expired}, Limit: 1000, WithoutContent: true}, false)
	r.walk(store.Query{Phases: []store.Phase{store.Accepted}, Limit: 100, WithoutContent: true}, false)
}

// walk looks at the records that a query selects: at all, or at the first page.
func (r *runner) walk(q store.Query, all bool) bool {
	for {
		page, err := r.c.store.List(r.ctx, r.c.cfg.Tenant, q)
		if err != nil {
			r.failedToList(err)
			return false
		}
		for i := range page {
			r.s.examine(&page[i])
			q.After = page[i].Position()
		}
		if len(page) < q.Limit || !all {
			return true
		}
	}
}

// room reports whether one more handler or resolver may run.
func (r *runner) room() bool { return r.busy < r.c.cfg.Workers }

// start runs the handler of an operation, or asks its resolver. It needs the
// scheduler's mutex.
func (r *runner) start(it *item) {
	r.busy++
	step := it.plan.step
	r.working.Go(func() { r.call(it, step) })
}

// call runs a handler or asks a resolver and frees the place, whatever the code of
// the application around it does.
func (r *runner) call(it *item, step step) {
	c, ref := r.c, it.ref
	var err error
	returned := false
	defer func() {
		if !returned {
			err = usercode.Broken("the code around a handler or a resolver", recover())
		}
		known := errors.Is(err, store.ErrLeased) || errors.Is(err, store.ErrFenced) || errors.Is(err, errSealed) // another's, or told of
		if !returned || err != nil && !known && c.life.Err() == nil {
			c.log.WarnContext(r.work, "a completion was not worked on, or a resolver not asked", append([]any{"ref", ref}, usercode.Logged(err)...)...)
		}
		r.done(it, err)
	}()
	if step == resolve {
		_, err = c.ask(r.work, ref)
	} else {
		err = c.handle(r.work, ref)
	}
	returned = true
}

// done takes note that a handler or a resolver is done.
func (r *runner) done(it *item, err error) {
	r.s.mu.Lock()
	r.busy--
	r.s.mu.Unlock()
	r.worked(it, err)
}

// worked takes note that somebody who worked on an operation is done. After an error
// it is not read again at once: a store that fails would be asked without end.
// Who lost a lease leaves the work to others, which have a second once it has
// ended.
func (r *runner) worked(it *item, err error) {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeChanges()
	it.working, it.changed = false, false
	if err == nil {
		s.markDirty(it.ref, it)
	} else {
		wait := time.Second
		if errors.Is(err, errSealed) {
			wait = sealedWait
		}
		if errors.Is(err, store.ErrFenced) {
			wait += lease.Margin(lease.TTL)
		}
		s.plan(it, plan{until: time.Now().Add(wait)}, laneRead)
	}
	if s.run != r {
		it.want(false, nil)
		s.drop(it)
	}
	s.dispatch()
}
