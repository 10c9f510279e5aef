package receiver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

// run runs rcv until the function that it returns is called, which returns
// what Run returned.
func run(t testing.TB, rcv *receiver.Receiver) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- rcv.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// deliver sends n different notifications and wants them to be stored.
func deliver(t testing.TB, h http.Handler, n int) {
	t.Helper()
	notices := make([]receivertest.Notice, n)
	for i := range notices {
		notices[i] = receivertest.Notice{ID: numbered(i), StatusCode: 201}
	}
	for _, s := range sender(h).Deliver(t.Context(), receivertest.Plan{}, notices...) {
		if !s.OK() {
			t.Fatalf("got %+v", s)
		}
	}
}

func sender(h http.Handler) receivertest.Sender {
	return receivertest.Sender{Handler: h, URL: "https://hooks.test" + path, Key: key}
}

func numbered(i int) string { return fmt.Sprintf("ffffffff-0000-4000-8000-%012d", i) }

// journal notes the runs of a handler.
type journal struct {
	mu   sync.Mutex // guards runs
	runs []receiver.Notification
}

// handler notes each run and then answers with f, or nil.
func (j *journal) handler(f func(context.Context, receiver.Notification) error) func(context.Context, receiver.Notification) error {
	return func(ctx context.Context, n receiver.Notification) error {
		j.mu.Lock()
		j.runs = append(j.runs, n)
		j.mu.Unlock()
		if f == nil {
			return nil
		}
		return f(ctx, n)
	}
}

func (j *journal) all() []receiver.Notification {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.runs)
}

// wantRuns waits in virtual time and then counts.
func (j *journal) wantRuns(t testing.TB, after time.Duration, want int) []receiver.Notification {
	t.Helper()
	time.Sleep(after)
	synctest.Wait()
	runs := j.all()
	if len(runs) != want {
		t.Fatalf("after %v: %d runs of the handler, want %d", after, len(runs), want)
	}
	return runs
}

// left counts the deliveries in a phase.
func left(t testing.TB, st store.Store, phase store.Phase) int {
	t.Helper()
	list, err := st.List(context.Background(), store.DeliveryTenant, store.Query{Phases: []store.Phase{phase}, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestANotificationIsHandedOverAtOnceAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		sending(t, st, ref)
		var j journal
		rcv.Handle(j.handler(nil))
		stop := run(t, rcv)
		synctest.Wait() // idle
		r := subscribed(body)
		r.Header.Set("x-vwd-notification-id", "n-1")
		begun := time.Now()
		for range 3 {
			wantStatus(t, serve(mounted(rcv), r.Clone(t.Context())), 200)
			r = subscribed(body)
		}
		n := j.wantRuns(t, 0, 1)[0]
		if time.Since(begun) != 0 {
			t.Errorf("it took %v", time.Since(begun))
		}
		if !n.Known || n.Tenant != "acme" || n.Ref != ref || n.ID != id || n.StatusCode != 201 || n.Attempt != 1 || n.NotificationID != "n-1" ||
			n.Mode != "subscription" || string(n.Body) != body || n.ReceivedAt.IsZero() || n.Delivery == "" || n.Header["x-vwd-notification-id"] != "n-1" {
			t.Errorf("got %+v", n)
		}
		j.wantRuns(t, 48*time.Hour, 1)
		if left(t, st, store.Delivery) != 0 || left(t, st, store.Dead) != 0 {
			t.Error("something is left")
		}
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestAFailingHandlerIsRetriedWithGrowingWaitsAndThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		var j journal
		var at []time.Time
		rcv.Handle(j.handler(func(context.Context, receiver.Notification) error {
			at = append(at, time.Now())
			return errors.New("database down")
		}))
		run(t, rcv)
		deliver(t, mounted(rcv), 1)
		runs := j.wantRuns(t, 12*time.Hour, 20)
		for i := 1; i < len(runs); i++ {
			limit := min(time.Second<<(i-1), time.Hour)
			if wait := at[i].Sub(at[i-1]); wait < limit/2 || wait > limit {
				t.Errorf("wait before run %d: %v, want between %v and %v", i+1, wait, limit/2, limit)
			}
			if runs[i].Attempt != i+1 || runs[i].Delivery != runs[0].Delivery {
				t.Errorf("run %d is %+v", i+1, runs[i])
			}
		}
		if left(t, st, store.Dead) != 1 || left(t, st, store.Delivery) != 0 {
			t.Error("it is not among the dead")
		}
	})
}

func TestWhatAHandlerReturnsDecides(t *testing.T) {
	tests := []struct {
		name       string
		f          func(context.Context, receiver.Notification) error
		runs, dead int
		logged     string
	}{
		{"nil", func(context.Context, receiver.Notification) error { return nil }, 1, 0, "notification acknowledged by its handler"},
		{"an error", func(context.Context, receiver.Notification) error { return errors.New("no") }, 3, 1, "notification dead-lettered"},
		{"Discard", func(context.Context, receiver.Notification) error { return receiver.Discard(errors.New("not ours")) }, 1, 1, `error="not ours"`},
		{"Discard, wrapped", func(context.Context, receiver.Notification) error {
			return fmt.Errorf("order: %w", receiver.Discard(errors.New("not ours")))
		}, 1, 1, `error="order: not ours"`},
		{"Discard of nothing", func(context.Context, receiver.Notification) error { return receiver.Discard(nil) }, 1, 1, "error=discarded"},
		{"a panic", func(context.Context, receiver.Notification) error { panic("a nil map") }, 3, 1, "run_test.go"},
		{"a panic of nil", func(context.Context, receiver.Notification) error { panic(nil) }, 3, 1, "panic called with nil"},
		{"the end of its goroutine", func(context.Context, receiver.Notification) error { runtime.Goexit(); return nil }, 3, 1, "ended its goroutine"},
		{"an error the second time", func(_ context.Context, n receiver.Notification) error {
			if n.Attempt < 2 {
				return errors.New("not yet")
			}
			return nil
		}, 2, 0, "will try again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logs buffer
				rcv, st := setup(t, func(c *receiver.Config) {
					c.MaxAttempts = 3
					c.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
				})
				var j journal
				rcv.Handle(j.handler(tt.f))
				stop := run(t, rcv)
				deliver(t, mounted(rcv), 1)
				j.wantRuns(t, time.Hour, tt.runs)
				if got := left(t, st, store.Dead); got != tt.dead || left(t, st, store.Delivery) != 0 {
					t.Errorf("%d are dead, want %d", got, tt.dead)
				}
				if err := stop(); err != nil {
					t.Errorf("Run: %v", err)
				}
				if out := logs.String(); !strings.Contains(out, tt.logged) || strings.Contains(out, "stateLocation") {
					t.Errorf("logged\n%s\nwant …%s… and no body", out, tt.logged)
				}
				for letter, err := range rcv.Dead(t.Context()) {
					if err != nil || strings.Contains(letter.Reason, "goroutine 1") || strings.Contains(letter.Reason, ".go:") {
						t.Errorf("the reason shows the stack: %q, %v", letter.Reason, err)
					}
				}
			})
		})
	}
}

func TestOnePoisonousNotificationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		var good atomic.Int32
		rcv.Handle(func(ctx context.Context, n receiver.Notification) error {
			if n.ID == numbered(0) {
				<-ctx.Done()
				return ctx.Err()
			}
			good.Add(1)
			return nil
		})
		deliver(t, mounted(rcv), 200)
		run(t, rcv)
		time.Sleep(time.Second)
		synctest.Wait()
		if good.Load() != 199 || left(t, st, store.Delivery) != 1 {
			t.Errorf("%d handled, %d left", good.Load(), left(t, st, store.Delivery))
		}
	})
}

func TestNoMoreThanWorkersRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t, func(c *receiver.Config) { c.Workers = 3 })
		var now, most atomic.Int32
		rcv.Handle(func(context.Context, receiver.Notification) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Minute)
			now.Add(-1)
			return nil
		})
		run(t, rcv)
		deliver(t, mounted(rcv), 30)
		begun := time.Now()
		for left(t, st, store.Delivery) > 0 {
			time.Sleep(10 * time.Second)
		}
		if most.Load() != 3 || time.Since(begun) > 11*time.Minute {
			t.Errorf("%d at a time, %v for ten rounds of a minute", most.Load(), time.Since(begun))
		}
	})
}

// A backlog that mostly waits for its next try must not hide what is due.
func TestWhatIsNewIsHandledBehindALargeBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		var j journal
		rcv.Handle(j.handler(func(_ context.Context, n receiver.Notification) error {
			if n.ID == id {
				return nil
			}
			return errors.New("down")
		}))
		run(t, rcv)
		deliver(t, mounted(rcv), 100)
		time.Sleep(20 * time.Minute)
		before := len(j.all())
		wantStatus(t, serve(mounted(rcv), signed(body)), 200)
		time.Sleep(3 * time.Second)
		found := false
		for _, n := range j.all()[before:] {
			found = found || n.ID == id
		}
		if !found || left(t, st, store.Delivery) != 100 {
			t.Errorf("found: %v, left: %d", found, left(t, st, store.Delivery))
		}
	})
}

func TestHandleRefusesWhatWouldLoseNotifications(t *testing.T) {
	mustPanic := func(name string, f func()) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", name)
			}
		}()
		f()
	}
	nothing := func(context.Context, receiver.Notification) error { return nil }
	rcv, _ := setup(t)
	mustPanic("nil", func() { rcv.Handle(nil) })
	rcv.Handle(nothing)
	mustPanic("twice", func() { rcv.Handle(nothing) })
	synctest.Test(t, func(t *testing.T) {
		rcv, _ := setup(t)
		stop := run(t, rcv)
		synctest.Wait()
		mustPanic("while Run runs", func() { rcv.Handle(nothing) })
		if err := rcv.Run(t.Context()); err == nil {
			t.Error("Run runs twice")
		}
		if err := stop(); err != nil {
			t.Errorf("Run without a handler: %v", err)
		}
	})
}

func TestWithoutAHandlerNothingIsKeptForOne(t *testing.T) {
	rcv, st := setup(t)
	deliver(t, mounted(rcv), 3)
	if got := left(t, st, store.Delivery); got != 0 {
		t.Errorf("%d deliveries", got)
	}
	rcv, st = setup(t, func(c *receiver.Config) { c.HandledElsewhere = true })
	deliver(t, mounted(rcv), 3)
	if got := left(t, st, store.Delivery); got != 3 {
		t.Errorf("%d deliveries for elsewhere, want 3", got)
	}
}

func TestAnUnparsedNotificationIsHandedOverAndAConflictIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		sending(t, st, ref)
		var j journal
		rcv.Handle(j.handler(nil))
		run(t, rcv)
		wantStatus(t, serve(mounted(rcv), subscribed("done!")), 200)
		if n := j.wantRuns(t, 0, 1)[0]; !n.Unparsed || string(n.Body) != "done!" || !n.Known {
			t.Errorf("got %+v", n)
		}
		if _, err := st.Report(t.Context(), "acme", ref, store.AcceptedFact{ID: id, Source: store.FromAnswer}); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, serve(mounted(rcv), post(path+"/"+capability(), `{"id":"`+numbered(1)+`"}`)), 200)
		j.wantRuns(t, time.Hour, 1)
	})
}
