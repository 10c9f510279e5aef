package main

import "testing"

func TestGrowthIsFound(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    func(i int) float64
		more float64
		want bool
	}{
		{"flat", func(int) float64 { return 100 }, 0, false},
		{"fills up in the first third", func(i int) float64 { return min(100, float64(i)*4) }, 0, false},
		{"saw", func(i int) float64 { return 80 + float64(i%10)*4 }, 0, false},
		{"grows all the time", func(i int) float64 { return 100 + float64(i) }, 0, true},
		{"grows as it may", func(i int) float64 { return 100 + float64(i) }, 30, false},
		{"jumps at the end", func(i int) float64 { return 100 + float64(i/70)*60 }, 0, true},
		{"shrinks", func(i int) float64 { return 100 - float64(i) }, 0, false},
	} {
		s := series{name: tt.name, share: 0.1}
		for i := range 90 {
			s.add(tt.v(i))
		}
		if got := s.fault(tt.more); (got != "") != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	if short := (&series{values: []float64{1, 2}}); short.fault(0) == "" {
		t.Error("two samples are enough")
	}
}

func TestMemoryMayGrowUntilABoundIsReached(t *testing.T) {
	defer func(real []struct{ operations, kib float64 }) { bounds = real }(bounds)
	bounds = []struct{ operations, kib float64 }{{10_000, 8}, {100_000, 2}} // apart, so that there is a span between them
	grown := func(from, to float64) float64 {
		var s series
		for range 3 {
			s.add(0)
		}
		for range 3 {
			s.add(from)
		}
		for range 3 {
			s.add(to)
		}
		return s.room()
	}
	if got := grown(1000, 2024); got != 10 {
		t.Errorf("1024 more before all bounds: got %v MiB, want 10", got)
	}
	if got := grown(20_000, 21_024); got != 2 {
		t.Errorf("1024 more after the first bound: got %v MiB, want 2", got)
	}
	if got := grown(150_000, 250_000); got != 0 {
		t.Errorf("after all bounds: got %v MiB, want 0", got)
	}
}
