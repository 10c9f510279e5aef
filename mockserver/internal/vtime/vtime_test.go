package vtime_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// open makes the clocks of company "1", which stand at day.
func open(t *testing.T, noted func(string, vtime.Move)) (*vtime.Clocks, *vtime.Pool) {
	t.Helper()
	pool := vtime.NewPool()
	clocks := vtime.New(vtime.Config{Setup: vtime.Setup{Start: day, Manual: true}, Standard: "1", MaxCompanies: 2, Noted: noted}, pool)
	t.Cleanup(func() {
		pool.Close()
		clocks.Close()
		pool.Wait()
	})
	return clocks, pool
}

var day = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// A log collects what happened.
type log struct {
	mu   sync.Mutex
	list []string
}

func (l *log) add(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, text)
}

func (l *log) wants(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.list, want) {
		t.Errorf("got  %q\nwant %q", l.list, want)
	}
}

func TestAStandingClockLetsOneThingHappenAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var happened log
		clocks, _ := open(t, func(company string, m vtime.Move) { happened.add(company + " " + m.Action) })
		c := clocks.Of("")
		g := c.Generation()
		sleeper := func(name string, d time.Duration) vtime.Func {
			return func(ctx context.Context, task *vtime.Task) {
				happened.add(name + " begins")
				_ = task.Sleep(ctx, d)
				happened.add(name + " ends at " + c.Now().Format(time.TimeOnly))
			}
		}
		g.After(2*time.Second, vtime.Label{Verb: "b"}, sleeper("b", time.Second))
		g.After(time.Second, vtime.Label{Verb: "a"}, sleeper("a", 2*time.Second))
		stop := g.After(time.Second, vtime.Label{Verb: "never"}, sleeper("never", 0))
		g.After(2*time.Second, vtime.Label{Verb: "c"}, sleeper("c", 0))
		stop()
		if err := c.Advance(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		happened.wants(t, "1 advance", "a begins", "b begins", "c begins", "c ends at 08:00:02", "a ends at 08:00:03", "b ends at 08:00:03")
		if got := c.Now(); !got.Equal(day.Add(10 * time.Second)) {
			t.Errorf("the clock shows %v", got)
		}
	})
}

// Between a signal and the task that waits for it nothing seems idle.
func TestASignalMakesBusyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var happened log
		clocks, _ := open(t, nil)
		c := clocks.Of("1")
		signal := c.NewSignal()
		waiting, err := c.Enter(t.Context(), vtime.Label{Verb: "request", Method: "GET", Path: "/x"})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Busy(); !slices.Equal(got, []string{"request GET /x"}) {
			t.Errorf("busy: %q", got)
		}
		go func() {
			defer waiting.End()
			if err := waiting.Wait(t.Context(), signal); err != nil {
				t.Error(err)
			}
			happened.add("told")
		}()
		synctest.Wait()
		if got := c.Busy(); len(got) != 0 {
			t.Errorf("busy: %q, want nothing", got)
		}
		c.Generation().After(time.Second, vtime.Label{Verb: "first"}, func(context.Context, *vtime.Task) {
			signal.Give()
			signal.Give() // which is nothing more
			happened.add("gave")
		})
		c.Generation().After(time.Second, vtime.Label{Verb: "second"}, func(context.Context, *vtime.Task) {
			happened.mu.Lock()
			defer happened.mu.Unlock()
			if len(happened.list) != 2 {
				t.Errorf("the second began with %q", happened.list)
			}
		})
		if err := c.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAResetBeginsAGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clocks, _ := open(t, nil)
		c := clocks.Of("1")
		old := c.Generation()
		var cause error
		old.After(time.Second, vtime.Label{Verb: "work"}, func(ctx context.Context, task *vtime.Task) {
			if err := clocks.Reset(task.With(ctx), "", new(sync.Mutex), nil); !errors.Is(err, vtime.ErrOwnCompany) {
				t.Errorf("a reset from within: %v", err)
			}
			<-ctx.Done()
			cause = context.Cause(ctx)
		})
		go func() { _ = c.Advance(t.Context(), time.Hour) }()
		synctest.Wait()
		var starting sync.Mutex
		err := clocks.Reset(t.Context(), "1", &starting, func(context.Context) error {
			if starting.TryLock() {
				t.Error("something may start while the company is wiped")
			}
			if !errors.Is(cause, vtime.ErrReset) {
				t.Errorf("wiped before the work was over, which ended with %v", cause)
			}
			if !old.IsVoid() || c.Generation() != old {
				t.Error("the generation is not void yet, or another one has begun")
			}
			return errors.New("wiped badly")
		})
		if err == nil || err.Error() != "reset company 1: wiped badly" {
			t.Errorf("got %v", err)
		}
		if c.Generation() == old || !old.IsOver() || c.Generation().IsOver() || !c.Now().Equal(day) {
			t.Errorf("the generation goes on, at %v", c.Now())
		}
		old.After(0, vtime.Label{Verb: "late"}, func(context.Context, *vtime.Task) { t.Error("a generation that is over has plans") })
		if err := c.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Reset does not wait longer than its context does, and names what is left.
func TestAResetNamesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clocks, _ := open(t, nil)
		task, err := clocks.Of("1").Enter(t.Context(), vtime.Label{Verb: "deaf", ID: "7"})
		if err != nil {
			t.Fatal(err)
		}
		defer task.End()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = clocks.Reset(ctx, "", new(sync.Mutex), func(context.Context) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), "still under way: deaf (operation 7)") {
			t.Errorf("got %v", err)
		}
	})
}

func TestCompaniesAreBounded(t *testing.T) {
	clocks, _ := open(t, nil)
	if clocks.Serving("2") == nil || clocks.Serving("3") != nil || clocks.Serving("1") != clocks.Serving("") {
		t.Error("want two companies, of which the first is the standard")
	}
	if clocks.Of("4") == nil {
		t.Error("what is asked for by name has a clock")
	}
}

func TestNothingIsLeftOfAPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool := vtime.NewPool()
		clocks := vtime.New(vtime.Config{Standard: "1"}, pool)
		c := clocks.Of("1")
		for range 100 {
			c.Generation().After(0, vtime.Label{Verb: "work"}, func(ctx context.Context, task *vtime.Task) {
				task.Generation().After(0, vtime.Label{Verb: "next"}, func(ctx context.Context, task *vtime.Task) { <-ctx.Done() })
			})
		}
		synctest.Wait()
		if got := len(c.Busy()); got != 100 {
			t.Errorf("%d under way, want 100", got)
		}
		pool.Close()
		clocks.Close()
		pool.Wait()
		pool.Spawn(func(context.Context) { t.Error("a closed pool runs something") })
		if err := c.Idle(t.Context()); !errors.Is(err, vtime.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// What a handler left behind may wait for the company: nobody waits for it.
func TestATaskThatHasEndedIsNotWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clocks, _ := open(t, nil)
		c := clocks.Of("1")
		task, err := c.Enter(t.Context(), vtime.Label{Verb: "request"})
		if err != nil {
			t.Fatal(err)
		}
		ctx := task.With(t.Context())
		if err := c.Advance(ctx, time.Second); !errors.Is(err, vtime.ErrOwnCompany) {
			t.Errorf("before its end: %v", err)
		}
		task.End()
		task.End() // as often as somebody likes
		if err := c.Advance(ctx, time.Second); err != nil || !c.Now().Equal(day.Add(time.Second)) {
			t.Errorf("after its end: %v, at %v", err, c.Now())
		}
	})
}
