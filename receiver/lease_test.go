package receiver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

var errDown = errors.New("the database is down")

// shared returns receivers on one store, as processes have them.
func shared(t testing.TB, st store.Store, n int) []*receiver.Receiver {
	var all []*receiver.Receiver
	for range n {
		rcv, _ := setup(t, func(c *receiver.Config) { c.Store, c.HandledElsewhere = st, true })
		all = append(all, rcv)
	}
	return all
}

func TestALongRunKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcvs := shared(t, store.NewMemory(store.MemoryConfig{}), 2)
		var j journal
		for _, rcv := range rcvs {
			rcv.Handle(j.handler(func(context.Context, receiver.Notification) error {
				time.Sleep(10 * time.Minute)
				return nil
			}))
			run(t, rcv)
		}
		deliver(t, mounted(rcvs[0]), 1)
		j.wantRuns(t, time.Hour, 1)
	})
}

func TestARunIsEndedWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t, func(c *receiver.Config) { c.HandlerTimeout, c.MaxAttempts = 2*time.Minute, 1 })
		var took time.Duration
		var cause error
		rcv.Handle(func(ctx context.Context, _ receiver.Notification) error {
			begun := time.Now()
			<-ctx.Done()
			took, cause = time.Since(begun), context.Cause(ctx)
			return ctx.Err()
		})
		run(t, rcv)
		deliver(t, mounted(rcv), 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		if took != 2*time.Minute || !errors.Is(cause, receiver.ErrHandlerTimeout) {
			t.Errorf("ended after %v by %v", took, cause)
		}
		for letter := range rcv.Dead(t.Context()) {
			if want := receiver.ErrHandlerTimeout.Error() + ": context deadline exceeded"; letter.Reason != want {
				t.Errorf("reason %q, want %q", letter.Reason, want)
			}
		}
		if left(t, st, store.Dead) != 1 {
			t.Error("it is not among the dead")
		}
	})
}

func TestALostLeaseEndsTheRunAndItsResultDoesNotCount(t *testing.T) {
	for name, fail := range map[string]error{
		"taken by another": store.ErrFenced,
		"store down":       errDown,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := faultstore.NewMemory()
				rcv := shared(t, st, 1)[0]
				var cause error
				var after time.Duration
				var j journal
				rcv.Handle(j.handler(func(ctx context.Context, n receiver.Notification) error {
					if n.Attempt > 1 {
						return nil
					}
					st.Fail("Extend", faultstore.Always, fail)
					begun := time.Now()
					<-ctx.Done()
					cause, after = context.Cause(ctx), time.Since(begun)
					st.Fail("Extend", 0, nil)
					return nil // too late
				}))
				run(t, rcv)
				deliver(t, mounted(rcv), 1)
				j.wantRuns(t, time.Hour, 2)
				if !errors.Is(cause, receiver.ErrLeaseLost) || after > time.Minute {
					t.Errorf("ended by %v after %v", cause, after)
				}
				if left(t, st, store.Delivery) != 0 {
					t.Error("the second run did not count")
				}
			})
		})
	}
}

// A process that stood still after it got its lease finds that this is over.
func TestARunIsNotBegunAfterItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		rcv := shared(t, st, 1)[0]
		var j journal
		rcv.Handle(j.handler(nil))
		st.Late("Acquire", 2*time.Minute)
		run(t, rcv)
		deliver(t, mounted(rcv), 1)
		j.wantRuns(t, 19*time.Minute, 0)
		st.Late("Acquire", 0)
		j.wantRuns(t, 10*time.Minute, 1)
		if left(t, st, store.Delivery) != 0 {
			t.Error("the run that was begun in time did not count")
		}
	})
}

// A process that was killed while it handled looks like this to the others:
// a lease that nobody extends.
func TestTheWorkOfADeadProcessIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		rcv := shared(t, st, 1)[0]
		deliver(t, mounted(rcv), 1)
		list, err := st.List(t.Context(), store.DeliveryTenant, store.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := st.Acquire(t.Context(), store.DeliveryTenant, list[0].Ref, "killed", store.ToRun, time.Minute); err != nil {
			t.Fatal(err)
		}
		var j journal
		rcv.Handle(j.handler(nil))
		run(t, rcv)
		j.wantRuns(t, 59*time.Second, 0)
		if n := j.wantRuns(t, 2*time.Second, 1)[0]; n.Attempt != 2 {
			t.Errorf("attempt %d, want 2: the first took its process with it", n.Attempt)
		}
	})
}

// One that takes every process down must not do so for ever.
func TestANotificationThatKillsIsGivenUpWithoutAnotherRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		rcv, _ := setup(t, func(c *receiver.Config) { c.Store, c.HandledElsewhere, c.MaxAttempts = st, true, 3 })
		deliver(t, mounted(rcv), 1)
		list, err := st.List(t.Context(), store.DeliveryTenant, store.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, _, err := st.Acquire(t.Context(), store.DeliveryTenant, list[0].Ref, "killed", store.ToRun, time.Minute); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
		}
		var j journal
		rcv.Handle(j.handler(nil))
		run(t, rcv)
		j.wantRuns(t, time.Hour, 0)
		for letter, err := range rcv.Dead(t.Context()) {
			if want := "the process ended during run 3 of the handler, or lost its lease"; err != nil || letter.Reason != want {
				t.Errorf("got %q, %v, want %q", letter.Reason, err, want)
			}
		}
		if left(t, st, store.Dead) != 1 {
			t.Error("it is not among the dead")
		}
	})
}

func TestManyProcessesHandleEachNotificationOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		var j journal
		for _, rcv := range shared(t, st, 3) {
			rcv.Handle(j.handler(func(context.Context, receiver.Notification) error {
				time.Sleep(100 * time.Millisecond)
				return nil
			}))
			run(t, rcv)
		}
		deliver(t, mounted(shared(t, st, 1)[0]), 300)
		runs := j.wantRuns(t, time.Minute, 300)
		seen := make(map[string]bool)
		for _, n := range runs {
			seen[n.ID] = true
		}
		if len(seen) != 300 || left(t, st, store.Delivery) != 0 {
			t.Errorf("%d handled, %d left", len(seen), left(t, st, store.Delivery))
		}
	})
}

func TestAStoreThatIsDownForTenMinutesOnlyDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		rcv := shared(t, st, 1)[0]
		var j journal
		rcv.Handle(j.handler(nil))
		down := func(now bool) {
			n := 0
			if now {
				n = faultstore.Always
			}
			st.Fail("List", n, errDown)
			st.Fail("Acquire", n, errDown)
		}
		down(true)
		run(t, rcv)
		deliver(t, mounted(rcv), 50)
		j.wantRuns(t, 10*time.Minute, 0)
		if asked := st.Calls("List"); asked > 60 {
			t.Errorf("asked %d times in ten minutes", asked)
		}
		down(false)
		j.wantRuns(t, 31*time.Second, 50)

		st.Fail("Acquire", faultstore.Always, errDown) // only this one
		deliver(t, mounted(rcv), 1)
		if _, err := st.Notify(t.Context(), store.Notification{ID: id, Deliver: true}); err != nil {
			t.Fatal(err)
		}
		j.wantRuns(t, 10*time.Minute, 50)
		st.Fail("Acquire", 0, nil)
		j.wantRuns(t, time.Minute, 51)
	})
}

func TestAnOutcomeThatCannotBeRecordedMeansAnotherRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		rcv := shared(t, st, 1)[0]
		var j journal
		rcv.Handle(j.handler(nil))
		st.Fail("Decide", faultstore.Always, errDown)
		run(t, rcv)
		deliver(t, mounted(rcv), 1)
		j.wantRuns(t, 30*time.Second, 1)
		st.Fail("Decide", 0, nil)
		j.wantRuns(t, 2*time.Minute, 2)
		if left(t, st, store.Delivery) != 0 {
			t.Error("it is still there")
		}
	})
}

func TestAClosedStoreEndsRun(t *testing.T) {
	for name, idle := range map[string]time.Duration{"before": 0, "while idle": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rcv, st := setup(t)
				rcv.Handle(func(context.Context, receiver.Notification) error { return nil })
				if idle == 0 {
					st.Close()
				} else {
					time.AfterFunc(idle, func() { st.Close() })
				}
				if err := rcv.Run(t.Context()); !errors.Is(err, store.ErrClosed) {
					t.Errorf("got %v, want store.ErrClosed", err)
				}
			})
		})
	}
}

// With nothing to do it asks about once a minute.
func TestIdleCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		rcv := shared(t, st, 1)[0]
		rcv.Handle(func(context.Context, receiver.Notification) error { return nil })
		run(t, rcv)
		time.Sleep(time.Hour)
		synctest.Wait()
		if asked := st.Calls("List"); asked > 62 {
			t.Errorf("asked %d times in an hour", asked)
		}
	})
}

// What a process wrote whose clock was ahead, before it was set right: a lease,
// or the time of the next try.
func TestAClockThatWasAheadHoldsNoNotificationUp(t *testing.T) {
	for _, ahead := range []time.Duration{3 * time.Hour, 48 * time.Hour} {
		for _, what := range []string{"lease", "due"} {
			t.Run(what+" "+ahead.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					future := time.Now().Add(ahead) // now, by the clock that was ahead
					memory := store.NewMemory(store.MemoryConfig{})
					var observed watcher
					rcv, _ := setup(t, func(c *receiver.Config) { c.Store, c.Observer = memory, &observed })
					var j journal
					rcv.Handle(j.handler(nil))
					deliver(t, mounted(rcv), 1)
					list, err := memory.List(t.Context(), store.DeliveryTenant, store.Query{})
					if err != nil {
						t.Fatal(err)
					}
					ttl := time.Minute
					if what == "lease" {
						ttl = ahead
					}
					lease, _, err := memory.Acquire(t.Context(), store.DeliveryTenant, list[0].Ref, "ended", store.ToRun, ttl)
					if err != nil {
						t.Fatal(err)
					}
					if what == "due" {
						if _, err := memory.Decide(t.Context(), lease, store.RetryDecision{Due: future}); err != nil {
							t.Fatal(err)
						}
					}
					run(t, rcv)
					j.wantRuns(t, 2*time.Hour+time.Minute, 1)
					if got := observed.count(receiver.HandlerAcknowledged); got != 1 {
						t.Errorf("got %d runs that were done, want 1", got)
					}
				})
			})
		}
	}
}
