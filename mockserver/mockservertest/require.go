package mockservertest

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/match"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

// RequireRequest waits for a request to the mock and returns it.
func RequireRequest(t testing.TB, s *Server, want Request) journal.Request {
	t.Helper()
	got, _ := require(t, s, want, want.Within).(journal.Request)
	return got
}

// RequireOperation waits for an operation and returns it.
func RequireOperation(t testing.TB, s *Server, want Operation) operation.Operation {
	t.Helper()
	got, _ := require(t, s, want, want.Within).(operation.Operation)
	return got
}

// RequireDelivered waits for a notification that was delivered, or is in the
// wanted state, and returns it.
func RequireDelivered(t testing.TB, s *Server, want Delivery) operation.Delivery {
	t.Helper()
	want.State = cmp.Or(want.State, operation.DeliveryDelivered)
	got, _ := require(t, s, want, want.Within).(operation.Delivery)
	return got
}

// RequireNoMore fails the test if there is anything that fits one of the
// matchers, and was not returned by one of the other functions. It does not
// wait.
func RequireNoMore(t testing.TB, s *Server, none ...Matcher) {
	t.Helper()
	var more []string
	for _, m := range none {
		for _, c := range m.found(s) {
			if c.Fits() && !s.isTaken(&c) {
				more = append(more, "\n\t"+m.kind()+" "+match.Shortened(c.Title))
			}
		}
	}
	if n := len(more); n > match.Most {
		more = append(more[:match.Most], fmt.Sprintf("\n\tand %d more", n-match.Most))
	}
	if len(more) > 0 {
		t.Fatalf("mockserver: there is more than was required:%s", strings.Join(more, ""))
	}
}

// require waits for something that fits, and takes it.
func require(t testing.TB, s *Server, want Matcher, within time.Duration) any {
	t.Helper()
	var all []match.Candidate
	var hit *match.Candidate
	within = cmp.Or(within, 10*time.Second)
	await(t.Context(), within, func() bool {
		all = want.found(s)
		hit = s.take(all)
		return hit != nil
	})
	if hit == nil {
		t.Fatalf("mockserver: no %s fits %s within %v\n%s", want.kind(), match.Describe(want, "Within"), within, s.explain(want.kind(), all))
		return nil
	}
	return hit.Value
}

// await looks until ok, ctx ends or the time is over.
func await(ctx context.Context, within time.Duration, ok func() bool) {
	begin := time.Now()
	for !ok() {
		passed := time.Since(begin)
		if passed >= within || ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(min(max(time.Millisecond, passed/50), within-passed)):
		case <-ctx.Done():
		}
	}
}

// take returns the first candidate that fits and is not taken, and takes it.
func (s *Server) take(all []match.Candidate) *match.Candidate {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range all {
		if c := &all[i]; c.Fits() && !s.taken[keyOf(c)] {
			s.taken[keyOf(c)] = true
			return c
		}
	}
	return nil
}

func (s *Server) isTaken(c *match.Candidate) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[keyOf(c)]
}

func keyOf(c *match.Candidate) taken { return taken{c.Company, c.Key} }

// explain tells what came closest.
func (s *Server) explain(kind string, all []match.Candidate) string {
	var before int
	var open []match.Candidate
	for _, c := range all {
		if s.isTaken(&c) {
			before++
			continue
		}
		open = append(open, c)
	}
	return match.Explain(kind, open, before)
}
