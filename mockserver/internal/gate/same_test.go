package gate

import (
	"fmt"
	"testing"
	"time"
)

// What is over is dropped, so that a caller who polls ever new operations fills
// no memory.
func TestEqualRequestsAreForgotten(t *testing.T) {
	limits := SameLimits{Calls: 5, Window: time.Minute, Failed: 2, FailedWindow: 5 * time.Minute}
	l := NewSameLimiter(func(string) SameLimits { return limits })
	at := now
	for i := range 10_000 {
		s := l.Of("1", "GET", fmt.Sprint("/v1/background/", i), nil)
		if wait := s.Take(at); wait != 0 {
			t.Fatalf("request %d has to wait %v, want 0", i, wait)
		}
		at = at.Add(time.Second)
	}
	if n := len(l.made); n > 2048 {
		t.Errorf("%d requests are remembered, want no more than 2048", n)
	}
}
