package receivertest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Plan is how a dispatcher misbehaves. Its zero value sends each notice once,
// all at the same time. Shares are from 0 to 1. What happens to a notice
// depends on Seed and its place alone.
type Plan struct {
	Seed uint64
	// Drop is the share of notices that are never sent.
	Drop float64
	// Duplicate is the share that is sent twice, at times of their own.
	Duplicate float64
	// Forge is the share beside which a forgery is sent: the same notice with
	// another status code, made with a wrong key or secret.
	Forge float64
	// MaxDelay spreads the sending evenly over that time, which also changes
	// the order.
	MaxDelay time.Duration
	// Attempts is how often a notice is sent until the answer is a 2xx.
	// Default: 1. Forgeries are sent once.
	Attempts int
	// RetryAfter is the wait before the second attempt; it doubles with each
	// one. Default: 5 s.
	RetryAfter time.Duration
}

// Sending is one request of a delivery, or the one that was never made.
type Sending struct {
	Notice  int // its place among the arguments
	Forged  bool
	Dropped bool
	Attempt int       // from 1; 0 if it was dropped
	At      time.Time // when it was sent
	Status  int       // of the answer, 0 with Err
	Err     error     // that there was no answer
}

// OK reports whether the receiver acknowledged it.
func (s Sending) OK() bool { return s.Status >= 200 && s.Status < 300 }

// Deliver sends the notices as the plan says and blocks until each was answered
// 2xx or is out of attempts, or ctx is done. It returns what was sent, in the
// order of time. Every goroutine that it started has returned by then.
func (s Sender) Deliver(ctx context.Context, plan Plan, notices ...Notice) []Sending {
	var (
		mu   sync.Mutex // guards sent
		sent []Sending
		wg   sync.WaitGroup
	)
	note := func(x Sending) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, x)
	}
	for i, n := range notices {
		rng := rand.New(rand.NewPCG(plan.Seed, uint64(i)))
		drop, duplicate, forge := rng.Float64() < plan.Drop, rng.Float64() < plan.Duplicate, rng.Float64() < plan.Forge
		delay := func() time.Duration { return time.Duration(rng.Float64() * float64(plan.MaxDelay)) }
		copies := []time.Duration{delay()}
		if duplicate {
			copies = append(copies, delay())
		}
		if drop {
			note(Sending{Notice: i, Dropped: true, At: time.Now()})
			copies = nil
		}
		for _, wait := range copies {
			wg.Go(func() { s.deliver(ctx, plan, n, wait, Sending{Notice: i}, note) })
		}
		if forge {
			wait := delay()
			wg.Go(func() { s.forger().deliver(ctx, Plan{}, forged(n), wait, Sending{Notice: i, Forged: true}, note) })
		}
	}
	wg.Wait()
	slices.SortStableFunc(sent, func(a, b Sending) int { return a.At.Compare(b.At) })
	return sent
}

// deliver sends one copy of a notice.
func (s Sender) deliver(ctx context.Context, plan Plan, n Notice, wait time.Duration, about Sending, note func(Sending)) {
	again := plan.RetryAfter
	if again <= 0 {
		again = 5 * time.Second
	}
	for about.Attempt = 1; about.Attempt <= max(1, plan.Attempts); about.Attempt++ {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		about.At = time.Now()
		about.Status, about.Err = s.Send(ctx, n)
		note(about)
		if about.OK() {
			return
		}
		wait, again = again, 2*again
	}
}

// forger sends what it was not asked to, and does not know the secrets.
func (s Sender) forger() Sender {
	if s.Secret != "" {
		s.Secret = "a secret that the forger has made up"
	} else {
		s.Key = "a key that the forger has made up"
	}
	return s
}

func forged(n Notice) Notice {
	n.StatusCode++
	if n.Body != nil {
		n.Body = append(slices.Clone(n.Body), ' ')
	}
	return n
}
