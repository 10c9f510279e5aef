package mockserver

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limiter counts calls in a fixed window per company.
type limiter struct {
	cfg     RateLimit
	profile Profile

	mu      sync.Mutex // guards windows
	windows map[string]*window
}

type window struct {
	ends time.Time
	used int
}

func newLimiter(cfg RateLimit, p Profile) *limiter {
	return &limiter{cfg: cfg, profile: p, windows: make(map[string]*window)}
}

// A quota is what one call finds.
type quota struct {
	remaining int
	reset     time.Time
	exceeded  bool
}

// take counts one call of a company.
func (l *limiter) take(company string, now time.Time) quota {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[company]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(l.cfg.Window)}
		l.windows[company] = w
	}
	if w.used >= l.cfg.Limit {
		return quota{reset: w.ends, exceeded: true}
	}
	w.used++
	return quota{remaining: l.cfg.Limit - w.used, reset: w.ends}
}

// describe sets the four headers that are on every answer.
func (l *limiter) describe(h http.Header, q quota, now time.Time) {
	reset := int64(seconds(q.reset.Sub(now)))
	if l.profile.RateLimitResetEpoch {
		reset = q.reset.Unix()
	}
	h.Set("X-RateLimit-Limit", strconv.Itoa(l.cfg.Limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(q.remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset, 10))
	h.Set("X-RateLimit-Policy", l.cfg.Policy)
}

// refuse answers 429.
func (l *limiter) refuse(w http.ResponseWriter, q quota, now time.Time) {
	after := strconv.Itoa(seconds(q.reset.Sub(now)))
	w.Header().Set("Retry-After", after)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	body := strings.ReplaceAll(l.profile.RateLimitBody, "{seconds}", after)
	_, _ = w.Write([]byte(body)) // the client may be gone
}

// seconds rounds up: a client that waits this long finds the window open.
func seconds(d time.Duration) int {
	return int((max(d, 0) + time.Second - 1) / time.Second)
}
