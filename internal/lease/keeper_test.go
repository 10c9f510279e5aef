package lease

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
)

const ttl = 30 * time.Second

var errDown = errors.New("the database is down")

// lender is a store with one lease. It takes a while to answer, and answers
// with an error while a test wants it.
type lender struct {
	deaf bool // to the end of a context

	mu    sync.Mutex // guards the rest
	delay time.Duration
	err   error
	begun time.Time
	asked []time.Duration // when it was asked, since it gave the lease
	until time.Time       // when the lease ends
}

func (l *lender) Extend(ctx context.Context, _ store.Lease, ttl time.Duration) (store.Lease, error) {
	l.mu.Lock()
	l.asked = append(l.asked, time.Since(l.begun))
	delay := l.delay
	l.mu.Unlock()
	done := ctx.Done()
	if l.deaf {
		done = nil
	}
	select {
	case <-time.After(delay):
	case <-done:
		return store.Lease{}, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
		return store.Lease{}, l.err
	case !time.Now().Before(l.until):
		return store.Lease{}, store.ErrFenced
	}
	l.until = time.Now().Add(ttl)
	return store.Lease{}, nil
}

func (l *lender) slow(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

func (l *lender) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// holds reports whether the lease has not ended by the store's clock.
func (l *lender) holds() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until)
}

func (l *lender) end() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

func (l *lender) endAt(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = t
}

func (l *lender) times() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Duration(nil), l.asked...)
}

// keep has a lease kept that l gives now. The context ends when it is lost.
func keep(t *testing.T, l *lender) (context.Context, *Keeper) {
	ctx, lose := context.WithCancelCause(t.Context())
	now := time.Now()
	l.begun, l.until = now, now.Add(ttl)
	k := Keep(t.Context(), Config{
		Store: l, Lease: store.Lease{Ref: "r"}, TTL: ttl, Asked: now, Log: slog.New(slog.DiscardHandler), Lost: lose,
	})
	return ctx, k
}

func TestALeaseIsRenewedInTimeUntilStop(t *testing.T) {
	for name, delay := range map[string]time.Duration{"quick store": 0, "slow store": 9 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lender{delay: delay}
				ctx, k := keep(t, l)
				for range 60 { // an hour
					time.Sleep(time.Minute)
					if ctx.Err() != nil || !k.Valid() || !l.holds() {
						t.Fatalf("after %v: valid %t, lost %v", time.Since(l.begun), k.Valid(), context.Cause(ctx))
					}
				}
				if err := k.Stop(); err != nil {
					t.Errorf("stopped with %v, want nil", err)
				}
				n := len(l.times())
				if want := int(time.Hour / (ttl / 3)); n < want-1 || n > want {
					t.Errorf("renewed %d times in an hour, want %d", n, want)
				}
				time.Sleep(time.Hour)
				if more := len(l.times()) - n; more != 0 {
					t.Errorf("renewed %d times after Stop", more)
				}
			})
		})
	}
}

// The work is told to stop while the lease still holds, whatever keeps the
// store from answering.
func TestTheWorkEndsBeforeTheLeaseCanHaveEnded(t *testing.T) {
	for name, l := range map[string]*lender{
		"down":               {err: errDown},
		"slow":               {delay: time.Hour},
		"slow and deaf":      {delay: time.Hour, deaf: true},
		"slow and then down": {delay: 4 * time.Second, err: errDown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, k := keep(t, l)
				<-ctx.Done()
				took := time.Since(l.begun)
				if want := 25 * time.Second; took != want || !k.Valid() || !l.holds() {
					t.Errorf("lost after %v, the lease valid: %t, want %v and a lease that holds", took, k.Valid(), want)
				}
				if err := context.Cause(ctx); !errors.Is(err, errLapsed) || l.err != nil && !errors.Is(err, l.err) {
					t.Errorf("lost by %v, want %v and the store's words", err, errLapsed)
				}
				time.Sleep(Margin(ttl))
				if k.Valid() {
					t.Error("valid after its time")
				}
				n := len(l.times())
				time.Sleep(time.Hour)
				if more := len(l.times()) - n; more != 0 {
					t.Errorf("asked %d times after it was lost", more)
				}
				if err := k.Stop(); !errors.Is(err, errLapsed) {
					t.Errorf("stopped with %v, want %v", err, errLapsed)
				}
			})
		})
	}
}

func TestAStoreThatIsBackInTimeLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{err: errDown}
		ctx, k := keep(t, l)
		time.Sleep(22 * time.Second) // renewals failed
		l.fail(nil)
		time.Sleep(time.Hour)
		if ctx.Err() != nil || !k.Valid() {
			t.Errorf("lost by %v after %v", context.Cause(ctx), l.times())
		}
		if err := k.Stop(); err != nil {
			t.Errorf("stopped with %v, want nil", err)
		}
	})
}

func TestALeaseOfAnotherIsLostAtOnce(t *testing.T) {
	for _, cause := range []error{store.ErrFenced, store.ErrNotFound, store.ErrClosed} {
		t.Run(cause.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &lender{err: cause}
				ctx, k := keep(t, l)
				<-ctx.Done()
				if took := time.Since(l.begun); took != ttl/3 || !errors.Is(context.Cause(ctx), cause) {
					t.Errorf("lost after %v by %v, want %v after %v", took, context.Cause(ctx), cause, ttl/3)
				}
				time.Sleep(time.Hour)
				if n := len(l.times()); n != 1 {
					t.Errorf("asked %d times for a lease that is gone, want 1", n)
				}
				if err := k.Stop(); !errors.Is(err, cause) {
					t.Errorf("stopped with %v, want %v", err, cause)
				}
			})
		})
	}
}

// The clock of the store jumps ahead: the lease is over for everybody else.
func TestALeaseThatAClockEndsIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{}
		ctx, k := keep(t, l)
		defer k.Stop()
		l.endAt(time.Now().Add(-time.Hour))
		<-ctx.Done()
		if took := time.Since(l.begun); took != ttl/3 || !errors.Is(context.Cause(ctx), store.ErrFenced) {
			t.Errorf("lost after %v by %v, want %v at the first renewal", took, context.Cause(ctx), store.ErrFenced)
		}
	})
}

// One of our clocks stands still while the machine sleeps, the other one may
// be set: the lease is valid only if both say so.
func TestALeaseIsValidByBothClocks(t *testing.T) {
	for _, tt := range []struct {
		name            string
		monotonic, wall time.Duration
		want            bool
	}{
		{"in time", ttl - 1, ttl - 1, true},
		{"over", ttl, ttl, false},
		{"the wall clock was set ahead, or the machine slept", time.Second, ttl, false},
		{"the wall clock was set back, in time", ttl - 1, -time.Hour, true},
		{"the wall clock was set back, over", ttl, -time.Hour, false},
	} {
		if got := valid(tt.monotonic, tt.wall, ttl); got != tt.want {
			t.Errorf("%s: valid %t, want %t", tt.name, got, tt.want)
		}
	}
}

// A lease lasts from when the store was asked for it, and not from when it
// answered.
func TestALeaseCountsFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{delay: 9 * time.Second}
		ctx, k := keep(t, l)
		defer k.Stop()
		time.Sleep(ttl/3 + l.delay + time.Second) // renewed: asked at 10 s, answered at 19 s
		l.fail(errDown)
		<-ctx.Done()
		if took, want := time.Since(l.begun), 35*time.Second; took != want {
			t.Errorf("lost after %v, want %v", took, want)
		}
	})
}

// A process that stood still since it asked must not begin.
func TestALeaseThatIsNearlyOverAsItBeginsIsLostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for since, want := range map[time.Duration]bool{ttl - Margin(ttl) - time.Second: false, ttl - Margin(ttl): true, time.Hour: true} {
			var lost error
			k := Keep(t.Context(), Config{
				Store: &lender{}, Lease: store.Lease{Ref: "r"}, TTL: ttl, Asked: time.Now().Add(-since), Log: slog.New(slog.DiscardHandler),
				Lost: func(err error) { lost = err },
			})
			if got := lost != nil; got != want {
				t.Errorf("%v after it was asked for it is lost: %v, want %v", since, got, want)
			}
			if got := k.Stop() != nil; got != want {
				t.Errorf("%v after it was asked for Stop says that it is lost: %v, want %v", since, got, want)
			}
		}
	})
}

// What is told to stop must be free for others when the time is over.
func TestALostLeaseIsNotProlonged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{err: errDown}
		ctx, k := keep(t, l)
		defer k.Stop()
		time.Sleep(22 * time.Second)
		l.fail(nil)
		l.slow(4 * time.Second) // from 22.5 s to 26.5 s, beyond the loss
		<-ctx.Done()
		time.Sleep(time.Minute)
		if end := l.end().Sub(l.begun); end != ttl {
			t.Errorf("the lease ends after %v, want %v", end, ttl)
		}
	})
}

func TestWithoutLostRenewalsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		l := &lender{err: errDown, begun: now, until: now.Add(time.Hour)} // by the store's clock
		k := Keep(t.Context(), Config{Store: l, TTL: ttl, Asked: now, Log: slog.New(slog.DiscardHandler)})
		defer k.Stop()
		time.Sleep(time.Minute)
		if k.Valid() {
			t.Error("valid without a renewal")
		}
		l.fail(nil)
		time.Sleep(ttl / 12)
		if synctest.Wait(); !k.Valid() {
			t.Error("not renewed although the store is back")
		}
	})
}

func TestStopWaitsForAStoreThatDoesNotListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{delay: 5 * time.Second, deaf: true}
		_, k := keep(t, l)
		time.Sleep(ttl/3 + time.Second)
		begun := time.Now()
		if err := k.Stop(); err != nil || time.Since(begun) != 4*time.Second {
			t.Errorf("stopped with %v after %v, want nil when the store has answered, after 4s", err, time.Since(begun))
		}
	})
}

func TestRenewBringsALeaseBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{err: errDown, begun: time.Now()}
		k := Keep(t.Context(), Config{Store: l, TTL: ttl, Asked: time.Now(), Log: slog.New(slog.DiscardHandler)})
		defer k.Stop()
		time.Sleep(ttl)
		if err := k.Renew(t.Context()); k.Valid() || !errors.Is(err, errDown) {
			t.Errorf("got %v, valid %t, want %v", err, k.Valid(), errDown)
		}
		l.fail(nil)
		l.endAt(time.Now().Add(time.Second)) // by the store's clock it is not over
		if err := k.Renew(t.Context()); err != nil || !k.Valid() {
			t.Errorf("got %v, valid %t, want a valid lease", err, k.Valid())
		}
		time.Sleep(time.Minute)
		if !k.Valid() {
			t.Error("not renewed any more")
		}
	})
}

// The bubble proves that no goroutine is left, and that nobody is told.
func TestStopCancelsARenewalInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{delay: time.Hour}
		ctx, k := keep(t, l)
		time.Sleep(ttl/3 + time.Second)
		begun := time.Now()
		if err := k.Stop(); err != nil || time.Since(begun) != 0 {
			t.Errorf("stopped with %v after %v, want nil at once", err, time.Since(begun))
		}
		time.Sleep(time.Hour)
		if ctx.Err() != nil || len(l.times()) != 1 {
			t.Errorf("after Stop: lost by %v, asked %d times, want 1", context.Cause(ctx), len(l.times()))
		}
	})
}

func TestTheEndOfTheContextEndsTheRenewals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{begun: time.Now(), until: time.Now().Add(ttl)}
		ctx, cancel := context.WithCancel(t.Context())
		k := Keep(ctx, Config{Store: l, TTL: ttl, Asked: time.Now(), Log: slog.New(slog.DiscardHandler)})
		defer k.Stop()
		time.Sleep(time.Minute)
		n := len(l.times())
		cancel()
		time.Sleep(time.Hour)
		if len(l.times()) != n || k.Valid() {
			t.Errorf("%d renewals after the end, valid %t", len(l.times())-n, k.Valid())
		}
	})
}

func TestRenewalsRunWhereTheyAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lender{begun: time.Now(), until: time.Now().Add(ttl)}
		var ran atomic.Int32
		k := Keep(t.Context(), Config{Store: l, TTL: ttl, Asked: time.Now(), Log: slog.New(slog.DiscardHandler), Go: func(f func()) bool {
			if ran.Add(1) > 2 {
				return false
			}
			f()
			return true
		}})
		defer k.Stop()
		time.Sleep(time.Hour)
		if n := len(l.times()); n != 2 || ran.Load() != 3 {
			t.Errorf("%d renewals of %d that were to run, want 2 of 3", n, ran.Load())
		}
	})
}
