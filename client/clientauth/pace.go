package clientauth

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

const (
	// A failure that passes is tried again after half a second, then after
	// waits that double up to slowest; a random half more or less keeps
	// processes apart that failed together.
	soonest = 500 * time.Millisecond
	slowest = 2 * time.Minute
	// A failure that somebody has to mend, a wrong secret for example, is
	// repeated without a call for finalFor, then for times that double up to
	// finalMost: an application that is asked for with a wrong secret all the
	// time may get locked. A TokenSource may be mended sooner than that, by a
	// login.
	finalFor        = 5 * time.Second
	finalMost       = 5 * time.Minute
	finalMostSource = time.Minute
)

// pace spaces the calls to the token endpoint from one failure to the next,
// whoever waits and however often somebody asks: fewer than a hundred in an
// hour. A token ends it.
type pace struct {
	failed *TokenError // why the last call failed, nil if it did not
	next   time.Time   // no call before this time

	passing *backoff.ExponentialBackOff
	final   time.Duration // the last wait for somebody to mend it
	most    time.Duration // bounds it
}

func newPace(source bool) pace {
	p := pace{most: finalMost, passing: backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(soonest),
		backoff.WithMultiplier(2),
		backoff.WithMaxInterval(slowest),
		backoff.WithMaxElapsedTime(0),
	)}
	if source {
		p.most = finalMostSource
	}
	return p
}

// fail notes that a call failed.
func (p *pace) fail(failed *TokenError, now time.Time) {
	wait := p.passing.NextBackOff()
	if !failed.passing {
		p.final = min(max(2*p.final, finalFor), p.most)
		wait = p.final
	}
	p.failed, p.next = failed, now.Add(max(wait, failed.after))
}

// succeed notes that a call brought a token.
func (p *pace) succeed() {
	p.failed, p.next, p.final = nil, time.Time{}, 0
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
