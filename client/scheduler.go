package client

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/store"
)

// scheduler makes the polls of a client, and everything else that is done at a
// time, for all who are interested in an operation: [Operation.Wait],
// [Operation.Watch], [AsCompleted] and [Client.Run] are selections of it. An
// operation that nobody waits for is not in it.
//
// Its loop is a goroutine that waits for the next time that something is due and
// for changes in the store. It runs while there is an item or a Run. What is due is
// polled by at most [Config.InFlight] goroutines, of which each goes on as long as
// something is due.
type scheduler struct {
	c    *Client
	wake chan struct{} // has the loop look again; holds one
	size atomic.Int64  // how many items there are

	mu    sync.Mutex // guards the rest, and every item and waiter
	items map[string]*item
	lanes [lanes]itemHeap
	dirty map[string]struct{} // refs to be read
	// entering are to be added by the loop, which reads for them.
	entering []*waiter
	looping  bool
	asleep   bool      // the loop is
	until    time.Time // and until when; zero if only a change wakes it
	pollers  int
	free     bool           // a goroutine that has made a poll takes the next one, if one is due now
	next     *item          // which is this
	watch    *store.Watcher // of the refs of items, or of the whole tenant during a Run
	run      *runner        // nil but during a Run
}

// step is what is done about an operation when it is due.
type step uint8

const (
	read    step = iota // read its record
	ask                 // ask the ERP
	handle              // call its handler
	adopt               // take over what only a notification told of
	tell                // tell a person that it is uncertain
	resolve             // ask its resolver
	send                // send it from the outbox
)

// lane is a queue of what is due, by time. What is done first comes first.
type lane uint8

const (
	laneRead     lane = iota // read, tell
	laneNotified             // ask, after a notification
	laneOverdue              // ask, before the ERP forgets it
	lanePoll                 // ask, by the schedule
	laneHandle               // handle, resolve
	laneSend                 // send
	lanes
)

// class is that of the polls of a lane.
func (l lane) class() budget.Class {
	switch l {
	case laneNotified:
		return budget.Notified
	case laneOverdue:
		return budget.Overdue
	case laneSend:
		return budget.Submit
	}
	return budget.Poll
}

// item is an operation that somebody is interested in.
type item struct {
	ref     string
	waiters []*waiter
	watched bool  // by the watcher; what is only polled once is not
	wanted  bool  // by Run
	feed    *feed // of Run, which finds it again; nil if none does

	plan  plan
	lane  lane
	index int // in its lane, -1 if it is in none
	// poll is the one in progress, or the one that somebody asked for by itself.
	poll    *poll
	basis   basis
	working bool // a poll, a handler or a resolver is at work
	changed bool // and its record may have changed meanwhile
	broken  int  // reads in a row that failed
}

// join adds a waiter. It reports false on a closed client.
func (s *scheduler) join(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c.life.Err() != nil {
		return false
	}
	s.add(w)
	return true
}

// add adds a waiter to its item. It needs mu.
func (s *scheduler) add(w *waiter) *item {
	it := s.item(w.ref)
	it.waiters = append(it.waiters, w)
	if !it.watched && s.run == nil {
		it.watched = true
		s.watcher().Add(it.ref)
	}
	return it
}

// item returns the item of an operation, a new one if there is none. It needs mu.
func (s *scheduler) item(ref string) *item {
	it := s.items[ref]
	if it == nil {
		it = &item{ref: ref, index: -1}
		s.items[ref] = it
		s.size.Store(int64(len(s.items)))
	}
	return it
}

// leave removes a waiter, unless it is over or has left. The others go on.
func (s *scheduler) leave(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.left = true
	it := s.items[w.ref]
	if w.over || it == nil {
		return
	}
	for i, other := range it.waiters {
		if other == w {
			it.waiters = append(it.waiters[:i], it.waiters[i+1:]...)
			break
		}
	}
	s.drop(it)
}

// drop removes an item that nobody is interested in. It reports false if somebody is.
// It needs mu.
func (s *scheduler) drop(it *item) bool {
	if len(it.waiters) > 0 || it.wanted || it.working || it.poll != nil {
		return false
	}
	s.unplan(it)
	delete(s.items, it.ref)
	s.size.Store(int64(len(s.items)))
	if s.run == nil {
		delete(s.dirty, it.ref)
		if it.watched && s.watch != nil {
			s.watch.Remove(it.ref)
		}
	}
	switch {
	case len(s.items)+len(s.entering) > 0 || s.run != nil:
	case s.looping:
		s.kick() // it ends
	default:
		s.unwatch()
	}
	return true
}

// examine plans what is done next about an operation, of which rec is the record as
// it was read just now, or written.
func (s *scheduler) examine(rec *store.Record) {
	due := s.c.nextPoll(rec)
	s.mu.Lock()
	if run := s.run; run != nil {
		s.mu.Unlock()
		run.notice(rec) // which calls the application
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	it := s.items[rec.Ref]
	if it == nil && s.run != nil {
		if p, _ := s.run.next(rec, due); !p.until.IsZero() {
			it = s.item(rec.Ref)
		}
	}
	if it != nil {
		it.broken = 0
		s.replan(it, rec, due)
		s.dispatch()
	}
}

// replan needs mu. Those who are told of rec share a copy of it.
func (s *scheduler) replan(it *item, rec *store.Record, due time.Time) {
	var next plan
	var kept *store.Record
	shared := func() *store.Record {
		if kept == nil {
			kept = copied(rec)
		}
		return kept
	}
	s.tellWaiters(it, func(w *waiter) (bool, error) {
		w.seen = waitSeen{rec.ID, rec.Phase, rec.Polls, rec.Notification != nil}
		if rec.Phase.Terminal() {
			w.rec = shared()
			return true, nil
		}
		p, err := w.next(rec, due)
		if err != nil {
			return true, err
		}
		if box, ok := w.tell.(*mailbox); ok {
			box.put(shared(), false)
		}
		next = sooner(next, p)
		return false, nil
	})
	if s.run != nil {
		p, f := s.run.next(rec, due)
		it.want(!p.until.IsZero(), f)
		next = sooner(next, p)
	}
	switch {
	case it.working: // who works on it has it looked at again
	case it.poll != nil: // somebody asked for a poll
		s.plan(it, plan{until: time.Now(), step: ask, force: true}, laneNotified)
	default:
		l := laneOf(rec, next)
		if it.basis = (basis{}); l == lanePoll && next.step == ask && !next.until.IsZero() {
			if it.basis = basisOf(rec); !it.basis.at.IsZero() {
				next.until = askAgain(time.Now(), next.until)
			}
		}
		s.plan(it, next, l)
	}
	if !s.drop(it) {
		s.start()
	}
}

// copied returns a copy of a record that would otherwise be moved to the heap by all
// who read it.
func copied(rec *store.Record) *store.Record {
	c := *rec
	return &c
}

// tellWaiters ends the waits of an item of which over says so. It needs mu.
func (s *scheduler) tellWaiters(it *item, over func(*waiter) (bool, error)) {
	rest := it.waiters[:0]
	for _, w := range it.waiters {
		done, err := over(w)
		if !done {
			rest = append(rest, w)
			continue
		}
		w.over, w.err = true, err
		w.tell.ended(w)
	}
	clear(it.waiters[len(rest):])
	it.waiters = rest
}

// want says whether Run wants an item, and what finds it again. It needs the
// scheduler's mutex.
func (it *item) want(wanted bool, f *feed) {
	if it.feed != nil {
		it.feed.held--
	}
	if f != nil {
		f.held++
	}
	it.wanted, it.feed = wanted, f
}

// laneOf returns the lane of a step.
func laneOf(rec *store.Record, p plan) lane {
	switch p.step {
	case read, tell:
		return laneRead
	case handle, resolve:
		return laneHandle
	case adopt:
		return laneNotified
	case send:
		return laneSend
	}
	switch {
	case rec.Notification != nil && !rec.PolledAt.After(rec.Notification.ReceivedAt), p.force:
		return laneNotified
	case overdue(rec, p.until):
		return laneOverdue
	}
	return lanePoll
}

// overdue reports whether a poll at a time is the one that an operation needs before
// the ERP forgets it.
func overdue(rec *store.Record, at time.Time) bool {
	last := rec.AcceptedAt.Add(overdueAfter)
	return rec.Phase == store.Accepted && !rec.AcceptedAt.IsZero() && rec.PolledAt.Before(last) && !at.Before(last)
}

// plan sets what is done next about an item, and when. It needs mu.
func (s *scheduler) plan(it *item, p plan, l lane) {
	s.unplan(it)
	it.plan, it.lane = p, l
	if !p.until.IsZero() {
		heap.Push(&s.lanes[l], it)
	}
}

func (s *scheduler) unplan(it *item) {
	if it.index >= 0 {
		heap.Remove(&s.lanes[it.lane], it.index)
	}
}

// dispatch starts what is due, as far as there is room for it, and returns when
// the next thing is due; zero if nothing is planned. It needs mu.
func (s *scheduler) dispatch() (next time.Time) {
	now := time.Now()
	soon := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for l := range lanes {
		for len(s.lanes[l]) > 0 {
			it := s.lanes[l][0]
			if it.plan.until.After(now) {
				soon(it.plan.until)
				break
			}
			if again, ok := s.begin(it, l); !ok {
				if !again.IsZero() {
					soon(again)
				}
				break
			}
		}
	}
	sooner := !next.IsZero() && (s.until.IsZero() || next.Before(s.until))
	if s.asleep && (sooner || len(s.dirty) > 0) {
		s.asleep = false
		s.kick()
	}
	return next
}

// begin starts what is due about an item. It reports false if there is no room,
// with the time when there may be some, if that is known. It needs mu.
func (s *scheduler) begin(it *item, l lane) (again time.Time, ok bool) {
	switch l {
	case laneRead:
		s.unplan(it)
		if it.plan.step == tell && s.run != nil {
			s.run.tells = append(s.run.tells, it.ref)
			s.kick()
		} else {
			s.markDirty(it.ref, it)
		}
		return again, true
	case laneHandle:
		if s.run == nil || !s.run.room() {
			return again, false
		}
		s.unplan(it)
		it.working = true
		s.run.start(it)
		return again, true
	case laneSend:
		return s.run.send(it)
	}
	if l == lanePoll && !it.basis.at.IsZero() {
		now := time.Now()
		if it.basis.overdue(now) { // it has waited for its turn for hours
			s.plan(it, it.plan, laneOverdue)
			return again, true
		}
		if due := s.c.dueBy(&it.basis, it.ref); due.After(now) {
			s.plan(it, plan{until: askAgain(now, due), step: ask}, l)
			return again, true
		}
	}
	if s.pollers >= s.c.cfg.InFlight {
		return again, false
	}
	if ok, again := s.c.budget.TryTake(l.class()); !ok {
		return again, false // OnChange tells if that is not known
	}
	s.unplan(it)
	s.take(it)
	it.poll.turn = turn{class: l.class(), granted: true}
	s.pollers++
	if s.free {
		s.free, s.next = false, it
	} else if !s.c.work(func() { s.poller(it) }) {
		s.pollers--
		s.c.giveBack(&it.poll.turn)
	}
	return again, true
}

// take marks an item as polled from now on. It needs mu.
func (s *scheduler) take(it *item) {
	it.working = true
	if it.poll == nil {
		it.poll = &poll{ref: it.ref}
	}
	if it.plan.force {
		it.poll.force = true
		for _, w := range it.waiters {
			w.asked = true
		}
	}
}

// markDirty has a record read, at once or when the work on it is done. It needs mu;
// the item may be nil.
func (s *scheduler) markDirty(ref string, it *item) {
	switch {
	case it == nil && s.run == nil:
	case it != nil && it.working:
		it.changed = true
	default:
		s.dirty[ref] = struct{}{}
	}
}

// itemHeap is a heap of items, the next one on top.
type itemHeap []*item

func (h itemHeap) Len() int           { return len(h) }
func (h itemHeap) Less(i, j int) bool { return h[i].plan.until.Before(h[j].plan.until) }
func (h itemHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *itemHeap) Push(x any) {
	it := x.(*item)
	it.index = len(*h)
	*h = append(*h, it)
}

func (h *itemHeap) Pop() any {
	last := len(*h) - 1
	it := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	it.index = -1
	return it
}
