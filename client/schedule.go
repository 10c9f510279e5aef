package client

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/vismanet-go/background/client/internal/durations"
	"github.com/vismanet-go/background/internal/backoff"
)

// PollInfo is what a [Schedule] knows of an operation.
type PollInfo struct {
	// Polls is how many polls found no end so far.
	Polls int
	// Age is the time since the operation was accepted.
	Age time.Duration
	// Notify is true if a notification was asked for.
	Notify bool
	// Notified is true if a notification came, and SinceNotified is the time
	// since the last one. Normally the ERP notifies when it is done, so that a
	// poll after that finds the end, at once or soon.
	Notified      bool
	SinceNotified time.Duration
	// Missing is true if the last poll found no such operation.
	Missing bool
	// Learned is how long operations of the same route run, as far as it was
	// learned. It is nil if nothing was.
	Learned Durations
	// Scarcity tells how scarce the calls are that the ERP still allows: from 0,
	// which is plenty, to 1, which is none to spare. Between them an operation can
	// have 8/(1+7s) polls in the mean.
	Scarcity float64
}

// Durations is what is known of how long operations of a route run, from when
// the ERP received them until they finished. Where little was learned, what is
// expected of any operation stands in.
type Durations interface {
	// Count returns how many operations that ended it was learned from. Old ones
	// are forgotten.
	Count() int
	// Quantile returns the age at which a share q of all operations has ended.
	Quantile(q float64) time.Duration
	// Ended returns the share of operations that have ended at an age.
	Ended(age time.Duration) float64
}

// Schedule tells how long to wait before the next poll of an operation. It must
// be a pure function, safe for concurrent use: it is asked again and again until the
// poll is made, and everything waits for it. The client keeps the result
// between half a second and an hour, and then spreads it by up to a tenth
// either way.
type Schedule func(PollInfo) time.Duration

// DefaultSchedule polls when an end is likely, by what was learned of the route:
// first when about a third of its operations have ended, then whenever about a
// third of those have that still ran at the last poll. It waits a little longer
// where calls would gain little time. It never waits much longer than a minute,
// but for the slowest few of a route and for what takes an hour. Before
// anything is learned it polls after 2 s and then at growing intervals.
//
// With a notification expected it is only a safety net: it polls when nine in ten
// have ended, but not before 90 s, or 45 s before anything is learned. In the
// minute after a notification it polls after 3 s, or three times as long as the
// notification is old. An operation that the ERP does not show 30 s after it was
// accepted is polled at intervals from 1 min to 5 min.
//
// The scarcer the calls, the later it polls, until there is little more than one
// poll for an operation. It never polls one operation more than five times a
// minute, which is the most that the old host allows. The page docs/schedule.md
// of the module shows what comes of it.
func DefaultSchedule(p PollInfo) time.Duration {
	switch {
	case p.Missing && p.Age > graceMissing:
		return missingPoll.After(p.Polls)
	case p.Notified && p.SinceNotified < time.Minute:
		return max(3*time.Second, 3*p.SinceNotified)
	case p.Notify:
		return fallbackDelay(p)
	}
	return max(pollDelay(p), restAfter(p))
}

// until returns how long it takes until a share of the operations has ended that
// still run at the age of p.
func (p PollInfo) until(share float64) time.Duration {
	return p.learned().Quantile(1-p.running()*(1-share)) - p.Age
}

// running returns the share of operations that still run at the age of p.
func (p PollInfo) running() float64 { return 1 - p.learned().Ended(p.Age) }

func (p PollInfo) learned() Durations {
	if p.Learned == nil {
		return (*durations.Durations)(nil)
	}
	return p.Learned
}

// The numbers of the schedule were found by simulation: see docs/schedule.md.
const (
	// A poll comes when this share has ended of the operations that still ran at
	// the last one, but no later than mostWait, which with the jitter is about a
	// minute.
	pollShare = 0.33
	mostWait  = 57500 * time.Millisecond

	// Once as many ends were seen, the schedule dares to be slower. Of a route that
	// is new, quick polls tell more.
	knownCount = 8
	// Waits are stretched where that would be many calls for little time: up to
	// shortWait, and beyond longWait by three seconds for each, but not until more
	// than stretchShare has ended.
	stretchShare = 0.65
	shortWait    = 5500 * time.Millisecond
	longWait     = 15 * time.Second
	// The slowest may wait longer than mostWait, the fewer still run the longer.
	slowShare = 0.08
	slowWait  = 5 * time.Minute

	// In each wait at least this share ends, if slowWait is enough for that, so that
	// an operation takes 20 polls in the mean at most. Where calls are scarce it is
	// 8/(1+7s) of them, which is how PollInfo.Scarcity is defined, until the share is
	// lastShare.
	leastShare = 1.0 / 20
	lastShare  = 0.85

	// The same below notifications, up to fallbackStretch for operations that are
	// long: they can wait.
	fallbackShare   = 0.92
	fallbackStretch = 0.98
	leastFallback   = 90 * time.Second
	// Before knownCount: perhaps no notification comes at all.
	firstShare    = 0.45
	firstFallback = 45 * time.Second
	longFallback  = 4 * time.Minute
	mostFallback  = 30 * time.Minute
)

// pollDelay is the wait where no notification is expected.
func pollDelay(p PollInfo) time.Duration {
	d, most := p.until(pollShare), mostWait
	if p.learned().Count() >= knownCount {
		stretched := max(shortWait, longWait+3*(d-longWait))
		d = max(d, min(stretched, p.until(stretchShare)))
		slow := time.Duration(float64(mostWait) * slowShare / max(p.running(), 1e-6))
		most = max(most, min(slow, p.Age/3, slowWait))
	}
	share, longest := leastShare, slowWait
	if p.Scarcity > 0 {
		share = min((1+7*p.Scarcity)/8, lastShare)
		longest += time.Duration(p.Scarcity * float64(maxDelay-slowWait))
	}
	return max(min(d, most), min(p.until(share), longest))
}

// fallbackDelay is the wait where a notification is expected.
func fallbackDelay(p PollInfo) time.Duration {
	if p.learned().Count() < knownCount {
		return min(max(p.until(firstShare), firstFallback), mostFallback)
	}
	d := p.until(fallbackShare + (fallbackStretch-fallbackShare)*p.Scarcity)
	d = max(d, min(longFallback+2*(d-longFallback), p.until(fallbackStretch)))
	return min(max(d, leastFallback), mostFallback)
}

// restAfter is the least wait after a number of polls. Any five of them in a row
// take more than a minute, whatever the jitter takes off.
func restAfter(p PollInfo) time.Duration {
	rests := [...]time.Duration{
		0, 2200 * time.Millisecond, 4400 * time.Millisecond, 9 * time.Second, 18 * time.Second, 34 * time.Second,
	}
	if p.Polls < len(rests) {
		return rests[p.Polls]
	}
	return max(14*time.Second, min(p.Age/32, slowWait))
}

// missingPoll spaces the polls of an operation that the ERP does not show.
var missingPoll = backoff.Policy{First: time.Minute, Factor: 1.5, Limit: 5 * time.Minute}

// The waits after something failed.
var (
	// storeRetry spaces the calls of a store that fails.
	storeRetry = backoff.Policy{First: time.Second, Factor: 1.5, Limit: 30 * time.Second}
	// factRetry spaces the tries to record a fact that the store did not take.
	factRetry = backoff.Policy{First: time.Second, Factor: 2, Limit: time.Minute}
	// failedPoll is the wait after polls that failed.
	failedPoll = backoff.Policy{First: 2 * time.Second, Factor: 1.8, Limit: time.Minute}
	// unmatchedPoll spaces the questions for an operation that only a notification
	// told of, and that the ERP does not show.
	unmatchedPoll = backoff.Policy{First: time.Second, Factor: 1.5, Limit: time.Hour}
)

const (
	// graceMissing is how long after the 202 a missing operation is taken
	// for one that cannot be read yet.
	graceMissing = 30 * time.Second
	// retention is how long the ERP keeps an operation (vendor's page on
	// background calls).
	retention = 24 * time.Hour

	// overdueAfter is the age by which an accepted operation is polled at the latest,
	// ahead of everything: it leaves the ERP's day to those who are away for hours.
	overdueAfter = 18 * time.Hour

	minDelay = 500 * time.Millisecond
	maxDelay = time.Hour
)

// jitter spreads d by up to a tenth either way, the same for the same seed:
// operations that were submitted together are not polled together.
func jitter(d time.Duration, ref string, polls int) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(ref))
	h.Write(strconv.AppendInt(nil, int64(polls), 10))
	d = min(max(d, minDelay), maxDelay)
	return d - d/10 + time.Duration(h.Sum64()%1000)*(d/5)/1000
}
