package budget_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/durations"
	"github.com/vismanet-go/background/store"
)

// load is work for a simulated ERP: operations that are submitted one after the
// other, and whose durations are log-normal.
type load struct {
	limit    int
	window   time.Duration
	replicas int
	count    int
	every    time.Duration
	median   time.Duration
	sigma    float64
	seed     uint64
}

// outcome is what became of a load.
type outcome struct {
	calls, refused int
	p50, p95, most time.Duration // from the end of an operation to the poll that finds it
	accepted       time.Duration // when the last one was
	took           time.Duration
	scarce         float64 // as the polls saw it, on average
}

// run does the work, with the schedule of learner, and counts.
func (l load) run(t *testing.T) (out outcome) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{limit: l.limit, window: l.window, policy: "4-fixed-window"}
		var st store.Store
		if l.replicas > 1 {
			st = memory(t)
		}
		budgets := make([]*budget.Budget, l.replicas)
		learners := make([]learner, l.replicas)
		for i := range budgets {
			budgets[i] = newBudget(t, config(t, st, fmt.Sprintf("replica %d of seed %d", i, l.seed)))
		}
		var accepted atomic.Int64
		for i := range learners {
			learners[i].accepted = &accepted
			learners[i].Learner = durations.New(durations.Config{Tenant: "fjord"})
		}
		begun := time.Now()
		rng := rand.New(rand.NewPCG(l.seed, 1))
		var mu sync.Mutex // guards delays, out
		var delays []time.Duration
		var wg sync.WaitGroup
		for i := range l.count {
			lasts := time.Duration(float64(l.median) * math.Exp(l.sigma*rng.NormFloat64()))
			b, learn := budgets[i%l.replicas], &learners[i%l.replicas]
			wg.Go(func() {
				time.Sleep(time.Duration(i) * l.every)
				accepted, delay, scarcity := operation(t, b, s, learn, lasts)
				mu.Lock()
				defer mu.Unlock()
				out.accepted = max(out.accepted, accepted.Sub(begun))
				delays = append(delays, delay)
				out.scarce += scarcity / float64(l.count)
			})
		}
		wg.Wait()
		slices.Sort(delays)
		out.calls, out.refused = s.calls, len(s.refused)
		out.p50, out.p95, out.most = delays[len(delays)/2], delays[len(delays)*95/100], delays[len(delays)-1]
		out.took = time.Since(begun)
	})
	return out
}

// operation is the life of one operation. It returns when it was accepted, how long
// its end was not known, and the mean scarcity that its polls saw.
func operation(t *testing.T, b *budget.Budget, s *server, learn *learner, lasts time.Duration) (accepted time.Time, delay time.Duration, mean float64) {
	const took = 100 * time.Millisecond
	call := func(c budget.Class) {
		for {
			if status, err := do(context.WithoutCancel(t.Context()), b, s, c, took); err != nil || status == 200 {
				if err != nil {
					t.Error(err)
				}
				return
			}
		}
	}
	call(budget.Submit)
	accepted = time.Now()
	for _, n := range []*atomic.Int64{&learn.polled, learn.accepted} {
		n.Add(1)
		defer n.Add(-1)
	}
	var sum float64
	var polled time.Duration
	for polls := 0; ; polls++ {
		scarcity := 0.0
		plan := func() time.Duration { // anew when it is due: more may be known by then
			scarcity = b.Scarcity(int(learn.polled.Load()), int(learn.accepted.Load()))
			return polled + learn.wait(polls, polled, scarcity)
		}
		for due := plan(); due > time.Since(accepted); due = plan() {
			rest := due - time.Since(accepted)
			time.Sleep(min(rest, max(15*time.Second, rest/4)))
		}
		sum += scarcity
		call(budget.Poll)
		age := time.Since(accepted)
		if age >= lasts+took/2 {
			learn.Ended(route, polled, lasts)
			call(budget.Content)
			return accepted, age - lasts, sum / float64(polls+1)
		}
		learn.Running(route, polled, age)
		polled = age
	}
}

const route = "POST /v1/customerinvoice"

// learner is a schedule that polls at the age at which an operation that still runs
// will have ended with a certain probability.
type learner struct {
	*durations.Learner
	polled   atomic.Int64
	accepted *atomic.Int64 // of all replicas
}

func (l *learner) wait(polls int, age time.Duration, scarcity float64) time.Duration {
	d := l.For(route)
	wait := func(share float64) time.Duration { return d.Quantile(1-(1-d.Ended(age))*(1-share)) - age }
	plain := min(wait(0.36), max(time.Minute, age/4))
	least := []time.Duration{0, 2200 * time.Millisecond, 4400 * time.Millisecond, 9 * time.Second, 18 * time.Second}[min(polls, 4)]
	return max(plain, least, min(wait(min(0.85, (1+7*scarcity)/8)), time.Duration((1+5*scarcity)*float64(10*time.Minute))))
}

// TestGoals does a batch of 1 000 operations, one each 600 ms, under limits that
// allow it in one window, with care, and in two. The rules were fixed with other
// seeds.
func TestGoals(t *testing.T) {
	type goal struct {
		limit   int
		p95     time.Duration // of the delay
		windows int           // that it may take
	}
	for _, w := range []struct {
		median time.Duration
		sigma  float64
		goals  []goal
	}{
		{20 * time.Second, 1.2, []goal{{5000, 3 * time.Minute, 1}, {2000, time.Hour, 2}}},
		{60 * time.Second, 1.2, []goal{{5000, 3 * time.Minute, 1}, {2000, time.Hour, 2}}},
		{300 * time.Second, 0.8, []goal{{15000, 3 * time.Minute, 1}, {2000, time.Hour, 2}}},
	} {
		for _, g := range w.goals {
			for _, replicas := range []int{1, 3} {
				for seed := range uint64(2) {
					l := load{limit: g.limit, window: time.Hour, replicas: replicas, count: 1000, every: 600 * time.Millisecond, median: w.median, sigma: w.sigma, seed: 400 + seed}
					o := l.run(t)
					what := fmt.Sprintf("median %v, limit %d, %d replicas, seed %d", l.median, l.limit, replicas, l.seed)
					t.Logf("%s: %.2f calls for each, delay %v at the median and %v at 95 %%, done after %v, scarcity %.2f", what, float64(o.calls)/1000, o.p50.Round(time.Second), o.p95.Round(time.Second), o.took.Round(time.Second), o.scarce)
					if o.p95 > g.p95 {
						t.Errorf("%s: 95 %% of the ends were known after %v, want %v", what, o.p95, g.p95)
					}
					// What waits longer than an hour has waited for a third window.
					if o.accepted > time.Duration(g.windows)*time.Hour || o.most > time.Hour {
						t.Errorf("%s: all were accepted after %v, and known at most %v after their ends, want that in %d windows", what, o.accepted, o.most, g.windows)
					}
					if o.refused > 0 {
						t.Errorf("%s: %d calls were answered 429, want none", what, o.refused)
					}
				}
			}
		}
	}
}

// TestNoSlowdownWithoutNeed does the same where the limit is never reached: it must
// not be noticed.
func TestNoSlowdownWithoutNeed(t *testing.T) {
	for _, median := range []time.Duration{5 * time.Second, 20 * time.Second, 60 * time.Second} {
		l := load{window: time.Hour, replicas: 1, count: 1000, every: 600 * time.Millisecond, median: median, sigma: 1.2, seed: 210}
		free := l.run(t)
		l.limit = 15000
		if limited := l.run(t); limited.p95 != free.p95 || limited.calls != free.calls {
			t.Errorf("median %v, limit %d: %d calls and a delay of %v at 95 %%, want %d and %v as without a limit", median, l.limit, limited.calls, limited.p95, free.calls, free.p95)
		}
	}
}

// TestSteadyLoad submits for three hours at a pace that a limit just allows: the end
// of each window must be as good as its beginning.
func TestSteadyLoad(t *testing.T) {
	const every = 3600 * time.Millisecond
	o := load{limit: 5000, window: time.Hour, replicas: 1, count: int(3 * time.Hour / every), every: every, median: time.Minute, sigma: 1.2, seed: 220}.run(t)
	if o.p95 > 2*time.Minute || o.refused > 0 {
		t.Errorf("the delay was %v at 95 %%, want 2m at most; %d calls were answered 429, want none", o.p95, o.refused)
	}
}
