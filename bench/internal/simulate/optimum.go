package simulate

import (
	"math"
	"slices"
)

// Optimum is the least mean delay that polls can reach with a number of calls
// per operation, for one who knows how long the operations of each route take
// but not this one. It returns the quantiles of the delay as well. Two calls
// are the submit and the content.
func (w Workload) Optimum(calls float64) (p50, p95, p99, mean float64) {
	tables := make([]*table, len(w.Routes))
	for i, r := range w.Routes {
		tables[i] = newTable(r)
	}
	plans := func(price float64) (all [][]float64, polls float64) {
		for _, t := range tables {
			at, n := t.plan(price)
			all, polls = append(all, at), polls+n/float64(len(tables))
		}
		return all, polls
	}
	// The dearer a poll, the fewer there are.
	cheap, dear := 1e-3, 1e5
	for range 40 {
		if _, polls := plans(math.Sqrt(cheap * dear)); polls > calls-2 {
			cheap = math.Sqrt(cheap * dear)
		} else {
			dear = math.Sqrt(cheap * dear)
		}
	}
	all, _ := plans(dear)
	const n = 30_000
	durations := w.Durations(0, n)
	delays := make([]float64, n)
	for i, d := range durations {
		at := all[i%len(all)]
		next, _ := slices.BinarySearch(at, d.Seconds())
		delays[i] = at[min(next, len(at)-1)] - d.Seconds()
	}
	return spread(delays)
}

// A table is the distribution of a route at points in time that are close
// enough beside each other.
type table struct {
	at    []float64 // from 0
	ended []float64 // how many have ended by then
	work  []float64 // their share of the mean
}

func newTable(r Route) *table {
	const points = 700
	t := &table{at: []float64{0}, ended: []float64{0}, work: []float64{0}}
	normal := func(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }
	mean := r.Median * math.Exp(r.Sigma*r.Sigma/2)
	for i := range points {
		z := -3.5 + 8*float64(i)/(points-1) // all but one in 10⁵
		t.at = append(t.at, r.Median*math.Exp(r.Sigma*z))
		t.ended = append(t.ended, normal(z))
		t.work = append(t.work, mean*normal(z-r.Sigma))
	}
	t.ended[points] = 1
	return t
}

// plan is the best series of polls if one costs as much as a delay of price
// seconds, and how many of them an operation takes.
func (t *table) plan(price float64) (at []float64, polls float64) {
	n := len(t.at)
	cost, next := make([]float64, n), make([]int, n)
	for i := n - 2; i >= 0; i-- {
		cost[i] = math.Inf(1)
		for j := i + 1; j < n; j++ {
			share, work := t.ended[j]-t.ended[i], t.work[j]-t.work[i]
			delay := t.at[j]*share - work
			if c := price*(1-t.ended[i]) + delay + cost[j]; c < cost[i] {
				cost[i], next[i] = c, j
			}
		}
	}
	for i := 0; i < n-1; i = next[i] {
		polls += 1 - t.ended[i]
		at = append(at, t.at[next[i]])
	}
	return at, polls
}
