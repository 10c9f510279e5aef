package budget

import "time"

// verdict is what becomes of a call that asks for its turn.
type verdict int

const (
	waits   verdict = iota // for a time, or for something to happen
	asks                   // the store is to be asked
	passes                 // it may be made
	probing                // it may be made as the probe
)

func (v verdict) granted() bool { return v >= passes }

// check decides about a call of a class. The time comes with calls that wait, if
// it is known when they may be made. claim asks for the probe where one is due;
// without it the verdict is what it would be.
func (b *Budget) check(c Class, now time.Time, claim bool) (verdict, time.Time) {
	shared := b.shared()
	if shared && (!b.loaded || b.stale()) {
		return asks, time.Time{}
	}
	if b.limit > 0 && b.inflight >= b.limit && !b.lifted(now) {
		return waits, time.Time{}
	}
	probes := false
	if !b.pause.until.IsZero() {
		if !passed(now, b.pause.until) {
			return waits, b.pause.until
		}
		probes = true
	}
	room, spent := false, time.Time{}
	for _, w := range b.windows {
		if !b.applies(w, c) {
			continue
		}
		switch v := w.check(c, now, shared); {
		case v == asks:
			w.wanted = true
			return asks, time.Time{}
		case v == passes:
			room = true
		case passed(now, w.end.Add(b.spread)):
			probes = true
		default:
			spent = later(spent, w.opens(c, b.spread))
		}
	}
	// Where no answer told yet which of several limits a call is under, it is tried.
	if tries := room && b.known&c.bit() == 0; !spent.IsZero() && !tries {
		// Never now: who is told that asks again at once.
		return waits, later(spent, now.Add(time.Second))
	}
	if probes {
		return b.checkProbe(now, shared, claim)
	}
	return passes, time.Time{}
}

// check decides about a call as far as this window is concerned.
func (w *window) check(c Class, now time.Time, shared bool) verdict {
	if w.left+w.slice <= w.floor(c, now) {
		return waits
	}
	switch {
	case !shared && w.slice == 0:
		n := w.size(now)
		w.left -= n
		w.slice += n
	case shared && (w.slice == 0 || passed(now, w.until)):
		return asks
	}
	return passes
}

func (b *Budget) checkProbe(now time.Time, shared, claim bool) (verdict, time.Time) {
	switch {
	case passed(now, b.probe.until):
		if shared && claim {
			b.news.wantProbe = true
			return asks, time.Time{}
		}
	case !b.myProbe() || b.probe.used:
		return waits, time.Time{}
	}
	return probing, time.Time{}
}

// debit takes a call that was granted.
func (b *Budget) debit(c Class, v verdict, now time.Time) {
	b.inflight++
	b.calls[c]++
	if c == Submit {
		b.submits.add(now)
	}
	if v == probing {
		b.probe = probe{owner: b.cfg.Owner, until: now.Add(probeFor), used: true}
	}
	if b.limit > 0 && b.lift.IsZero() {
		b.lift = now.Add(firstAnswer)
	}
	if len(b.windows) == 0 {
		b.early++
	}
	for _, w := range b.windows {
		if !b.applies(w, c) || w.slice == 0 {
			continue
		}
		w.slice--
		w.out[c]++
		w.taken[c]++
		if c == Submit {
			w.fresh++
		}
		if w.slice <= w.limit/200 && w.size(now) > w.slice && w.left+w.slice > w.floor(c, now) && b.shared() {
			w.wanted = true // before anybody has to wait for it
		}
	}
}

// applies reports whether calls of a class are counted in a window. Those of which
// no answer was seen may be counted in any.
func (b *Budget) applies(w *window, c Class) bool {
	return w.users&c.bit() != 0 || b.known&c.bit() == 0
}

// lifted ends a ramp for which no answer came.
func (b *Budget) lifted(now time.Time) bool {
	if b.lift.IsZero() || !passed(now, b.lift) {
		return false
	}
	b.limit = 0
	return true
}

// drain grants all turns that may be granted.
func (b *Budget) drain(now time.Time) {
	if b.waiting == 0 {
		return
	}
	for c := range numClasses {
		for w := b.queue[c].first; w != nil; w = b.queue[c].first {
			v, _ := b.check(c, now, true)
			if !v.granted() {
				break
			}
			b.debit(c, v, now)
			b.queue[c].remove(w)
			b.waiting--
			w.granted = true
			close(w.turn)
		}
	}
}

// queue holds those who wait for their turn, first come, first served.
type queue struct {
	first, last *waiter
	length      int
}

type waiter struct {
	class      Class
	since      time.Time
	turn       chan struct{} // closed when it has come
	granted    bool
	prev, next *waiter
}

func (q *queue) push(w *waiter) {
	if w.prev = q.last; q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
	q.length++
}

func (q *queue) remove(w *waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	q.length--
}
