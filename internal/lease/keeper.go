// Package lease keeps leases of a store alive, for whoever works under one: a
// submit, a handler of the client, a handler of the receiver.
package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/vismanet-go/background/store"
)

// Extender is the part of a [store.Store] that a keeper needs.
type Extender interface {
	Extend(ctx context.Context, l store.Lease, ttl time.Duration) (store.Lease, error)
}

// Config says which lease is kept, and how. All fields but Lost and Go are
// required.
type Config struct {
	Store Extender
	Lease store.Lease
	// TTL is what the lease was asked for, and is renewed for.
	TTL time.Duration
	// Asked is when the store was asked for the lease: it cannot have begun
	// earlier.
	Asked time.Time
	// Log is told of renewals that failed.
	Log *slog.Logger
	// Lost is called, at most once and not after Stop, when the lease belongs
	// to another owner or is about to end: by [Margin] before it can have ended, so
	// that the work can stop in time. It must neither block nor call
	// the keeper.
	Lost func(error)
	// Go runs a renewal in a goroutine that somebody waits for. When it reports
	// false the keeper renews no more. Default: Stop waits for it alone.
	Go func(func()) bool
}

// Keeper renews a lease from when it was made by [Keep] until Stop. It is safe
// for concurrent use.
//
// It renews when a third of the time is over, and tries again every twelfth
// while that fails. Once the lease is lost it renews no more, so that the work is
// free for others when the time is over; without Lost it goes on until the store
// says that the lease is gone.
type Keeper struct {
	cfg Config

	mu       sync.Mutex // guards the rest
	asked    time.Time  // when the store was last asked for the lease that it gave
	next     *time.Timer
	lapse    *time.Timer // calls Lost; nil without it
	failed   error       // of the last renewal, nil if it went well
	lost     error       // why Lost was called
	stopped  bool
	cancel   context.CancelFunc // of the renewal in progress
	renewing sync.WaitGroup     // Add needs mu and !stopped
}

// Margin is how long before the end of a lease of ttl its work is told to stop.
func Margin(ttl time.Duration) time.Duration { return ttl / 6 }

// errLapsed says that the store was asked in time and did not answer.
var errLapsed = errors.New("the lease was not renewed in time")

// Keep renews a lease until Stop is called or ctx ends. It costs a timer as
// long as nothing is to be renewed, and one more with Lost. A lease that is about to end
// as it begins, because the store took that long or the process stood still, is lost
// before it returns: nothing must be begun then.
func Keep(ctx context.Context, cfg Config) *Keeper {
	cfg.TTL = min(cfg.TTL, store.MaxLease)
	k := &Keeper{cfg: cfg, asked: cfg.Asked}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = time.AfterFunc(cfg.TTL/3-time.Since(cfg.Asked), func() { k.start(ctx) })
	switch {
	case cfg.Lost == nil:
	case k.untilLapse() <= 0 || !k.valid():
		k.lose(errLapsed)
	default:
		k.lapse = time.AfterFunc(k.untilLapse(), k.lapsed)
	}
	return k
}

// start makes a renewal that is due.
func (k *Keeper) start(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	if k.cfg.Go == nil {
		k.renew(ctx)
		return
	}
	k.cfg.Go(func() { k.renew(ctx) })
}

// renew makes a renewal and plans the next one.
func (k *Keeper) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.TTL/3)
	defer cancel()
	k.mu.Lock()
	if k.stopped || k.lost != nil {
		k.mu.Unlock()
		return
	}
	k.cancel = cancel
	k.renewing.Add(1)
	defer k.renewing.Done()
	k.mu.Unlock()

	err := k.extend(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cancel = nil
	switch {
	case k.stopped || k.lost != nil || err == nil:
	case gone(err):
		k.lose(err)
	default:
		if retry := k.cfg.TTL / 12; k.lapse == nil || retry < k.untilLapse() {
			k.next.Reset(retry)
		}
		k.cfg.Log.WarnContext(ctx, "a lease was not renewed", "ref", k.cfg.Lease.Ref, "error", err)
	}
}

// Renew renews the lease now. Its error says why the store did not.
func (k *Keeper) Renew(ctx context.Context) error { return k.extend(ctx) }

// extend asks the store for the lease. With it the next renewal moves.
func (k *Keeper) extend(ctx context.Context) error {
	asked := time.Now()
	_, err := k.cfg.Store.Extend(ctx, k.cfg.Lease, k.cfg.TTL)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed = err; err != nil || k.stopped || k.lost != nil {
		return err
	}
	k.asked = asked
	k.next.Reset(k.cfg.TTL/3 - time.Since(asked))
	if k.lapse != nil {
		k.lapse.Reset(k.untilLapse())
	}
	return nil
}

// gone reports whether an error says that there is no such lease any more.
func gone(err error) bool {
	return errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed)
}

// untilLapse is the time until the work has to stop, unless a renewal
// succeeds. It needs k.mu.
func (k *Keeper) untilLapse() time.Duration {
	return k.cfg.TTL - Margin(k.cfg.TTL) - time.Since(k.asked)
}

// lapsed tells that the lease is about to end.
func (k *Keeper) lapsed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.untilLapse() > 0 { // it was renewed while this was on its way
		return
	}
	err := errLapsed
	if k.failed != nil {
		err = fmt.Errorf("%w: %w", errLapsed, k.failed)
	}
	k.lose(err)
}

// lose tells, once, that the lease is lost. It needs k.mu.
func (k *Keeper) lose(err error) {
	if k.stopped || k.lost != nil {
		return
	}
	k.lost = err
	k.next.Stop()
	if k.cancel != nil {
		k.cancel()
	}
	if k.cfg.Lost != nil {
		k.cfg.Lost(err)
	}
}

// Valid reports whether the lease cannot have ended yet, whatever the clock of
// the store says. It looks at both of our clocks, for one of them stands still
// while the machine sleeps, and the other one may be set.
func (k *Keeper) Valid() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.valid()
}

// valid is Valid. It needs k.mu.
func (k *Keeper) valid() bool {
	now := time.Now()
	return valid(now.Sub(k.asked), now.Round(0).Sub(k.asked.Round(0)), k.cfg.TTL)
}

// valid is Valid for the time since the store was asked, by the monotonic clock
// and by the wall clock.
func valid(monotonic, wall, ttl time.Duration) bool { return monotonic < ttl && wall < ttl }

// Stop ends the renewals and waits for one in progress, which it cancels. It
// returns nil, or why the lease was lost. It does not give the lease back.
func (k *Keeper) Stop() error {
	k.mu.Lock()
	k.stopped = true
	k.next.Stop()
	if k.lapse != nil {
		k.lapse.Stop()
	}
	if k.cancel != nil {
		k.cancel()
	}
	lost := k.lost
	k.mu.Unlock()
	k.renewing.Wait()
	return lost
}
