package mockserver_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
)

func TestDistributions(t *testing.T) {
	const s = time.Second
	tests := []struct {
		d    mockserver.ExecTime
		p    float64
		want time.Duration
	}{
		{mockserver.Uniform{Min: s, Max: 5 * s}, 0, s},
		{mockserver.Uniform{Min: s, Max: 5 * s}, 0.5, 3 * s},
		{mockserver.Uniform{Min: s, Max: s}, 0.999, s},
		{mockserver.LogNormal{Median: 2 * s, P95: 30 * s}, 0.5, 2 * s},
		{mockserver.LogNormal{Median: 2 * s, P95: 30 * s}, 0.95, 30 * s},
		{mockserver.LogNormal{Median: 2 * s, P95: 30 * s, Max: 20 * s}, 0.95, 20 * s},
		{mockserver.LogNormal{Median: s, Sigma: 1}, 0.8413447460685429, 2718281828}, // one deviation up: e times as long
		{mockserver.LogNormal{Median: s, Sigma: 1}, 0, 0},
		{mockserver.LogNormal{Median: s, Sigma: 1000}, 1 - 1.0/(1<<53), math.MaxInt64 / 2},
	}
	for _, tt := range tests {
		if got := tt.d.For(nil, tt.p); (got - tt.want).Abs() > time.Microsecond {
			t.Errorf("%+v at %v: got %v, want %v", tt.d, tt.p, got, tt.want)
		}
	}
}

// times are how long the operations of some companies took, in the order of
// their acceptance; they are submitted in rounds, each company in its turn.
func times(t *testing.T, cfg mockserver.Config, rounds int, companies ...string) map[string][]time.Duration {
	took := make(map[string][]time.Duration)
	synctest.Test(t, func(t *testing.T) {
		cfg.Workers = rounds
		h := start(t, cfg)
		h.Handle("/v1/nothing", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for range rounds {
			for _, company := range companies {
				h.submit("none", "GET", "/v1/nothing", "", "ipp-company-id", company)
			}
		}
		time.Sleep(hour)
		for _, op := range h.Operations() {
			took[op.Company] = append(took[op.Company], op.Ended.Sub(op.Started))
		}
	})
	return took
}

func TestExecutionTimesAreReproducible(t *testing.T) {
	cfg := mockserver.Config{Seed: 7, ExecTime: mockserver.LogNormal{Median: 2 * time.Second, P95: 10 * time.Second, Max: time.Minute}}
	both, alone := times(t, cfg, 200, "1", "2"), times(t, cfg, 200, "2")
	if !slices.Equal(both["2"], alone["2"]) {
		t.Error("another company shifts the times")
	}
	if slices.Equal(both["1"], both["2"]) {
		t.Error("two companies have the same times")
	}
	cfg.Seed = 8
	if slices.Equal(times(t, cfg, 200, "2")["2"], alone["2"]) {
		t.Error("another seed gives the same times")
	}
	slices.Sort(alone["2"])
	if median := alone["2"][100]; median < time.Second || median > 4*time.Second || alone["2"][199] > time.Minute {
		t.Errorf("median %v of a distribution around 2 s, longest %v", median, alone["2"][199])
	}
}

func TestExecutionTimesOfOnesOwn(t *testing.T) {
	got := times(t, mockserver.Config{ExecTime: steps{-time.Second, time.Second}}, 40, "1")["1"]
	slices.Sort(got)
	if got := fmt.Sprint(slices.Compact(got)); got != "[0s 1s]" {
		t.Errorf("got %s, want none below zero", got)
	}
}

// steps is a distribution of some values.
type steps []time.Duration

func (s steps) For(_ *http.Request, p float64) time.Duration { return s[int(p*float64(len(s)))] }

func TestValidationOfExecutionTimes(t *testing.T) {
	const s = time.Second
	for want, cfg := range map[string]mockserver.Config{
		"ExecTime: must not be negative":      {ExecTime: mockserver.Fixed(-1)},
		"ExecTime.Min: must not be negative":  {ExecTime: mockserver.Uniform{Min: -1, Max: s}},
		"ExecTime.Max: 1s is less than Min":   {ExecTime: mockserver.Uniform{Min: 2 * s, Max: s}},
		"ExecTime.Median: must be positive":   {ExecTime: mockserver.LogNormal{Sigma: 1}},
		"ExecTime.P95: 1s is not above":       {ExecTime: mockserver.LogNormal{Median: s, P95: s}},
		"ExecTime.Sigma: want either":         {ExecTime: mockserver.LogNormal{Median: s}},
		"Sigma: want either it or P95":        {ExecTime: mockserver.LogNormal{Median: s, P95: 2 * s, Sigma: 1}},
		"Sigma: NaN is not a positive number": {ExecTime: mockserver.LogNormal{Median: s, Sigma: math.NaN()}},
		"ExecTime.Max: 1ms is less than":      {ExecTime: mockserver.LogNormal{Median: s, Sigma: 1, Max: time.Millisecond}},
	} {
		if _, err := mockserver.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
