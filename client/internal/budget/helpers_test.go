package budget_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/store"
)

// server is an ERP as far as its limit is concerned: so many calls in a window that
// begins with the first of them.
type server struct {
	limit  int // 0: none
	window time.Duration
	policy string
	header func(http.Header) // spoils the header, if set
	skew   time.Duration     // of its clock

	mu      sync.Mutex // guards the rest
	ends    time.Time
	used    int
	calls   int
	refused []time.Time
	most    int // calls in a window
}

// call is one call, answered at once.
func (s *server) call() (int, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	h := http.Header{"Date": {now.Add(s.skew).UTC().Format(http.TimeFormat)}}
	s.calls++
	if s.limit == 0 {
		return 200, h
	}
	if !now.Before(s.ends) {
		s.ends, s.used = now.Add(s.window), 0
	}
	status := 200
	if s.used < s.limit {
		s.used++
	} else {
		status = http.StatusTooManyRequests
		s.refused = append(s.refused, now)
	}
	s.most = max(s.most, s.used)
	reset := strconv.Itoa(int((s.ends.Sub(now) + time.Second - 1) / time.Second))
	h["X-Ratelimit-Limit"], h["X-Ratelimit-Remaining"] = []string{strconv.Itoa(s.limit)}, []string{strconv.Itoa(s.limit - s.used)}
	h["X-Ratelimit-Reset"], h["X-Ratelimit-Policy"] = []string{reset}, []string{s.policy}
	if status != 200 {
		h["Retry-After"] = []string{reset}
	}
	if s.header != nil {
		s.header(h)
	}
	return status, h
}

// made is how many calls there were so far.
func (s *server) made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// config is that of one replica.
func config(t testing.TB, st store.Store, owner string) budget.Config {
	return budget.Config{Store: st, Tenant: "fjord", Origin: "https://erp.test", Application: "app", Owner: owner, Life: t.Context()}
}

func newBudget(t testing.TB, cfg budget.Config) *budget.Budget {
	b := budget.New(cfg)
	t.Cleanup(b.Close)
	return b
}

// memory is a store that is closed with the test.
func memory(t testing.TB) store.Store {
	st := store.NewMemory(store.MemoryConfig{})
	t.Cleanup(func() { st.Close() })
	return st
}

// do makes one call under a budget, which takes a time.
func do(ctx context.Context, b *budget.Budget, s *server, c budget.Class, took time.Duration) (int, error) {
	if err := b.Take(ctx, c); err != nil {
		return 0, err
	}
	time.Sleep(took / 2)
	status, h := s.call()
	time.Sleep(took - took/2)
	b.Answered(c, status, h)
	return status, nil
}

// must takes, and fails the test where that is refused.
func must(t testing.TB, b *budget.Budget, c budget.Class) {
	t.Helper()
	if err := b.Take(t.Context(), c); err != nil {
		t.Fatalf("take %v: %v", c, err)
	}
}

// limits makes the header of an answer.
func limits(limit, remaining, reset int) http.Header {
	return http.Header{"X-Ratelimit-Limit": {strconv.Itoa(limit)}, "X-Ratelimit-Remaining": {strconv.Itoa(remaining)}, "X-Ratelimit-Reset": {strconv.Itoa(reset)}, "X-Ratelimit-Policy": {"4-fixed-window"}}
}

func contextUntil(t testing.TB, end time.Time) (context.Context, context.CancelFunc) {
	return context.WithDeadline(t.Context(), end)
}
