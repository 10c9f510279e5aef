package client_test

import (
	"container/heap"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/internal/durations"
	"github.com/vismanet-go/background/store"
)

// simulation is a run of operations of which nothing is known at first: one is
// submitted every 600 ms, each is polled as [client.DefaultSchedule] says with
// what was learned until then, and a plan is asked for again when it is due.
type simulation struct {
	ran      []func() time.Duration // of each route
	n        int                    // how many operations, 1 000 if it is 0
	together bool                   // all are submitted at once
	notify   bool                   // notifications come 200 ms after the end, one in fifty is lost
	scarcity float64
	random   *rand.Rand

	learner *durations.Learner
	ops     simHeap
	polls   int
	delays  []float64 // seconds from the end until it was known, in the order of the ends
	often   int       // most polls of one operation within a minute
}

// simOperation is an operation. Times are those since the beginning, ages those
// since it was submitted.
type simOperation struct {
	route        string
	begun, ran   time.Duration
	heard        time.Duration // when the notification comes, 0 if never
	planned, due time.Duration // when the next poll was planned first, and for when
	jitter       float64
	polled       []time.Duration // ages
}

type simHeap []*simOperation

func (h simHeap) Len() int           { return len(h) }
func (h simHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h simHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *simHeap) Push(op any)       { *h = append(*h, op.(*simOperation)) }
func (h *simHeap) Pop() any {
	last := len(*h) - 1
	op := (*h)[last]
	*h = (*h)[:last]
	return op
}

func (s *simulation) run(seed uint64) {
	s.random = rand.New(rand.NewPCG(seed, 1))
	s.learner = durations.New(durations.Config{Store: store.NewMemory(store.MemoryConfig{}), Tenant: "1", Log: slog.New(slog.DiscardHandler)})
	if s.n == 0 {
		s.n = 1000
	}
	every := 600 * time.Millisecond
	if s.together {
		every = 0
	}
	// All is drawn at first, so that it is the same for every schedule.
	for i := range s.n {
		route := s.random.IntN(len(s.ran))
		op := &simOperation{route: fmt.Sprint("route ", route), ran: s.ran[route](), begun: time.Duration(i) * every}
		if s.notify && s.random.IntN(50) > 0 {
			op.heard = op.begun + op.ran + 200*time.Millisecond
		}
		op.due = op.begun
		s.ops = append(s.ops, op)
	}
	for len(s.ops) > 0 {
		op := heap.Pop(&s.ops).(*simOperation)
		if s.step(op, op.due) {
			heap.Push(&s.ops, op)
		}
	}
}

// step does what is due for an operation and reports whether it goes on.
func (s *simulation) step(op *simOperation, now time.Duration) bool {
	switch {
	case op.jitter == 0: // it is accepted
	case op.heard > 0 && now >= op.heard:
		return s.poll(op, now)
	default:
		if s.plan(op); op.due > now {
			return true
		}
		if !s.poll(op, now) {
			return false
		}
	}
	op.planned, op.jitter = now, 0.9+0.2*s.random.Float64()
	s.plan(op)
	return true
}

// plan sets when the next poll is due.
func (s *simulation) plan(op *simOperation) {
	info := client.PollInfo{Polls: len(op.polled), Age: op.planned - op.begun, Notify: s.notify, Scarcity: s.scarcity}
	if d := s.learner.For(op.route); d != nil {
		info.Learned = d
	}
	wait := max(client.DefaultSchedule(info), 500*time.Millisecond)
	op.due = op.planned + time.Duration(float64(wait)*op.jitter)
	if op.heard > 0 {
		op.due = min(op.due, op.heard)
	}
}

// poll polls and reports whether the operation runs on.
func (s *simulation) poll(op *simOperation, now time.Duration) bool {
	s.polls++
	age, before := now-op.begun, time.Duration(0)
	if n := len(op.polled); n > 0 {
		before = op.polled[n-1]
	}
	op.polled = append(op.polled, age)
	inMinute := 0
	for _, at := range op.polled {
		if age-at < time.Minute {
			inMinute++
		}
	}
	s.often = max(s.often, inMinute)
	if age < op.ran {
		s.learner.Running(op.route, before, age)
		return true
	}
	s.learner.Ended(op.route, before, op.ran)
	s.delays = append(s.delays, (age - op.ran).Seconds())
	return false
}

// calls is how many calls an operation takes: submit, polls, content.
func (s *simulation) calls() float64 { return 2 + float64(s.polls)/float64(s.n) }

func (s *simulation) delay(share float64) float64 { return quantile(s.delays, share) }

func quantile(list []float64, share float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[int(share*float64(len(list)-1))]
}

// logNormal draws durations. It draws the same ones for the same seed.
func logNormal(seed uint64, median, sigma float64) func() time.Duration {
	random := rand.New(rand.NewPCG(seed, 2))
	return func() time.Duration {
		return time.Duration(median * math.Exp(sigma*random.NormFloat64()) * float64(time.Second))
	}
}

// workload is a mix of routes.
type workload []struct{ median, sigma float64 }

func (w workload) ran(seed uint64) (ran []func() time.Duration) {
	for i, route := range w {
		ran = append(ran, logNormal(seed+uint64(i)<<32, route.median, route.sigma))
	}
	return ran
}

// azcore is what azcore's poller would take for the same operations: it polls at
// once and then every 30 s.
func azcore(ran func() time.Duration) (calls, p50 float64) {
	var delays []float64
	for range 1000 {
		d := ran().Seconds()
		polls := math.Ceil(d / 30)
		calls += (3 + polls) / 1000
		delays = append(delays, 30*polls-d)
	}
	return calls, quantile(delays, 0.5)
}

// heldOut are seeds that nobody has looked at while the numbers of the schedule
// were chosen. Those were others below 600.
var heldOut = []uint64{601, 602, 603, 604, 605, 606, 607, 608}

// mean is the mean of a number over seeds.
func mean(of func(seed uint64) float64) float64 {
	sum := 0.0
	for _, seed := range heldOut {
		sum += of(seed)
	}
	return sum / float64(len(heldOut))
}

func TestScheduleWithoutNotifications(t *testing.T) {
	for _, tt := range []struct {
		workload
		calls, p50 float64 // at most this part of azcore's
		p95        float64 // seconds
	}{
		{workload{{2, 0.8}}, 1.01, 0.45, 5},
		{workload{{5, 1.2}}, 1.01, 0.45, 20},
		{workload{{20, 1.2}}, 1.01, 0.45, 60},
		{workload{{60, 1.2}}, 0.6, 2.5, 60},
		{workload{{300, 0.8}}, 0.6, 2.5, 60},
	} {
		results := make(map[uint64]*simulation)
		for _, seed := range heldOut {
			results[seed] = &simulation{ran: tt.ran(seed)}
			results[seed].run(seed)
		}
		calls := mean(func(seed uint64) float64 { return results[seed].calls() })
		azCalls := mean(func(seed uint64) float64 { calls, _ := azcore(tt.ran(seed)[0]); return calls })
		p50 := mean(func(seed uint64) float64 { return results[seed].delay(0.5) })
		azP50 := mean(func(seed uint64) float64 { _, p50 := azcore(tt.ran(seed)[0]); return p50 })
		p95 := mean(func(seed uint64) float64 { return results[seed].delay(0.95) })
		p99 := mean(func(seed uint64) float64 { return results[seed].delay(0.99) })
		t.Logf("median and σ %v: %.2f calls, azcore %.2f; delay %.1f, azcore %.1f, p95 %.1f, p99 %.0f s", tt.workload, calls, azCalls, p50, azP50, p95, p99)
		if calls > tt.calls*azCalls {
			t.Errorf("%v: %.2f calls per operation, want at most %v of azcore's %.2f", tt.workload, calls, tt.calls, azCalls)
		}
		if p50 > tt.p50*azP50 {
			t.Errorf("%v: median delay %.1f s, want at most %v of azcore's %.1f s", tt.workload, p50, tt.p50, azP50)
		}
		if p95 > tt.p95 {
			t.Errorf("%v: p95 of the delay %.1f s, want at most %v s", tt.workload, p95, tt.p95)
		}
		for seed, s := range results {
			if s.often > 5 {
				t.Errorf("%v, seed %d: an operation was polled %d times within a minute, want at most 5", tt.workload, seed, s.often)
			}
		}
	}
}

func TestScheduleWithNotifications(t *testing.T) {
	for _, w := range []workload{{{2, 0.8}}, {{5, 1.2}}, {{20, 1.2}}, {{60, 1.2}}, {{300, 0.8}}, {{3, 1}, {45, 1}, {400, 0.8}}} {
		results := make(map[uint64]*simulation)
		for _, seed := range heldOut {
			results[seed] = &simulation{ran: w.ran(seed), notify: true}
			results[seed].run(seed)
		}
		calls := mean(func(seed uint64) float64 { return results[seed].calls() })
		p50 := mean(func(seed uint64) float64 { return results[seed].delay(0.5) })
		p99 := mean(func(seed uint64) float64 { return results[seed].delay(0.99) })
		t.Logf("median and σ %v: %.2f calls; delay %.1f, p99 %.0f s", w, calls, p50, p99)
		most := max(100, 4*w[len(w)-1].median)
		if calls > 3.2 || p50 > 0.25 || p99 > most {
			t.Errorf("%v: %.2f calls per operation, median delay %.2f s, p99 %.0f s, want at most 3.2, 0.25 s, %.0f s", w, calls, p50, p99, most)
		}
	}
}

func TestScheduleWhereCallsAreScarce(t *testing.T) {
	for _, w := range []workload{{{2, 0.8}}, {{5, 1.2}}, {{20, 1.2}}, {{60, 1.2}}, {{300, 0.8}}, {{3, 1}, {45, 1}, {400, 0.8}}} {
		line := fmt.Sprintf("median and σ %v, polls by scarcity:", w)
		last := math.Inf(1)
		for _, scarcity := range []float64{0, 0.1, 0.25, 0.5, 0.75, 1} {
			polls := mean(func(seed uint64) float64 {
				s := simulation{ran: w.ran(seed), scarcity: scarcity}
				s.run(seed)
				return s.calls() - 2
			})
			line += fmt.Sprintf(" %v: %.2f", scarcity, polls)
			if polls > last+0.05 {
				t.Errorf("%v: %.2f polls per operation at scarcity %v, want no more than with more calls, %.2f", w, polls, scarcity, last)
			}
			if scarcity == 1 && (polls < 1.05 || polls > 1.3) {
				t.Errorf("%v: %.2f polls per operation where there are no calls to spare, want 1.1 to 1.3", w, polls)
			}
			last = polls
		}
		t.Log(line)
	}
}

// TestScheduleOfRoutesThatAreStrange has what no curve fits.
func TestScheduleOfRoutesThatAreStrange(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name     string
		together bool
		ran      func(i int) time.Duration
		calls    float64 // at most
		p50, p95 float64 // seconds, at most
	}{
		{"as fast as can be", false, func(int) time.Duration { return 0 }, 3.1, 6, 6},
		{"always the same", false, func(int) time.Duration { return 40 * second }, 4.2, 10, 30},
		{"two kinds in one", false, func(i int) time.Duration { return []time.Duration{second, 300 * second}[i%2] }, 7, 10, 60},
		{"ten times slower from one moment on", false, func(i int) time.Duration {
			return min(10, time.Duration(1+i/300*9)) * time.Duration(2000+i%2000) * time.Millisecond
		}, 6, 10, 60},
		{"ten times faster from one moment on", false, func(i int) time.Duration {
			return max(1, time.Duration(10-i/300*9)) * time.Duration(2000+i%2000) * time.Millisecond
		}, 5, 20, 60},
		{"one that hangs for hours", false, func(i int) time.Duration {
			if i == 20 {
				return 5 * time.Hour
			}
			return time.Duration(2000+i%2000) * time.Millisecond
		}, 4, 4, 8},
		{"a queue that a burst waits in", true, func(i int) time.Duration { return time.Duration(i) * second }, 12, 35, 65},
	} {
		i := -1
		next := func() time.Duration { i++; return tt.ran(i) }
		s := simulation{ran: []func() time.Duration{next}, together: tt.together}
		s.run(heldOut[0])
		t.Logf("%s: %.2f calls; delay %.1f, p95 %.1f, p99 %.0f s", tt.name, s.calls(), s.delay(0.5), s.delay(0.95), s.delay(0.99))
		if s.calls() > tt.calls || s.delay(0.5) > tt.p50 || s.delay(0.95) > tt.p95 || s.often > 5 {
			t.Errorf("%s: %.2f calls, delay %.1f s, p95 %.1f s, %d polls within a minute, want at most %v, %v s, %v s, 5",
				tt.name, s.calls(), s.delay(0.5), s.delay(0.95), s.often, tt.calls, tt.p50, tt.p95)
		}
	}
}

// TestScheduleOfAnOperationThatIsTheFirst has nothing learned.
func TestScheduleOfAnOperationThatIsTheFirst(t *testing.T) {
	for ran, want := range map[time.Duration]struct {
		polls int
		late  time.Duration
	}{
		time.Second:      {1, time.Second},
		10 * time.Second: {4, 10 * time.Second},
		time.Minute:      {6, 20 * time.Second},
		10 * time.Minute: {18, time.Minute},
		time.Hour:        {60, 4 * time.Minute},
		20 * time.Hour:   {290, 5 * time.Minute},
	} {
		var info client.PollInfo
		for {
			info.Age += client.DefaultSchedule(info)
			if info.Polls++; info.Age >= ran {
				break
			}
		}
		t.Logf("one that runs for %v: %d polls, known after %v", ran, info.Polls, info.Age-ran)
		if info.Polls > want.polls || info.Age-ran > want.late {
			t.Errorf("one that runs for %v: %d polls, known after %v, want at most %d and %v", ran, info.Polls, info.Age-ran, want.polls, want.late)
		}
	}
}
