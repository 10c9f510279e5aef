package budget

import (
	"time"
)

const (
	// spare is what is kept of the polls of each operation, because a schedule does
	// not know exactly how many it will make.
	spare = 0.5
	// plenty is how many polls an operation may have where calls are not scarce.
	plenty = 8
	// replicaFor is how long what a replica told of its work counts.
	replicaFor = time.Minute
	// shareWait is how often a replica tells of its work at most, if it writes the
	// document for nothing else.
	shareWait = 15 * time.Second
)

// Scarcity tells how scarce calls are, from 0, plenty, to 1, none left for more
// than one poll of each operation. Each operation can have 8/(1+7s) polls from now
// on, on average, the one that finds its end included. polled is how many
// operations this replica polls; they may be the same as those of other replicas,
// so that accepted, which is how many the store has of them, bounds the sum.
//
// What a window has left is for the content of what is pending, for submits that
// are expected until it ends, with one call more for the content of each, and for
// polls of all these.
//
// It changes while an operation waits for its next poll, and falls when a batch is
// over or a window begins: a plan is to be made anew now and then.
func (b *Budget) Scarcity(polled, accepted int) float64 {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.polled, b.accepted = polled, accepted
	b.shareWork(now)
	return b.scarcityOfAll(now)
}

// shareWork tells the other replicas of this one's work, now and then, if it has
// changed.
func (b *Budget) shareWork(now time.Time) {
	if len(b.windows) == 0 || !b.shared() || !b.loaded || now.Sub(b.work.at) < shareWait {
		return
	}
	polled, expected := b.work.polled, b.work.expected
	b.work = work{polled: b.polled, expected: b.expected(now), at: now}
	if changed := max(polled-b.work.polled, b.work.polled-polled, expected-b.work.expected, b.work.expected-expected); changed*10 > polled+expected {
		b.news.work = true
		b.attend()
	}
}

// Limited reports whether a limit is known, or the ERP asked for a pause.
func (b *Budget) Limited() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.windows) > 0 || !b.pause.until.IsZero()
}

func (b *Budget) scarcityOfAll(now time.Time) (scarcest float64) {
	if !b.pause.until.IsZero() && !passed(now, b.pause.until) {
		return 1
	}
	for _, w := range b.windows {
		if b.applies(w, Poll) {
			scarcest = max(scarcest, b.scarcity(w, now))
		}
	}
	return scarcest
}

func (b *Budget) scarcity(w *window, now time.Time) float64 {
	left, rest := w.left+w.slice+w.outstanding()/2, w.end.Sub(now) // half of a slice is used, on average
	if passed(now, w.end) {
		left, rest = w.limit, w.length
	}
	pending, expected := b.polled, max(b.submits.expected(now, rest, w.length), b.queue[Submit].length)
	for owner, r := range b.replicas {
		if owner != b.cfg.Owner && now.Sub(b.clock.local(r.At)).Abs() < replicaFor {
			pending += r.Pending
			expected += r.Expected
		}
	}
	pending = min(pending, b.accepted)
	kept := max(pending+2*expected, w.floor(Poll, now))
	work := pending + expected
	if work == 0 {
		return 0
	}
	polls := float64(left-kept)/float64(work) - spare
	return min(1, max(0, (plenty/max(polls, 1)-1)/(plenty-1)))
}

// expected is what this replica tells the others of its submits.
func (b *Budget) expected(now time.Time) (n int) {
	for _, w := range b.windows {
		rest := w.end.Sub(now)
		if passed(now, w.end) {
			rest = w.length
		}
		n = max(n, b.submits.expected(now, rest, w.length))
	}
	return n
}

const (
	rateStep  = 10 * time.Second
	rateSteps = 360 // an hour
	lately    = 6   // of them are a minute
)

// rate counts submits of the last hour.
type rate struct {
	steps  [rateSteps]int32
	last   int64     // the step that was counted last, since 1970
	first  int64     // the first one
	latest time.Time // the last submit
}

func (r *rate) add(now time.Time) {
	r.move(now)
	r.steps[r.last%rateSteps]++
	r.latest = now
}

func (r *rate) move(now time.Time) {
	step := now.UnixNano() / int64(rateStep)
	if r.first == 0 || step < r.last {
		*r = rate{last: step, first: step}
	}
	for n := 0; r.last < step && n < rateSteps; n++ {
		r.last++
		r.steps[r.last%rateSteps] = 0
	}
	r.last = step
}

// expected is how many submits are expected in what is left of a window. Those who
// submit go on as they did in the last minute, but not for ever. What has gone on
// for a while is expected to do so for longer, the more so the longer it was: for a
// share a of the last hour, a² of what came in that hour comes again. And a batch
// is expected to take a fifth of a window at least, so that its first operations do
// not spend what its last ones need, but not to be more than five times what came
// so far: what comes all at once is over soon.
func (r *rate) expected(now time.Time, rest, window time.Duration) int {
	if r.first == 0 || rest <= 0 {
		return 0
	}
	r.move(now)
	recent := min(lately, r.last-r.first+1)
	since := time.Duration(recent-1)*rateStep + time.Duration(now.UnixNano()%int64(rateStep)) + time.Second
	var came, lately, share float64
	for i := range int64(rateSteps) {
		n := float64(r.steps[(r.last-i+rateSteps)%rateSteps])
		if came += n; n > 0 {
			share = float64(i+1) / rateSteps
		}
		if i < recent {
			lately += n
		}
	}
	pace := lately / since.Seconds()
	if gap := now.Sub(r.latest); gap.Seconds() > 10+5/pace {
		return 0 // it is over
	}
	return int(min(pace*rest.Seconds(), max(came*share*share, min(4*came, pace*window.Seconds()/5-came))))
}
