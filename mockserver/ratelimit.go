package mockserver

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RateLimit is a fixed window of calls per company; polls count, unless
// Profile.PollsAreFree is set.
type RateLimit struct {
	Limit  int           // calls in the window; default 15000
	Window time.Duration // default 1 h, from the company's first call
	Policy string        // name shown in X-RateLimit-Policy; default "4-fixed-window"

	// Block, if not 0, refuses a company that made one call too many for this
	// long, also beyond the end of the window; each further call begins it
	// anew. See [OldHostLimit].
	Block time.Duration
}

// OldHostLimit is what was measured at the old host in August 2026: about ten
// quick calls, and then refusals that outlast waits of two minutes.
func OldHostLimit() RateLimit {
	return RateLimit{Limit: 10, Window: time.Minute, Policy: "6-fixed-window", Block: 5 * time.Minute}
}

func (l RateLimit) validate() error {
	return errors.Join(
		notNegative("RateLimit.Limit", l.Limit), notNegative("RateLimit.Window", l.Window), notNegative("RateLimit.Block", l.Block),
	)
}

// limiter counts calls in a fixed window per company.
type limiter struct {
	cfg     RateLimit
	profile Profile

	mu      sync.Mutex // guards windows
	windows map[string]*window
}

type window struct {
	ends    time.Time
	used    int
	blocked time.Time // until then; zero: not
}

func newLimiter(cfg RateLimit, p Profile) *limiter {
	return &limiter{cfg: cfg, profile: p, windows: make(map[string]*window)}
}

// reset forgets a company, or all of them.
func (l *limiter) reset(company string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if company == "" {
		clear(l.windows)
	}
	delete(l.windows, company)
}

// A quota is what one call finds.
type quota struct {
	remaining int
	reset     time.Time
	exceeded  bool
}

// take counts one call of a company; a free one only looks.
func (l *limiter) take(company string, free bool, now time.Time) quota {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[company]
	if w == nil || !now.Before(w.ends) && !now.Before(w.blocked) {
		w = &window{ends: now.Add(l.cfg.Window)}
		l.windows[company] = w
	}
	switch {
	case free:
	case w.used < l.cfg.Limit:
		w.used++
	default:
		return w.refuse(l.cfg.Block, now)
	}
	return quota{remaining: l.cfg.Limit - w.used, reset: w.ends}
}

func (w *window) refuse(block time.Duration, now time.Time) quota {
	q := quota{reset: w.ends, exceeded: true}
	if block > 0 {
		w.blocked = now.Add(block)
	}
	if w.blocked.After(q.reset) {
		q.reset = w.blocked
	}
	return q
}

// describe sets the four headers that are on every answer.
func (l *limiter) describe(h http.Header, q quota, now time.Time) {
	reset := int64(seconds(q.reset.Sub(now)))
	if l.profile.RateLimitResetEpoch {
		reset = q.reset.Add(time.Second - 1).Unix()
	}
	v := []string{strconv.Itoa(l.cfg.Limit), strconv.Itoa(q.remaining), strconv.FormatInt(reset, 10), l.cfg.Policy}
	// As Header.Set does, which would make these names canonical each time.
	h["X-Ratelimit-Limit"] = v[0:1:1]
	h["X-Ratelimit-Remaining"] = v[1:2:2]
	h["X-Ratelimit-Reset"] = v[2:3:3]
	h["X-Ratelimit-Policy"] = v[3:4:4]
}

// refuse answers 429.
func (l *limiter) refuse(w http.ResponseWriter, q quota, now time.Time) {
	wait := q.reset.Sub(now)
	w.Header().Set("Retry-After", retryAfter(wait, l.profile.RetryAfterDate, now))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	body := strings.ReplaceAll(l.profile.RateLimitBody, "{seconds}", strconv.Itoa(seconds(wait)))
	_, _ = w.Write([]byte(body)) // the client may be gone
}

// seconds rounds up: a client that waits this long finds the window open.
func seconds(d time.Duration) int {
	n := int(max(d, 0) / time.Second)
	if d > 0 && d%time.Second > 0 {
		n++
	}
	return n
}
