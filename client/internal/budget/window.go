package budget

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/wire"
)

const (
	// sameWindow is how far the ends that are told of one window may lie apart:
	// they are told in whole seconds, and read when an answer has come.
	sameWindow = 5 * time.Second
	// agree is how many answers in a row must tell of another window before the
	// one that is known is given up: a single one may be late.
	agree = 3
	// sliceFor is how long a replica may use the calls that it has leased. It
	// stops useFor after it has asked for them, so that it is done before the
	// others count on them.
	sliceFor = time.Minute
	useFor   = 50 * time.Second
	// shortEnd is when a window is taken to end whose end is not told.
	shortEnd = time.Minute
	// maxPolicies bounds the windows of a budget.
	maxPolicies = 8
)

// A slice is what a replica has of a window: calls that it may still make, and
// those under way when it wrote that down.
type slice struct {
	calls int
	at    time.Time // when it was leased
	until time.Time // when it ends
}

// window is what is known of one limit and its present window. The books are:
// limit = calls made + calls in slices and under way + left, unless others than
// these replicas call as well.
type window struct {
	policy string
	limit  int
	left   int           // calls in nobody's slice
	end    time.Time     // when the window ends
	first  time.Time     // the end that was told first
	length time.Duration // of the window, as far as seen
	users  uint8         // classes whose answers told of it
	others map[string]slice

	slice   int       // calls in this replica's hands
	until   time.Time // when they end
	out     Counts    // calls taken from the slice and not answered yet
	taken   Counts    // calls of this replica in this window
	submits int       // of all replicas in this window, as the document has them,
	fresh   int       // those of this replica that it does not have yet,
	sent    int       // and of these, those which the store is writing
	low     int       // the lowest remainder that was told
	told    int       // the last one, and
	when    time.Time // when it was told
	rival   rivalTale // another window that answers tell of

	news    bool // the document does not have this window yet,
	writing bool // but the store is writing it
	wanted  bool // calls are to be leased
	coming  int  // those which are, once the document is written
}

// rivalTale is a window that does not fit the known one.
type rivalTale struct {
	end   time.Time
	times int
}

// floor is what a class leaves of a window to others: submits leave a fiftieth to
// what is known to have ended, and what is scheduled leaves to submits what they
// have not had of a tenth, but always a fiftieth. In the second half of a window
// that shrinks with the time that is left, as do the submits that may still come.
func (w *window) floor(c Class, now time.Time) int {
	if c < Verification || passed(now, w.end) {
		return 0
	}
	if c == Submit {
		return w.limit / 50
	}
	return w.limit/50 + int(float64(w.share())*min(1, float64(w.end.Sub(now))/float64(w.length/2)))
}

// share is what is kept for submits in the first half of a window.
func (w *window) share() int { return max(w.limit/50, w.limit/10-w.submits-w.fresh) }

// opens is the earliest time at which a class that has to wait may be served: when the
// floor has come down to what is left, or some time after the window has ended.
func (w *window) opens(c Class, spread time.Duration) time.Time {
	have := w.left + w.slice - 1 - w.limit/50
	if c == Submit || c < Verification || have < 0 || w.share() == 0 {
		return w.end.Add(spread)
	}
	return w.end.Add(-time.Duration(float64(w.length/2) * float64(have+1) / float64(w.share())))
}

// reading is what an answer told of a window.
type reading struct {
	limit, remaining int
	end              time.Time
	length           time.Duration
}

func read(l wire.Limit, now time.Time) reading {
	wait := l.Reset
	if wait == 0 {
		wait = min(shortEnd, max(l.Window, wire.MinWait))
		if l.Window == 0 {
			wait = shortEnd
		}
	}
	return reading{limit: l.Limit, remaining: l.Remaining, end: now.Add(wait), length: max(l.Window, wait)}
}

// learn merges what an answer told. inflight is how many other calls are under
// way.
func (w *window) learn(r reading, now time.Time, inflight int) {
	w.told, w.when = r.remaining, now
	apart := r.end.Sub(w.first).Abs()
	switch {
	case w.limit == 0, passed(now, w.end), w.another(r, apart):
		w.adopt(r, now, inflight)
		return
	case apart <= sameWindow:
		w.rival = rivalTale{}
		w.end = later(w.end, r.end)
	}
	if r.limit > 0 && r.limit != w.limit {
		w.left += max(0, r.limit-w.limit)
		w.low += max(0, r.limit-w.limit)
		w.limit = r.limit
	}
	w.lower(r.remaining, inflight)
}

// another reports whether the answers agree by now that the window is another
// one.
func (w *window) another(r reading, apart time.Duration) bool {
	if apart <= sameWindow {
		return false
	}
	if w.rival.times == 0 || r.end.Sub(w.rival.end).Abs() > sameWindow {
		w.rival = rivalTale{end: r.end}
	}
	w.rival.times++
	return w.rival.times >= agree
}

// adopt begins a new window. What is leased and under way stays so, and counts in
// the new window.
func (w *window) adopt(r reading, now time.Time, inflight int) {
	if r.limit == 0 {
		r.limit = max(w.limit, r.remaining, 1)
	}
	w.limit, w.end, w.first, w.length = r.limit, r.end, r.end, max(r.length, time.Second)
	w.low, w.told, w.when = r.remaining, r.remaining, now
	w.taken, w.rival, w.news, w.coming = Counts{}, rivalTale{}, true, 0
	w.submits, w.fresh, w.sent = 0, 0, 0
	for owner, s := range w.others {
		if passed(now, s.until) {
			delete(w.others, owner)
		}
	}
	w.slice = min(w.slice, r.remaining)
	w.left = max(0, r.remaining-w.outstanding()-w.slice-inflight)
}

// lower takes a remainder that was told into the books. It changes them only if
// others than these replicas have called: else it is never below them.
func (w *window) lower(remaining, inflight int) {
	if w.low = min(w.low, remaining); w.low >= w.left+w.slice {
		return
	}
	w.slice = min(w.slice, w.low)
	w.left = min(w.left, max(0, w.low-w.outstanding()-w.slice-inflight))
}

// outstanding is what other replicas may still use.
func (w *window) outstanding() (calls int) {
	for _, s := range w.others {
		calls += s.calls
	}
	return calls
}

// size is how many calls a replica leases at once: a fiftieth of the window, so
// that there are few leases, and less towards the end, so that no replica keeps
// calls that another one needs.
func (w *window) size(now time.Time) int {
	replicas := 1
	for _, s := range w.others {
		if !passed(now, s.until) {
			replicas++
		}
	}
	return min(w.left, max(1, min(w.limit/50, w.left/(4*replicas))))
}

// reclaim takes back the slices that replicas left behind when they ended. What
// they had used is not known, but the server has told what is left since then;
// it counts if nobody has leased meanwhile.
func (w *window) reclaim(now time.Time, inflight int) {
	var ended int
	for _, s := range w.others {
		switch told := w.when.Add(-sameWindow); {
		case passed(now, s.until) && s.until.Before(told):
			ended += s.calls
		case !s.at.Before(told):
			return
		}
	}
	if ended == 0 {
		return
	}
	for owner, s := range w.others {
		if passed(now, s.until) && s.until.Before(w.when.Add(-sameWindow)) {
			delete(w.others, owner)
		}
	}
	w.left += min(ended, max(0, w.told-w.outstanding()-w.slice-inflight-w.left))
}

// forget drops the slices that end first, down to so many. What they hold is taken
// for used.
func (w *window) forget(most int) {
	for most = min(most, maxReplicas-1); len(w.others) > most; {
		var first string
		for owner, s := range w.others {
			if first == "" || s.until.Before(w.others[first].until) {
				first = owner
			}
		}
		delete(w.others, first)
	}
}

// policyOf is the policy that a limit names, as far as it is plain text.
func policyOf(l wire.Limit) string {
	name := l.Policy[:min(len(l.Policy), 64)]
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return ""
		}
	}
	return name
}

// nameOf is the name under which a limit is kept: limits without a policy are
// told apart by their size.
func nameOf(l wire.Limit) string {
	if name := policyOf(l); name != "" {
		return strings.Clone(name)
	}
	return "#" + strconv.Itoa(l.Limit)
}

// named reports whether a limit is the window's, without allocating.
func (w *window) named(l wire.Limit) bool {
	if name := policyOf(l); name != "" {
		return w.policy == name
	}
	size, ok := strings.CutPrefix(w.policy, "#")
	if !ok {
		return false
	}
	n, err := strconv.Atoi(size)
	return err == nil && n == l.Limit
}

const unread = math.MaxInt // low of a window of which no answer told here
