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
	cfg Limits

	mu      sync.Mutex // guards windows
	windows map[string]*window
}

type window struct {
	ends    time.Time
	used    int
	blocked time.Time // until then; zero: not
}

// NewLimiter returns a limiter that no company has called yet.
func NewLimiter(cfg Limits) *Limiter {
	return &Limiter{cfg: cfg, windows: make(map[string]*window)}
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
}

// Take counts one call of a company; a free one only looks.
func (l *Limiter) Take(company string, free bool, now time.Time) Quota {
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
	return Quota{Remaining: l.cfg.Limit - w.used, Reset: w.ends}
}

func (w *window) refuse(block time.Duration, now time.Time) Quota {
	q := Quota{Reset: w.ends, Exceeded: true}
	if block > 0 {
		w.blocked = now.Add(block)
	}
	if w.blocked.After(q.Reset) {
		q.Reset = w.blocked
	}
	return q
}

// Describe sets the four headers that are on every answer.
func (l *Limiter) Describe(h http.Header, q Quota, now time.Time) {
	reset := int64(wire.Seconds(q.Reset.Sub(now)))
	if l.cfg.ResetEpoch {
		reset = q.Reset.Add(time.Second - 1).Unix()
	}
	v := []string{strconv.Itoa(l.cfg.Limit), strconv.Itoa(q.Remaining), strconv.FormatInt(reset, 10), l.cfg.Policy}
	// As Header.Set does, which would make these names canonical each time.
	h["X-Ratelimit-Limit"] = v[0:1:1]
	h["X-Ratelimit-Remaining"] = v[1:2:2]
	h["X-Ratelimit-Reset"] = v[2:3:3]
	h["X-Ratelimit-Policy"] = v[3:4:4]
}

// Refuse answers 429.
func (l *Limiter) Refuse(w http.ResponseWriter, q Quota, now time.Time) {
	wait := q.Reset.Sub(now)
	w.Header().Set("Retry-After", wire.RetryAfter(wait, l.cfg.RetryAfterDate, now))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	body := strings.ReplaceAll(l.cfg.Body, "{seconds}", strconv.Itoa(wire.Seconds(wait)))
	_, _ = w.Write([]byte(body)) // the client may be gone
}
