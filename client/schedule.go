package client

import (
	"hash/fnv"
	"strconv"
	"time"

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
	// which is plenty, to 1, which is none to spare.
	Scarcity float64
}

// Durations is what is known of how long operations of a route run, from when
// the ERP received them until they finished. Where little was learned, what is
// expected of any operation stands in.
type Durations interface {
	// Count returns how many operations that ended it was learned from, the
	// last few hundred at most.
	Count() int
	// Quantile returns the age at which a share q of all operations has ended.
	Quantile(q float64) time.Duration
	// Ended returns the share of operations that have ended at an age.
	Ended(age time.Duration) float64
}

// Schedule tells how long to wait before the next poll of an operation. It must
// be a pure function, safe for concurrent use. The client keeps the result
// between half a second and an hour, and then spreads it by up to a tenth
// either way.
type Schedule func(PollInfo) time.Duration

// DefaultSchedule polls after 2 s and then at growing intervals of up to 30 s.
// With a notification expected it is only a safety net: after 30 s, then at
// growing intervals of up to 5 min. In the minute after a notification it polls
// after 3 s, or three times as long as the notification is old. An operation
// that the ERP does not show 30 s after it was accepted is polled at intervals
// from 1 min to 5 min. It never polls one operation more than five times a
// minute, which is the most that the old host allows.
func DefaultSchedule(p PollInfo) time.Duration {
	switch {
	case p.Missing && p.Age > graceMissing:
		return missingPoll.After(p.Polls)
	case p.Notified && p.SinceNotified < time.Minute:
		return max(3*time.Second, 3*p.SinceNotified)
	case p.Notify:
		return notifiedPoll.After(p.Polls)
	}
	return unnotifiedPoll.After(p.Polls)
}

// The waits from poll to poll of [DefaultSchedule].
var (
	// Six polls that begin two seconds apart take more than a minute, whatever
	// the jitter takes off.
	unnotifiedPoll = backoff.Policy{First: 2 * time.Second, Factor: 1.8, Limit: 30 * time.Second}
	notifiedPoll   = backoff.Policy{First: 30 * time.Second, Factor: 1.5, Limit: 5 * time.Minute}
	missingPoll    = backoff.Policy{First: time.Minute, Factor: 1.5, Limit: 5 * time.Minute}
)

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
