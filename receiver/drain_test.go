package receiver_test

import (
	"context"
	"errors"
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
