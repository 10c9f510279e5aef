package receiver_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

func TestAShutdownLetsHandlersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		var ended atomic.Int32
		rcv.Handle(func(ctx context.Context, _ receiver.Notification) error {
			time.Sleep(20 * time.Second)
			if ctx.Err() == nil {
				ended.Add(1)
			}
			return nil
		})
		stop := run(t, rcv)
		deliver(t, mounted(rcv), 5) // one more than there are workers
		time.Sleep(time.Second)
		begun := time.Now()
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(begun); took != 19*time.Second || ended.Load() != 4 {
			t.Errorf("drained after %v, %d handlers ended", took, ended.Load())
		}
		if got := left(t, st, store.Delivery); got != 1 {
			t.Errorf("%d left, want the one that was not begun", got)
		}
	})
}

func TestADrainThatTakesTooLongIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t, func(c *receiver.Config) { c.DrainTimeout = 10 * time.Second })
		var cause error
		rcv.Handle(func(ctx context.Context, _ receiver.Notification) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		})
		stop := run(t, rcv)
		deliver(t, mounted(rcv), 1)
		time.Sleep(time.Second)
		begun := time.Now()
		if err := stop(); !errors.Is(err, receiver.ErrDrainTimeout) {
			t.Errorf("Run: %v, want ErrDrainTimeout", err)
		}
		if time.Since(begun) != 10*time.Second || !errors.Is(cause, receiver.ErrDrainTimeout) {
			t.Errorf("cut off after %v by %v", time.Since(begun), cause)
		}
		list, err := st.List(t.Context(), store.DeliveryTenant, store.Query{DueBy: time.Now()})
		if err != nil || len(list) != 1 || list[0].Lease.Owner != "" {
			t.Errorf("another process cannot go on at once: %+v, %v", list, err)
		}
	})
}

// A restart of the process, with a store that survives it.
func TestARestartGoesOnWhereItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		var j journal
		for life := range 4 {
			rcv := shared(t, st, 1)[0]
			rcv.Handle(j.handler(func(context.Context, receiver.Notification) error {
				if life < 3 {
					return errors.New("not in this life")
				}
				return nil
			}))
			if life == 0 {
				deliver(t, mounted(rcv), 1)
			}
			stop := run(t, rcv)
			runs := j.wantRuns(t, 100*time.Millisecond, life+1)
			if got := runs[len(runs)-1].Attempt; got != life+1 {
				t.Errorf("attempt %d in life %d", got, life+1)
			}
			if err := stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
			time.Sleep(time.Duration(1+life) * time.Hour)
		}
		if left(t, st, store.Delivery) != 0 {
			t.Error("it is still there")
		}
	})
}

func TestRunCanBeCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, _ := setup(t)
		var j journal
		rcv.Handle(j.handler(nil))
		for i := range 3 {
			stop := run(t, rcv)
			deliver(t, mounted(rcv), i+1) // the first i are duplicates
			j.wantRuns(t, time.Second, i+1)
			if err := stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	})
}

// The context of a run carries what Run's context carries.
func TestAHandlerSeesTheValuesOfRunsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, _ := setup(t)
		type name struct{}
		got := make(chan any, 1)
		rcv.Handle(func(ctx context.Context, _ receiver.Notification) error {
			got <- ctx.Value(name{})
			return nil
		})
		deliver(t, mounted(rcv), 1)
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), name{}, "app"))
		time.AfterFunc(time.Second, cancel)
		if err := rcv.Run(ctx); err != nil {
			t.Error(err)
		}
		if v := <-got; v != "app" {
			t.Errorf("got %v", v)
		}
	})
}

// A run that a deploy cut off is not counted: no number of deploys makes a
// dead letter, and none resets what failed by itself.
func TestInterruptedRunsAreNotCounted(t *testing.T) {
	for name, hide := range map[string]bool{"in one write": false, "behind a wrapper": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				memory := store.NewMemory(store.MemoryConfig{})
				var st store.Store = memory
				if hide {
					st = struct{ store.Store }{memory}
				}
				var observed watcher
				change := func(c *receiver.Config) {
					c.Store, c.MaxAttempts, c.DrainTimeout, c.Observer = st, 2, time.Second, &observed
				}
				var j journal
				fails := true
				life := func() func() error {
					rcv, _ := setup(t, change)
					rcv.Handle(j.handler(func(ctx context.Context, _ receiver.Notification) error {
						if fails {
							return errors.New("by itself")
						}
						<-ctx.Done()
						return ctx.Err()
					}))
					deliver(t, mounted(rcv), 1)
					return run(t, rcv)
				}
				stop := life()
				j.wantRuns(t, 100*time.Millisecond, 1)
				_ = stop()
				fails = false
				time.Sleep(time.Minute)
				for n := range 5 {
					stop := life()
					if runs := j.wantRuns(t, 100*time.Millisecond, n+2); runs[n+1].Attempt != 2 {
						t.Errorf("life %d: got attempt %d, want 2", n, runs[n+1].Attempt)
					}
					if err := stop(); !errors.Is(err, receiver.ErrDrainTimeout) {
						t.Errorf("Run: got %v, want ErrDrainTimeout", err)
					}
				}
				if got := observed.count(receiver.HandlerInterrupted); got != 5 || left(t, st, store.Dead) != 0 {
					t.Errorf("got %d interrupted runs and %d dead, want 5 and none", got, left(t, st, store.Dead))
				}
				fails = true
				stop = life()
				j.wantRuns(t, 100*time.Millisecond, 7)
				_ = stop()
				if left(t, st, store.Dead) != 1 {
					t.Error("the second failure of its own has not made a dead letter of it")
				}
			})
		})
	}
}

// watcher is an observer that counts runs by their outcome, and may fail.
type watcher struct {
	mu       sync.Mutex // guards outcomes
	outcomes map[receiver.HandlerOutcome]int
	received func()
	handled  func()
}

func (w *watcher) Received(context.Context, receiver.Received) {
	if w.received != nil {
		w.received()
	}
}

func (w *watcher) Handled(_ context.Context, h receiver.Handled) {
	w.mu.Lock()
	if w.outcomes == nil {
		w.outcomes = make(map[receiver.HandlerOutcome]int)
	}
	w.outcomes[h.Outcome]++
	w.mu.Unlock()
	if w.handled != nil {
		w.handled()
	}
}

func (w *watcher) count(o receiver.HandlerOutcome) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outcomes[o]
}

// Neither a panic of an observer nor the end of the goroutine that calls it
// costs a worker, or a notification.
func TestAnObserverThatFailsCostsNoWorker(t *testing.T) {
	for name, fail := range map[string]func(){"a panic": func() { panic("oh") }, "the end of its goroutine": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &watcher{handled: fail}
				if name == "a panic" {
					w.received = fail
				}
				rcv, st := setup(t, func(c *receiver.Config) { c.Workers, c.Observer = 1, w })
				var j journal
				rcv.Handle(j.handler(nil))
				stop := run(t, rcv)
				deliver(t, mounted(rcv), 5)
				j.wantRuns(t, time.Minute, 5)
				if err := stop(); err != nil || left(t, st, store.Delivery) != 0 {
					t.Errorf("got %v and %d left, want none", err, left(t, st, store.Delivery))
				}
			})
		})
	}
}
