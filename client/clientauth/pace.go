package clientauth

import (
	"time"

	"github.com/vismanet-go/background/internal/backoff"
)

var (
	// A failure that passes is tried again after half a second, then after
	// waits that double; a random half more or less keeps processes apart that
	// failed together.
	passing = backoff.Policy{First: 500 * time.Millisecond, Factor: 2, Limit: 2 * time.Minute}
	// A failure that somebody has to mend, a wrong secret for example, is
	// repeated without a call for a while that doubles: an application that is
	// asked for with a wrong secret all the time may get locked. A TokenSource
	// may be mended sooner than that, by a login.
	final       = backoff.Policy{First: 5 * time.Second, Factor: 2, Limit: 5 * time.Minute}
	finalSource = backoff.Policy{First: 5 * time.Second, Factor: 2, Limit: time.Minute}
)

// pace spaces the calls to the token endpoint from one failure to the next,
// whoever waits and however often somebody asks: fewer than a hundred in an
// hour. A token ends it.
type pace struct {
	failed *TokenError // why the last call failed, nil if it did not
	next   time.Time   // no call before this time

	passing backoff.Waits
	final   backoff.Policy
	finals  int // failures in a row that somebody has to mend
}

func newPace(source bool) pace {
	p := pace{passing: passing.Waits(), final: final}
	if source {
		p.final = finalSource
	}
	return p
}

// fail notes that a call failed.
func (p *pace) fail(failed *TokenError, now time.Time) {
	wait := p.passing.Next()
	if !failed.passing {
		wait = p.final.After(p.finals)
		p.finals++
	}
	p.failed, p.next = failed, now.Add(max(wait, failed.after))
}

// succeed notes that a call brought a token.
func (p *pace) succeed() {
	p.failed, p.next, p.finals = nil, time.Time{}, 0
	p.passing.Reset()
}

// refuses returns the last error if there is to be no call within the time
// that somebody may wait for one.
func (p *pace) refuses(now time.Time, patience time.Duration) *TokenError {
	if p.failed == nil || !now.Before(p.next) || p.failed.passing && p.next.Sub(now) < patience {
		return nil
	}
	return p.failed
}
