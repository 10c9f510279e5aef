//go:debug randseednop=0

package simulate

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"runtime"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
)

var cell = flag.String("cell", "", "the `JSON` of the cell that TestCell simulates")

// TestCell simulates one cell and logs its outcome, which the rows read.
func TestCell(t *testing.T) {
	c := Cell{Workload: "20 s", Contender: Polling, Seed: 1, Operations: 50}
	if *cell != "" {
		c = Cell{}
		if err := json.Unmarshal([]byte(*cell), &c); err != nil {
			t.Fatal(err)
		}
	}
	out, err := json.Marshal(simulated(t, c))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("outcome: %s", out)
}

// simulated runs a cell in a bubble, with all that is random drawn from its
// seed and one goroutine at a time.
func simulated(t *testing.T, c Cell) (out Outcome) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	cryptotest.SetGlobalRandom(t, c.Seed) // refs, from which the client's jitter is
	//lint:ignore SA1019 google's waits have no other source
	rand.Seed(int64(c.Seed))
	synctest.Test(t, func(t *testing.T) {
		var err error
		if out, err = c.run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return out
}

// A table of the optimum is only worth something if nobody is below it: polls
// in equal steps, which are best for durations that have no memory, come close
// to it for few and stay above it for all.
func TestOptimumIsBelowEverySchedule(t *testing.T) {
	w, err := Find("20 s")
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []float64{2, 10, 30} {
		for _, factor := range []float64{1, 1.2, 1.5, 2} {
			var delays []float64
			polls := 0
			for _, d := range w.Durations(0, 5000) {
				at := first
				for step := first; at < d.Seconds(); step *= factor {
					at += step
					polls++
				}
				polls++
				delays = append(delays, at-d.Seconds())
			}
			_, _, _, mean := spread(delays)
			calls := 2 + float64(polls)/float64(len(delays))
			if _, _, _, least := w.Optimum(calls); least > mean*1.02 {
				t.Errorf("with %.2f calls the optimum is a mean delay of %.2f s, but a first poll after %g s and a factor of %g reach %.2f s", calls, least, first, factor, mean)
			}
		}
	}
}

// TestNothingIsLost simulates what only few cells of the rows have: an end of
// the hour's calls in the middle of everything.
func TestNothingIsLost(t *testing.T) {
	for _, name := range []string{Polling, Notified, Polling3, Notified3, PollingAlone2} {
		t.Run(name, func(t *testing.T) {
			out := simulated(t, Cell{Workload: "20 s", Contender: name, Limit: 400, Seed: 7, Operations: 200})
			if out.Aborted != 0 || out.Lost != 0 || out.Twice != 0 {
				t.Errorf("%d aborted, %d lost, %d made twice: %v", out.Aborted, out.Lost, out.Twice, out.Errors)
			}
			if out.RefusedHour > 1 {
				t.Errorf("%d calls were refused in an hour, want one at most", out.RefusedHour)
			}
			if out.Calls < 3 || out.Hours < 2 {
				t.Errorf("%.2f calls per operation in %d hours: at least 3 are needed, and one hour does not have them", out.Calls, out.Hours)
			}
		})
	}
}

// TestTheSameSeedGivesTheSame is what comparing two versions stands on. Replicas are
// not among them: who of them is first at one moment is not drawn from the seed.
func TestTheSameSeedGivesTheSame(t *testing.T) {
	for _, name := range []string{Azcore30, Google, Polling, Notified} {
		t.Run(name, func(t *testing.T) {
			c := Cell{Workload: "mixed", Contender: name, Limit: 2000, Seed: 3, Operations: 60}
			first, again := simulated(t, c), simulated(t, c)
			first.Left, again.Left = nil, nil
			if got, want := fmt.Sprint(again), fmt.Sprint(first); got != want {
				t.Errorf("the second time\n%s\nthe first time\n%s", got, want)
			}
		})
	}
}

// A limit that aborts the others shows that it is one.
func TestALimitIsFelt(t *testing.T) {
	out := simulated(t, Cell{Workload: "20 s", Contender: Google, Limit: 400, Seed: 7, Operations: 100})
	if out.Aborted == 0 || out.Refused == 0 || out.Refused != out.RefusedHour {
		t.Errorf("%d aborted, %d calls refused, %d of them in the worst hour, want some", out.Aborted, out.Refused, out.RefusedHour)
	}
}
