package client

import (
	"time"

	"github.com/vismanet-go/background/internal/usercode"
)

// poll has an operation polled now, whoever is interested in it, or joins the poll
// that is in progress. Without force it ends at once if the operation turns out not
// to be due.
func (s *scheduler) poll(ref string, force bool) (*poll, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c.life.Err() != nil {
		return nil, false
	}
	it := s.item(ref)
	if it.poll == nil {
		it.poll = &poll{ref: ref, force: force}
		if !it.working {
			s.plan(it, plan{until: time.Now(), step: ask, force: force}, laneNotified)
		}
	}
	if it.poll.done == nil {
		it.poll.done = make(chan struct{})
	}
	p := it.poll
	s.dispatch()
	if !it.working && !s.start() { // it waits for its turn
		return nil, false
	}
	return p, true
}

// poller makes polls until none is due.
func (s *scheduler) poller(it *item) {
	h := helds.Get().(*held)
	defer func() {
		*h = held{}
		helds.Put(h)
	}()
	reserveStack(0)
	for it != nil {
		it = s.makePoll(it, h)
	}
}

// reserveStack grows the stack of a goroutine at once to the 32 kB that a poll takes,
// while there is little on it that has to be moved. Growing it step by step was 15 % of
// the time of a submit and a poll, and is 2 % so.
//
//go:noinline
func reserveStack(i int) byte {
	var room [26 << 10]byte
	room[i] = 1
	return room[len(room)-1-i]
}

// makePoll makes a poll and returns what this goroutine polls next, if anything.
func (s *scheduler) makePoll(it *item, h *held) (next *item) {
	// A poll runs code of the application: verifiers, the observer, the
	// schedule. What does not return must not take the operation with it.
	returned, ends := false, false
	defer func() {
		if !returned {
			broken := recover()
			ends = broken == nil // runtime.Goexit
			err := usercode.Broken("the application's code in a poll", broken)
			s.c.log.ErrorContext(s.c.life, "a poll did not return", append([]any{"ref", it.ref}, usercode.Logged(err)...)...)
			it.poll.rec, it.poll.err, it.poll.unwritten = nil, err, true
		}
		next = s.polled(it, ends)
		s.c.saveLearned()
	}()
	if it.plan.step == adopt {
		if err := s.c.adoptUnmatched(s.c.life, &it.poll.turn, it.ref); err != nil {
			it.poll.err, it.poll.until = err, time.Now().Add(time.Second)
		}
	} else {
		s.c.runPoll(it.poll, h)
	}
	returned = true
	return nil // what polled says
}

// polled ends a poll. It returns the next one for the goroutine that made it, unless
// that ends.
func (s *scheduler) polled(it *item, ends bool) (next *item) {
	p := it.poll
	s.c.giveBack(&p.turn)
	s.c.backOff(p)
	var due time.Time
	if p.rec != nil {
		due = s.c.nextPoll(p.rec)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.done != nil {
		close(p.done)
	}
	s.takeChanges()
	it.poll, it.working = nil, false
	s.tellWaiters(it, func(w *waiter) (bool, error) {
		err := w.judge(p)
		return err != nil, err
	})
	switch {
	case !p.until.IsZero() && !it.changed: // else who had the lease may be done with it
		s.plan(it, plan{until: p.until}, laneRead)
	case p.rec != nil && s.run == nil && (!it.changed || p.rec.Phase.Terminal()):
		s.replan(it, p.rec, due)
	default:
		s.markDirty(it.ref, it)
	}
	p.rec, it.changed = nil, false
	s.pollers--
	if !s.drop(it) {
		s.start()
	}
	s.free = !ends && s.c.life.Err() == nil
	s.dispatch()
	next, s.next, s.free = s.next, nil, false
	return next
}
