// Package backoff computes waits that grow from one try to the next.
package backoff

import (
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Policy is a wait that grows: it is First at first, Factor times as long after
// each try, and at most Limit.
type Policy struct {
	First  time.Duration
	Factor float64
	Limit  time.Duration
}

// After returns the wait after n tries, which is First if n is 0. It is not
// random.
func (p Policy) After(n int) time.Duration {
	b := p.exponential(0)
	d := b.NextBackOff()
	for ; n > 0 && d < p.Limit; n-- {
		d = b.NextBackOff()
	}
	return min(d, p.Limit)
}

func (p Policy) exponential(random float64) backoff.ExponentialBackOff {
	b := backoff.ExponentialBackOff{
		InitialInterval: p.First, RandomizationFactor: random, Multiplier: p.Factor, MaxInterval: p.Limit,
		Clock: backoff.SystemClock, // it has no end: MaxElapsedTime is 0
	}
	b.Reset()
	return b
}

// Waits returns the waits of the policy one by one, without end.
func (p Policy) Waits() Waits { return Waits{p.exponential(0.5)} }

// Waits is a row of waits, each of them longer or shorter by up to a half, at
// random: what failed together does not try again together. It is not safe for
// concurrent use.
type Waits struct{ b backoff.ExponentialBackOff }

// Next returns the next wait.
func (w *Waits) Next() time.Duration { return w.b.NextBackOff() }

// Reset begins the row anew.
func (w *Waits) Reset() { w.b.Reset() }
