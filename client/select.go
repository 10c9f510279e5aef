package client

import (
	"container/heap"
	"context"
	"errors"
	"time"

	"github.com/vismanet-go/background/store"
)

// ready does and awaits what can change the operations, and returns those that
// are done. It returns none of them now and then; call it again.
func (s *selection) ready(ctx context.Context) []*member {
	var done []*member
	finish := func(m *member, err error) {
		m.err = err
		delete(s.waiting, m.op)
		delete(s.dirty, m.op)
		done = append(done, m)
	}
	now := time.Now()
	for _, m := range s.dirty {
		if ctx.Err() != nil {
			break
		}
		delete(s.dirty, m.op)
		if ended, err := s.read(ctx, m, now); ended {
			finish(m, err)
		}
	}
	if len(done) > 0 {
		return done
	}
	if ctx.Err() != nil {
		for _, m := range s.waiting {
			finish(m, m.w.pending(ctx.Err(), m.rec))
		}
		return done
	}
	s.sleep(ctx, s.pollDue(now))
	s.collect()
	return nil
}

// read looks at a record in the store. It reports whether the operation is
// done, and how.
func (s *selection) read(ctx context.Context, m *member, now time.Time) (bool, error) {
	c := m.op.c
	rec, err := m.op.record(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return false, nil
	case c.life.Err() != nil || errors.Is(err, ErrClosed):
		return true, ErrClosed
	case errors.Is(err, store.ErrNotFound):
		return true, err
	default:
		m.w.last = err
		m.w.broken++
		s.retryRead(m, storeRetry.After(m.w.broken))
		return false, nil
	}
	m.w.broken = 0
	m.rec = store.Record{ID: rec.ID, Phase: rec.Phase}
	if rec.Phase.Terminal() {
		_, err := c.result(rec)
		return true, err
	}
	if c.life.Err() != nil {
		return true, ErrClosed
	}
	var busy time.Time
	if m.poll != nil {
		select {
		case <-m.poll.done:
		default:
			return false, nil // read again when it is
		}
		busy, err = m.w.judge(m.poll)
		m.poll = nil
		if err != nil {
			return true, err
		}
	}
	next, err := m.w.next(rec)
	if err != nil {
		return true, err
	}
	if next.poll {
		next.until = latest(next.until, busy)
	}
	s.plan(m, next)
	return false, nil
}

// retryRead has a record read again that the store could not give.
func (s *selection) retryRead(m *member, after time.Duration) {
	time.AfterFunc(after, func() { s.readAgain(m) })
}

// readAgain has a record read again. Any goroutine may call it.
func (s *selection) readAgain(m *member) {
	s.mu.Lock()
	s.again = append(s.again, m)
	s.mu.Unlock()
	s.signal()
}

// plan sets what is done about a member next.
func (s *selection) plan(m *member, next plan) {
	if m.next = next; !next.until.IsZero() {
		heap.Push(&s.dues, entry{next.until, m})
	}
}

// pollDue starts the polls that are due and returns when the next one is.
func (s *selection) pollDue(now time.Time) time.Time {
	for len(s.dues) > 0 {
		e := s.dues[0]
		m := e.m
		stale := s.waiting[m.op] == nil || m.poll != nil || !m.next.until.Equal(e.due)
		if !stale && e.due.After(now) {
			return e.due
		}
		heap.Pop(&s.dues)
		if stale {
			continue
		}
		next := m.next
		m.next = plan{}
		if !next.poll {
			s.readAgain(m)
			continue
		}
		m.w.asked = m.w.asked || next.force
		m.poll = m.op.c.startPoll(m.op.ref, next.force)
		m.op.c.then(m.poll, func() { s.readAgain(m) })
	}
	return time.Time{}
}

// entry is a plan; it is stale if its member has another one by now.
type entry struct {
	due time.Time
	m   *member
}

// dueHeap is a heap of plans, the next one on top.
type dueHeap []entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(entry)) }
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = entry{}
	*h = (*h)[:last]
	return e
}

// sleep waits for the time or for a signal.
func (s *selection) sleep(ctx context.Context, until time.Time) {
	alarm, stop := timerAt(until)
	defer stop()
	select {
	case <-s.wake:
	case <-alarm:
	case <-ctx.Done():
	}
}

// collect marks what has to be read again.
func (s *selection) collect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.again {
		s.mark(m)
	}
	s.again = nil
	for c, ended := range s.woken {
		refs, all := s.watches[c].Take()
		for _, ref := range refs {
			for _, m := range s.byRef[ref] {
				s.mark(m)
			}
		}
		if !all && !ended {
			continue
		}
		for _, m := range s.waiting {
			if m.op.c == c {
				s.mark(m)
			}
		}
	}
	clear(s.woken)
}

func (s *selection) mark(m *member) {
	if s.waiting[m.op] != nil {
		s.dirty[m.op] = m
	}
}
