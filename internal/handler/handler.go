// Package handler says what follows from a run of a handler. It is the one
// policy for handlers of the client and of the receiver.
package handler

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// What both configurations have as defaults.
const (
	Workers      = 4
	MaxAttempts  = 20
	Timeout      = 15 * time.Minute
	DrainTimeout = 20 * time.Second // less than what orchestrators usually give
)

// Outcome is how a run ended.
type Outcome string

// The outcomes of a run.
const (
	Acknowledged Outcome = "acknowledged"
	Retried      Outcome = "retried"     // it will run again
	Dead         Outcome = "dead"        // it failed for the last time
	Discarded    Outcome = "discarded"   // by [Discard]
	Interrupted  Outcome = "interrupted" // by a shutdown: it will run again, and this run does not count
	Lost         Outcome = "lost"        // its lease ended, or the store failed: it will run again
)

// Again reports whether the work is to be handled again.
func (o Outcome) Again() bool { return o == Retried || o == Interrupted || o == Lost }

// Run is a run of a handler that has returned.
type Run struct {
	Attempt     int   // from 1
	Err         error // what it returned
	Interrupted bool  // a shutdown did not wait for it
}

// Follows returns how a run ended, of those of which maxAttempts are allowed,
// and the decision that has to be written.
func (r Run) Follows(maxAttempts int) (Outcome, store.Decision) {
	switch final := (*discarded)(nil); {
	case r.Err == nil:
		return Acknowledged, store.AcknowledgeDecision{}
	case errors.As(r.Err, &final):
		return Discarded, store.DeadLetterDecision{Reason: reason(r.Err)}
	case r.Interrupted: // another process may go on at once
		return Interrupted, store.InterruptDecision{}
	case r.Attempt >= maxAttempts:
		return Dead, store.DeadLetterDecision{Reason: reason(r.Err)}
	}
	return Retried, store.RetryDecision{Due: time.Now().Add(Delay(r.Attempt)), Reason: reason(r.Err)}
}

// LastLost returns the decision about work all of whose runs began, and of which the
// last one has no outcome: it ended with its process, or
// without its lease. Another run could take the process with it as well.
// before is why the run before that failed, if it did.
func LastLost(attempt int, before string) (store.Decision, error) {
	err := fmt.Errorf("the process ended during run %d of the handler, or lost its lease", attempt)
	if before != "" {
		err = fmt.Errorf("%w; a run before that failed: %s", err, before)
	}
	return store.DeadLetterDecision{Reason: reason(err)}, err
}

// MaxDelay is the longest wait between two runs.
const MaxDelay = time.Hour

// Delay is the wait after a number of runs that failed: 1 s, 2 s, 4 s and so on
// up to an hour, of which a random part of up to a half is left out, so that
// what failed together does not come again together. Without that part:
//
//	runs     1    5     10      12     15     20
//	waited   1 s  31 s  17 min  68 min 4 h    9 h
func Delay(runs int) time.Duration {
	d := Doubled(time.Second, runs, MaxDelay)
	return d - rand.N(d/2)
}

// Doubled is a wait that is first for the first time, and doubles up to a limit.
// It is here and not in package backoff because the receiver links the standard
// library only.
func Doubled(first time.Duration, times int, limit time.Duration) time.Duration {
	d := first
	for ; times > 1 && d < limit; times-- {
		d *= 2
	}
	return min(d, limit)
}

// Discard makes an error final: running again is of no use.
func Discard(err error) error {
	return &discarded{cmp.Or(err, errors.New("discarded"))}
}

type discarded struct{ err error }

func (d *discarded) Error() string { return d.err.Error() }
func (d *discarded) Unwrap() error { return d.err }

// maxReason bounds what is stored of an error.
const maxReason = 1024

// reason returns the words of an error in a form that any store can hold.
func reason(err error) string {
	s := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", ""), "")
	if strings.TrimSpace(s) == "" {
		s = fmt.Sprintf("an error without words (%T)", err)
	}
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}
