package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
)

// start has the loop run. It needs mu, and reports false on a closed client.
func (s *scheduler) start() bool {
	if s.looping {
		return true
	}
	s.looping = s.c.work(s.loop)
	return s.looping
}

// watcher returns what tells of changes: of the items, or of all of the tenant
// during a Run. It needs mu.
func (s *scheduler) watcher() *store.Watcher {
	switch {
	case s.watch != nil:
	case s.run != nil:
		s.watch = s.c.store.Watch(s.c.cfg.Tenant)
	default:
		s.watch = s.c.store.Watch(s.c.cfg.Tenant, store.NoRef)
	}
	return s.watch
}

// unwatch needs mu.
func (s *scheduler) unwatch() {
	if s.watch != nil {
		s.watch.Close()
		s.watch = nil
	}
}

// kick has the loop look again.
func (s *scheduler) kick() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop waits for times and changes until there is nothing to wait for.
func (s *scheduler) loop() {
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
	for {
		upkeep := s.upkeep()
		s.c.countPending()
		s.mu.Lock()
		if s.c.life.Err() != nil {
			s.endAll()
			s.mu.Unlock()
			return
		}
		next := s.dispatch()
		if len(s.items)+len(s.entering) == 0 && s.run == nil {
			s.looping = false
			s.unwatch()
			s.mu.Unlock()
			return
		}
		watch := s.watcher()
		if next.IsZero() || !upkeep.IsZero() && upkeep.Before(next) {
			next = upkeep
		}
		if s.asleep, s.until = true, next; len(s.dirty)+len(s.entering) > 0 {
			s.asleep = false
			s.kick()
		}
		s.mu.Unlock()
		var ring <-chan time.Time
		if !next.IsZero() {
			alarm.Reset(time.Until(next))
			ring = alarm.C
		}
		select {
		case <-s.wake:
		case <-ring:
		case _, open := <-watch.C():
			if !open {
				s.mu.Lock()
				s.endAll()
				s.mu.Unlock()
				return
			}
			s.mu.Lock()
			s.takeChanges()
			s.mu.Unlock()
		case <-s.c.life.Done():
		}
		s.readDirty()
	}
}

// upkeep does what is not about one operation.
func (s *scheduler) upkeep() (next time.Time) {
	s.mu.Lock()
	run := s.run
	if run != nil {
		run.working.Add(1)
		defer run.working.Done()
	}
	s.mu.Unlock()
	if run != nil {
		next = run.upkeep()
	}
	return next
}

// takeChanges marks what the store told of. It needs mu. Who has written something
// calls it before the item is free again, so that the word of that write has the
// record read once and not twice.
func (s *scheduler) takeChanges() {
	if s.watch == nil {
		return
	}
	refs, all := s.watch.Take()
	for _, ref := range refs {
		s.markDirty(ref, s.items[ref])
	}
	if all {
		for ref, it := range s.items {
			s.markDirty(ref, it)
		}
		if s.run != nil {
			s.run.again = true
		}
	}
}

// enter has the loop add a waiter and read the record for it. It reports false on a
// closed client.
func (s *scheduler) enter(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.start() {
		return false
	}
	s.entering = append(s.entering, w)
	if s.asleep {
		s.asleep = false
		s.kick()
	}
	return true
}

// takeEntering adds those who wait to be added. It needs mu.
func (s *scheduler) takeEntering() {
	for _, w := range s.entering {
		if !w.left {
			s.markDirty(w.ref, s.add(w))
		}
	}
	s.entering = nil
}

// readDirty reads the records that may have changed.
func (s *scheduler) readDirty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.takeEntering(); len(s.dirty) > 0; s.takeEntering() {
		for ref := range s.dirty {
			delete(s.dirty, ref)
			s.mu.Unlock()
			s.read(s.c.life, ref)
			s.mu.Lock()
			if s.c.life.Err() != nil {
				return
			}
		}
	}
}

// read reads one record. What the store cannot give now is read again later.
func (s *scheduler) read(ctx context.Context, ref string) {
	c := s.c
	rec, err := c.store.Get(ctx, c.cfg.Tenant, ref)
	if err == nil {
		if rec.ID == "" {
			rec = c.learn(ctx, rec, s.idOf(ref))
		}
		s.examine(&rec)
		return
	}
	if ctx.Err() != nil { // who asked is about to leave
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.items[ref]
	if it == nil && s.run != nil && !errors.Is(err, store.ErrNotFound) {
		it = s.item(ref)
		it.want(true, nil)
	}
	switch {
	case it == nil || it.working || c.life.Err() != nil:
	case errors.Is(err, store.ErrClosed):
		s.tellWaiters(it, func(*waiter) (bool, error) { return true, ErrClosed })
		s.drop(it)
	case errors.Is(err, store.ErrNotFound):
		s.tellWaiters(it, func(w *waiter) (bool, error) { return true, fmt.Errorf("wait for %s: %w", w.Operation, err) })
		it.want(false, nil)
		s.drop(it)
	default:
		if it.broken++; it.broken == 1 {
			c.log.WarnContext(c.life, "an operation could not be read", "ref", ref, "error", err)
		}
		for _, w := range it.waiters {
			w.last = fmt.Errorf("store: %w", err)
		}
		s.plan(it, plan{until: time.Now().Add(storeRetry.After(it.broken))}, laneRead)
		s.start()
		s.dispatch()
	}
}

// idOf returns an id that a handle knows, and perhaps not the store.
func (s *scheduler) idOf(ref string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it := s.items[ref]; it != nil && len(it.waiters) > 0 {
		return it.waiters[0].id
	}
	return ""
}

// endAll ends every wait, because the client or its store is closed. It needs mu.
func (s *scheduler) endAll() {
	s.looping = false
	s.takeEntering()
	for ref, it := range s.items {
		s.tellWaiters(it, func(*waiter) (bool, error) { return true, ErrClosed })
		it.want(false, nil)
		s.unplan(it)
		if it.working {
			continue
		}
		if it.poll != nil && it.poll.done != nil {
			it.poll.err = ErrClosed
			close(it.poll.done)
		}
		it.poll = nil
		delete(s.items, ref)
		s.size.Store(int64(len(s.items)))
	}
	clear(s.dirty)
	s.unwatch()
	if s.run != nil {
		s.run.fail()
	}
}
