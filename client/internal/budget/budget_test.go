package budget_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/store"
)

// bubble runs a test in virtual time; its budgets are closed in there.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// refuses checks that no call is granted now.
func refuses(t *testing.T, b *budget.Budget, c budget.Class, why string) {
	t.Helper()
	synctest.Wait()
	if ok, _ := b.TryTake(c); ok {
		t.Errorf("%s: a call of class %v was granted, want that it waits", why, c)
		b.Return(c)
	}
}

func TestTurnsComeByUrgencyThenInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		must(t, b, budget.Submit)
		b.Answered(budget.Submit, 429, http.Header{"Retry-After": {"60"}})
		var mu sync.Mutex // guards got
		var got []string
		var wg sync.WaitGroup
		for i, c := range []budget.Class{budget.Submit, budget.Poll, budget.Submit, budget.Content, budget.Verification, budget.Overdue, budget.Notified, budget.Content} {
			wg.Go(func() {
				if err := b.Take(t.Context(), c); err != nil {
					t.Error(err)
				}
				mu.Lock()
				got = append(got, fmt.Sprintf("%v %d", c, i))
				mu.Unlock()
				time.Sleep(time.Second)
				b.Answered(c, 200, nil)
			})
			synctest.Wait()
		}
		if w := b.State().Waiting; w[budget.Content] != 2 || w.Total() != 8 {
			t.Errorf("waiting: %v, want 8, 2 of them for content", w)
		}
		wg.Wait()
		// The second step of the ramp begins with three calls at once.
		want := []string{"content 3", "content 7", "notified 6", "overdue 5", "verification 4", "poll 1", "submit 0", "submit 2"}
		slices.Sort(got[1:3])
		slices.Sort(want[1:3])
		slices.Sort(got[3:])
		slices.Sort(want[3:])
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAskedPauses(t *testing.T) {
	date := func(d time.Duration) http.Header {
		now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		return http.Header{"Date": {now.Add(time.Hour).Format(http.TimeFormat)}, "Retry-After": {now.Add(time.Hour + d).Format(http.TimeFormat)}}
	}
	for name, tt := range map[string]struct {
		status int
		header http.Header
		want   time.Duration
	}{
		"429 in seconds":             {429, http.Header{"Retry-After": {"90"}}, 90 * time.Second},
		"429 by the answer's clock":  {429, date(2 * time.Minute), 2 * time.Minute},
		"429 for a year":             {429, http.Header{"Retry-After": {"31536000"}}, time.Hour},
		"429 that tells the window":  {429, limits(500, 0, 1200), 20 * time.Minute},
		"429 that tells nothing":     {429, nil, time.Minute},
		"429 that tells garbage":     {429, http.Header{"Retry-After": {"NaN"}, "X-Ratelimit-Reset": {"-5"}}, time.Minute},
		"503 in seconds":             {503, http.Header{"Retry-After": {"30"}}, 30 * time.Second},
		"503 that tells nothing":     {503, nil, 0},
		"200 that names a time":      {200, http.Header{"Retry-After": {"30"}}, 0},
		"200 without anything":       {200, nil, 0},
		"500 that names a time also": {500, http.Header{"Retry-After": {"30"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBudget(t, config(t, nil, "a"))
				must(t, b, budget.Poll)
				b.Answered(budget.Poll, tt.status, tt.header)
				begun := time.Now()
				if paused := b.State().PausedUntil; tt.want > 0 && !paused.Equal(begun.Add(tt.want)) || tt.want == 0 && !paused.IsZero() {
					t.Errorf("paused until %v, want %v from %v", paused, tt.want, begun)
				}
				must(t, b, budget.Content)
				if took := time.Since(begun); took < tt.want || took > tt.want+5*time.Second {
					t.Errorf("the next call was granted after %v, want %v", took, tt.want)
				}
			})
		})
	}
}

// TestPausesThatNobodyTellsTheEndOf grow, as long as the first call after them is
// refused as well.
func TestPausesThatNobodyTellsTheEndOf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		for _, want := range []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60} {
			begun := time.Now()
			must(t, b, budget.Poll)
			if took := time.Since(begun); took != want*time.Minute {
				t.Errorf("granted after %v, want %v", took, want*time.Minute)
			}
			b.Answered(budget.Poll, 429, nil)
		}
		must(t, b, budget.Poll)
		b.Answered(budget.Poll, 200, nil)
		must(t, b, budget.Poll)
		begun := time.Now()
		b.Answered(budget.Poll, 429, nil)
		if must(t, b, budget.Poll); time.Since(begun) != time.Minute {
			t.Errorf("after an answer a pause is of %v, want 1m", time.Since(begun))
		}
	})
}

// TestOneCallFindsOutThatAPauseIsOver: all others wait for its answer.
func TestOneCallFindsOutThatAPauseIsOver(t *testing.T) {
	for _, replicas := range []int{1, 3} {
		bubble(t, func(t *testing.T) {
			var st store.Store
			if replicas > 1 {
				st = memory(t)
			}
			s := &server{limit: 100, window: time.Hour, policy: "p"}
			var wg sync.WaitGroup
			first := true
			for r := range replicas {
				b := newBudget(t, config(t, st, strconv.Itoa(r)))
				for range 100 {
					wg.Go(func() {
						for range 2 {
							if _, err := do(t.Context(), b, s, budget.Content, time.Second); err != nil {
								t.Error(err)
							}
						}
					})
				}
				if first { // the others find the limit in the store
					first = false
					time.Sleep(2 * time.Second)
				}
			}
			time.Sleep(time.Hour - 2*time.Second)
			before := s.made()
			time.Sleep(3 * time.Second)
			if n := s.made() - before; n > 2 {
				t.Errorf("%d replicas: %d calls as the window began, want one first", replicas, n)
			}
			wg.Wait()
			if len(s.refused) > 0 {
				t.Errorf("%d replicas: %d calls were refused, want none", replicas, len(s.refused))
			}
		})
	}
}

func TestAPauseHoldsForAllReplicasAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		a, b := newBudget(t, config(t, st, "a")), newBudget(t, config(t, st, "b"))
		other := config(t, st, "c")
		other.Application = "another"
		c := newBudget(t, other)
		for _, each := range []*budget.Budget{a, b, c} {
			must(t, each, budget.Poll)
			each.Answered(budget.Poll, 200, nil)
		}
		must(t, a, budget.Poll)
		a.Answered(budget.Poll, 429, http.Header{"Retry-After": {"600"}})
		refuses(t, a, budget.Content, "the replica that was refused")
		refuses(t, b, budget.Content, "another replica")
		late := newBudget(t, config(t, st, "late"))
		refuses(t, late, budget.Content, "a replica that starts later")
		if ok, _ := c.TryTake(budget.Content); !ok {
			t.Error("a budget of another application was refused, want that it is not concerned")
		}
		begun := time.Now()
		must(t, b, budget.Content)
		if took := time.Since(begun); took < 10*time.Minute || took > 10*time.Minute+time.Second {
			t.Errorf("the other replica went on after %v, want 10m", took)
		}
		refuses(t, a, budget.Content, "while another one makes the first call")
		b.Answered(budget.Content, 200, nil)
		must(t, a, budget.Content)
		if took := time.Since(begun); took > 10*time.Minute+time.Second {
			t.Errorf("all went on after %v, want 10m", took)
		}
	})
}

func TestReserves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		must(t, b, budget.Poll)
		b.Answered(budget.Poll, 200, limits(1000, 500, 3600))
		used := map[budget.Class]int{}
		for _, c := range []budget.Class{budget.Poll, budget.Verification, budget.Submit, budget.Notified} {
			for {
				ok, again := b.TryTake(c)
				if !ok {
					want := time.Hour
					if c == budget.Poll || c == budget.Verification { // then their floor comes down
						want /= 2
					}
					if wait := time.Until(again); wait < want || wait > want+5*time.Second {
						t.Errorf("%v: to be asked again after %v, want %v", c, wait, want)
					}
					break
				}
				b.Answered(c, 200, nil)
				used[c]++
			}
		}
		want := map[budget.Class]int{budget.Poll: 380, budget.Submit: 100, budget.Notified: 20}
		if fmt.Sprint(used) != fmt.Sprint(want) {
			t.Errorf("of 500 calls that were left of 1000, were used: %v, want %v", used, want)
		}
	})
}

// TestTheReserveEndsWithItsWindow: late in a window polls may have what submits will
// not need.
func TestTheReserveEndsWithItsWindow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		must(t, b, budget.Poll)
		b.Answered(budget.Poll, 200, limits(1000, 100, 3600))
		ok, again := b.TryTake(budget.Poll)
		if wait := time.Until(again); ok || wait < 30*time.Minute || wait > 45*time.Minute {
			t.Fatalf("granted %v, again after %v; want that it waits for half an hour and a little", ok, wait)
		}
		time.Sleep(time.Until(again) - time.Second)
		refuses(t, b, budget.Poll, "before it was to be asked again")
		time.Sleep(2 * time.Second)
		if ok, _ := b.TryTake(budget.Poll); !ok {
			t.Error("refused when it was to be asked again, want that it is granted")
		}
	})
}

func TestOnChange(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBudget(t, config(t, memory(t), "a"))
		woken := make(chan time.Time, 100)
		b.OnChange(func() { woken <- time.Now() })
		begun := time.Now()
		if ok, _ := b.TryTake(budget.Poll); ok {
			t.Error("granted before the store was asked, want that it is refused")
		}
		<-woken
		if ok, _ := b.TryTake(budget.Poll); !ok {
			t.Error("refused after OnChange, want that it is granted")
		}
		b.Answered(budget.Poll, 429, http.Header{"Retry-After": {"60"}})
		if ok, again := b.TryTake(budget.Poll); ok || !again.Equal(begun.Add(time.Minute)) {
			t.Errorf("granted %v, again at %v; want that it is refused until %v", ok, again, begun.Add(time.Minute))
		}
		if at := <-woken; at.Sub(begun) != time.Minute {
			t.Errorf("woken after %v, want 1m", at.Sub(begun))
		}
	})
}

func TestWaitsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		life, end := context.WithCancelCause(t.Context())
		cfg := config(t, nil, "a")
		cfg.Life = life
		b := newBudget(t, cfg)
		must(t, b, budget.Poll)
		b.Answered(budget.Poll, 429, http.Header{"Retry-After": {"600"}})
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begun := time.Now()
		err := b.Take(short, budget.Submit)
		if outlast, ok := errors.AsType[*budget.OutlastError](err); !ok || outlast.Class != budget.Submit || outlast.Until.Sub(begun) != 10*time.Minute || time.Since(begun) > 0 {
			t.Errorf("a context that ends too early: got %v after %v, want an OutlastError at once", err, time.Since(begun))
		}
		cancelled, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		if err := b.Take(cancelled, budget.Submit); err != context.Canceled {
			t.Errorf("a context that is cancelled: got %v", err)
		}
		over := errors.New("over")
		time.AfterFunc(time.Second, func() { end(over) })
		if err := b.Take(t.Context(), budget.Submit); err != over {
			t.Errorf("the end of Life: got %v, want %v", err, over)
		}
		b.Close()
		b.Close()
		if err := b.Take(t.Context(), budget.Submit); err != budget.ErrClosed {
			t.Errorf("after Close: got %v, want ErrClosed", err)
		}
		if w := b.State().Waiting.Total(); w != 0 {
			t.Errorf("%d wait after Close, want none", w)
		}
	})
}

func TestManyWaiters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const waiters = 10_000
		b := newBudget(t, config(t, memory(t), "a"))
		s := &server{limit: 4000, window: time.Hour, policy: "p"}
		var wg sync.WaitGroup
		gone := 0
		var mu sync.Mutex // guards gone
		for i := range waiters {
			wg.Go(func() {
				ctx := t.Context()
				if i%2 == 1 { // half of them give up some day
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(time.Duration(i)*time.Second, cancel)
				}
				if _, err := do(ctx, b, s, budget.Class(i%6), 100*time.Millisecond); err != nil {
					mu.Lock()
					gone++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if s.calls+gone != waiters || len(s.refused) > 0 {
			t.Errorf("%d calls were made, %d gave up and %d were refused, want %d in all and none refused", s.calls, gone, len(s.refused), waiters)
		}
		if st := b.State(); st.InFlight != 0 || st.Waiting.Total() != 0 || st.Calls.Total() != s.calls {
			t.Errorf("afterwards: %+v, want nothing under way and %d calls", st, s.calls)
		}
	})
}

// TestSlicesDoNotGrow has a replica that calls now and then, for longer than a slice
// lasts: it leases what it needs and no more, so that another one has the rest.
func TestSlicesDoNotGrow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		st := memory(t)
		s := &server{limit: 1000, window: time.Hour}
		call := func(b *budget.Budget, c budget.Class) {
			t.Helper()
			if _, err := do(t.Context(), b, s, c, 10*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		b := newBudget(t, config(t, st, "one"))
		for range 72 {
			call(b, budget.Poll)
			time.Sleep(25 * time.Second)
		}
		other := newBudget(t, config(t, st, "another"))
		began := time.Now()
		for range 1000 - 72 - 20 {
			call(other, budget.Content)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("908 calls of 10 ms took %v: another replica holds more than a slice of 20", took)
		}
	})
}
