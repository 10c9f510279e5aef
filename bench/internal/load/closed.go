// Package load makes load and measures what it meets: callers in a closed
// loop, and connections that speak just enough HTTP to cost little beside the
// server that they share the cores with.
package load

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/proc"
)

// A Loop calls a function from several goroutines, each time as soon as the
// call before has returned.
type Loop struct {
	Senders int
	For     time.Duration
	Max     int // calls at most; 0: no limit
}

// A Tally is what came of a loop.
type Tally struct {
	Elapsed time.Duration
	CPU     time.Duration   // of this process
	Took    []time.Duration // of each call, sorted
}

// Run runs the loop; n counts the calls from 0, sender is the goroutine's
// number. The first error of f ends it.
func (l Loop) Run(ctx context.Context, f func(ctx context.Context, sender, n int) error) (Tally, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	took := make([][]time.Duration, l.Senders)
	var wg sync.WaitGroup
	var next atomic.Int64
	cpu, begun := proc.OwnCPU(), time.Now()
	for s := range l.Senders {
		wg.Go(func() {
			for ctx.Err() == nil && time.Since(begun) < l.For {
				n := int(next.Add(1)) - 1
				if l.Max > 0 && n >= l.Max {
					return
				}
				at := time.Now()
				if err := f(ctx, s, n); err != nil {
					stop(err)
					return
				}
				took[s] = append(took[s], time.Since(at))
			}
		})
	}
	wg.Wait()
	t := Tally{Elapsed: time.Since(begun), CPU: proc.OwnCPU() - cpu, Took: slices.Concat(took...)}
	slices.Sort(t.Took)
	if ctx.Err() != nil {
		return t, context.Cause(ctx)
	}
	return t, nil
}

// Names of the figures.
const (
	Rate = "ops/s"
	P50  = "p50 ms"
	P99  = "p99 ms"
	CPU  = "CPU µs/op"
)

// Figures are rate, latency and CPU time of the calls.
func (t Tally) Figures() compare.Figures {
	return append(t.Speed(), compare.Figure{Name: CPU, Value: float64(t.CPU.Nanoseconds()) / 1e3 / float64(len(t.Took))})
}

// Speed is rate and latency.
func (t Tally) Speed() compare.Figures {
	return compare.Figures{
		{Name: Rate, Value: float64(len(t.Took)) / t.Elapsed.Seconds()},
		{Name: P50, Value: Millis(Quantile(t.Took, 0.5))},
		{Name: P99, Value: Millis(Quantile(t.Took, 0.99))},
	}
}

// Quantile returns that of sorted durations, 0 if there are none.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Millis is d in milliseconds.
func Millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
