package backoff_test

import (
	"math"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/backoff"
)

func TestAWaitGrowsToItsLimit(t *testing.T) {
	p := backoff.Policy{First: 2 * time.Second, Factor: 1.5, Limit: 30 * time.Second}
	for n, want := range map[int]time.Duration{
		-1: 2 * time.Second, 0: 2 * time.Second, 1: 3 * time.Second, 2: 4500 * time.Millisecond, 6: 22781250 * time.Microsecond,
		7: 30 * time.Second, 1000: 30 * time.Second, math.MaxInt: 30 * time.Second,
	} {
		if got := p.After(n); got != want {
			t.Errorf("after %d tries: got %v, want %v", n, got, want)
		}
	}
	p.First = time.Minute
	if got := p.After(0); got != p.Limit {
		t.Errorf("a first wait above the limit: got %v, want %v", got, p.Limit)
	}
}

func TestWaitsAreRandomAndHaveNoEnd(t *testing.T) {
	p := backoff.Policy{First: time.Second, Factor: 2, Limit: time.Minute}
	waits := p.Waits()
	seen := make(map[time.Duration]bool)
	for range 2 {
		for n := range 10_000 {
			want := p.After(n)
			got := waits.Next()
			if got < want/2 || got > want+want/2+1 {
				t.Fatalf("wait %d: got %v, want %v and a half more or less", n, got, want)
			}
			seen[got] = true
		}
		waits.Reset()
	}
	if len(seen) < 19_000 {
		t.Errorf("%d different waits of 20000, want nearly all", len(seen))
	}
}

func TestAnExactWaitCostsNoMemory(t *testing.T) {
	p := backoff.Policy{First: time.Second, Factor: 1.5, Limit: time.Hour}
	if n := testing.AllocsPerRun(100, func() { p.After(100) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
