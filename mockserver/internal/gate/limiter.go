package gate

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// Limits are how many calls a company may make.
type Limits struct {
	Limit  int           // in the window
	Window time.Duration // from the company's first call
	Policy string        // its name
	Block  time.Duration // refuses for so long what made one call too many; 0: until the window ends

	ResetEpoch     bool   // the end of the window is told as Unix time
	RetryAfterDate bool   // how long to wait is told as a date
	Body           string // of a 429; "{seconds}" is replaced
}

// A Limiter counts calls in a fixed window per company.
type Limiter struct {
	of func(company string) Limits

	mu      sync.Mutex // guards windows
	windows map[string]*window
}

type window struct {
	ends    time.Time
	used    int
	blocked time.Time // until then; zero: not
}

// NewLimiter returns a limiter that no company has called yet. Of tells the
// limits of a company.
func NewLimiter(of func(company string) Limits) *Limiter {
	return &Limiter{of: of, windows: make(map[string]*window)}
}

// Reset forgets a company, or all of them.
func (l *Limiter) Reset(company string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if company == "" {
		clear(l.windows)
	}
	delete(l.windows, company)
}

// A Quota is what one call finds.
type Quota struct {
	Remaining int
	Reset     time.Time // of the window
	Exceeded  bool      // the call is one too many

	limits Limits // that it is counted by
}

// Take counts one call of a company; a free one only looks.
func (l *Limiter) Take(company string, free bool, now time.Time) Quota {
	limits := l.of(company)
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[company]
	if w == nil || !now.Before(w.ends) && !now.Before(w.blocked) {
		w = &window{ends: now.Add(limits.Window)}
		l.windows[company] = w
	}
	switch {
	case free:
	case w.used < limits.Limit:
		w.used++
	default:
		return w.refuse(limits, now)
	}
	return Quota{Remaining: max(0, limits.Limit-w.used), Reset: w.ends, limits: limits}
}

func (w *window) refuse(limits Limits, now time.Time) Quota {
	q := Quota{Reset: w.ends, Exceeded: true, limits: limits}
	if limits.Block > 0 {
		w.blocked = now.Add(limits.Block)
	}
	if w.blocked.After(q.Reset) {
		q.Reset = w.blocked
	}
	return q
}

// Used is how many calls of a company are counted in its present window, and
// when that ends; zero without one.
func (l *Limiter) Used(company string, now time.Time) (used int, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[company]
	if w == nil || !now.Before(w.ends) && !now.Before(w.blocked) {
		return 0, time.Time{}
	}
	ends = w.ends
	if w.blocked.After(ends) {
		ends = w.blocked
	}
	return w.used, ends
}

// Describe sets the four headers that are on every answer.
func (q Quota) Describe(h http.Header, now time.Time) {
	reset := int64(wire.Seconds(q.Reset.Sub(now)))
	if q.limits.ResetEpoch {
		reset = q.Reset.Add(time.Second - 1).Unix()
	}
	v := []string{strconv.Itoa(q.limits.Limit), strconv.Itoa(q.Remaining), strconv.FormatInt(reset, 10), q.limits.Policy}
	// As Header.Set does, which would make these names canonical each time.
	h["X-Ratelimit-Limit"] = v[0:1:1]
	h["X-Ratelimit-Remaining"] = v[1:2:2]
	h["X-Ratelimit-Reset"] = v[2:3:3]
	h["X-Ratelimit-Policy"] = v[3:4:4]
}

// Refuse answers 429.
func (q Quota) Refuse(w http.ResponseWriter, now time.Time) {
	wait := q.Reset.Sub(now)
	w.Header().Set("Retry-After", wire.RetryAfter(wait, q.limits.RetryAfterDate, now))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	body := strings.ReplaceAll(q.limits.Body, "{seconds}", strconv.Itoa(wire.Seconds(wait)))
	_, _ = w.Write([]byte(body)) // the client may be gone
}
