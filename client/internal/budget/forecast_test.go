package budget_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
)

// TestForecastIsWhatHappens compares the delay that is predicted with the time that
// polls have to wait, for more and more of them.
func TestForecastIsWhatHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{limit: 100, window: time.Hour}
		b := newBudget(t, config(t, nil, "a"))
		if d := b.Delay(1000); d != 0 || b.Load(1000).Over() {
			t.Errorf("without a limit a poll waits for %v and the load is %+v, want 0 and that it is carried", d, b.Load(1000))
		}
		callOnce(t, b, budget.Poll, s)
		began := time.Now()
		for n := range 250 {
			predicted, at := b.Delay(0), time.Now()
			callOnce(t, b, budget.Poll, s)
			took := time.Since(at)
			if (predicted - took).Abs() > 61*time.Second {
				t.Errorf("poll %d, %v after the first: predicted to wait for %v, waited for %v", n, at.Sub(began), predicted, took)
			}
		}
	})
}

func TestForecastOfAQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{limit: 100, window: time.Hour}
		b := newBudget(t, config(t, nil, "a"))
		callOnce(t, b, budget.Poll, s)
		for _, tt := range []struct {
			n        int
			from, to time.Duration
		}{
			{0, 0, 0},
			{80, 0, 0}, // 99 are left, of which 10 are kept for submits and 2 for what has ended
			{95, time.Hour, 61 * time.Minute},
			{180, 2 * time.Hour, 121 * time.Minute},
			{10_000, 100 * time.Hour, 130 * time.Hour},
		} {
			if got := b.Delay(tt.n); got < tt.from || got > tt.to {
				t.Errorf("behind %d others a poll waits for %v, want between %v and %v", tt.n, got, tt.from, tt.to)
			}
		}
	})
}

func TestLoadCountsAPollAndTheContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{limit: 100, window: time.Hour}
		b := newBudget(t, config(t, nil, "a"))
		callOnce(t, b, budget.Submit, s)
		for pending, over := range map[int]bool{0: false, 49: false, 50: true} {
			l := b.Load(pending)
			if l.Over() != over || l.Needed != 2*pending || l.Left != 99 || l.Limit != 100 || time.Until(l.Reset).Round(time.Minute) != time.Hour {
				t.Errorf("with %d pending %+v, want that %d calls are needed of 99", pending, l, 2*pending)
			}
		}
		time.Sleep(2 * time.Hour)
		if l := b.Load(50); l.Limit != 0 || l.Over() {
			t.Errorf("after the window %+v, want that none is known", l)
		}
	})
}

func TestForecastObeysAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(t, config(t, nil, "a"))
		if err := b.Take(t.Context(), budget.Poll); err != nil {
			t.Fatal(err)
		}
		b.Answered(budget.Poll, 429, map[string][]string{"Retry-After": {"90"}})
		if got := b.Delay(0).Round(time.Second); got != 90*time.Second {
			t.Errorf("a poll waits for %v, want 90 s", got)
		}
	})
}

// TestChargeCountsAndNeverWaits has calls that are parts of others, for more than there
// is.
func TestChargeCountsAndNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, shared := range map[string]bool{"alone": false, "with replicas": true} {
			s := &server{limit: 10, window: time.Hour}
			cfg := config(t, nil, "a")
			if shared {
				cfg.Store = memory(t)
			}
			b := newBudget(t, cfg)
			for range 2 {
				callOnce(t, b, budget.Submit, s)
				callOnce(t, b, budget.Submit, s)
				for range 3 {
					b.Charge(budget.Submit)
					status, h := s.call()
					b.Answered(budget.Submit, status, h)
				}
			}
			if st := b.State(); st.Remaining != 0 || st.Calls[budget.Submit] != 10 || st.InFlight != 0 || st.Limited != 0 {
				t.Errorf("%s: %+v, want that 10 calls have used the window up", name, st)
			}
			b.Charge(budget.Submit)
			if st := b.State(); st.InFlight != 1 {
				t.Errorf("%s: %d calls are under way, want the one that is part of another", name, st.InFlight)
			}
			b.Failed(budget.Submit)
			if ok, _ := b.TryTake(budget.Submit); ok {
				t.Errorf("%s: a call of its own may be made", name)
			}
		}
	})
}

// callOnce makes one call, which is answered at once.
func callOnce(t *testing.T, b *budget.Budget, c budget.Class, s *server) {
	t.Helper()
	if _, err := do(t.Context(), b, s, c, 0); err != nil {
		t.Fatal(err)
	}
}
