package gate

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// SameLimits are how often equal requests may be made. A count of 0 is no
// limit.
type SameLimits struct {
	Calls        int           // equal requests
	Window       time.Duration // in so long
	Failed       int           // equal requests that failed
	FailedWindow time.Duration // in so long
	PathOnly     bool          // those of one path are equal, whatever else they hold
	ResetEpoch   bool          // as in [Limits]
	DateAfter    bool          // Retry-After is a date
}

// on reports whether anything is limited.
func (l SameLimits) on() bool { return l.Calls > 0 || l.Failed > 0 }

// A SameLimiter counts equal requests of each company, over windows that slide.
type SameLimiter struct {
	of func(company string) SameLimits

	mu    sync.Mutex // guards what follows
	made  map[sameRequest]*calls
	prune int // how many made may hold before what is over is dropped
}

// sameRequest is what makes requests equal.
type sameRequest struct{ company, method, uri, body string }

// calls are the times of what still counts, oldest first.
type calls struct{ all, failed []time.Time }

// NewSameLimiter returns a limiter that knows of no request. Of tells the limits
// of a company.
func NewSameLimiter(of func(company string) SameLimits) *SameLimiter {
	return &SameLimiter{of: of, made: make(map[sameRequest]*calls), prune: 1024}
}

// Reset forgets a company, or all of them.
func (l *SameLimiter) Reset(company string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.made {
		if company == "" || key.company == company {
			delete(l.made, key)
		}
	}
}

// A Same is one request among its equals. The zero value is not counted.
type Same struct {
	limiter *SameLimiter
	limits  SameLimits
	key     sameRequest
}

// Of finds the equals of a request. Uri is what is asked for, with the query.
func (l *SameLimiter) Of(company, method, uri string, body []byte) Same {
	limits := l.of(company)
	if !limits.on() {
		return Same{}
	}
	key := sameRequest{company: company, method: method, uri: strings.ToLower(uri), body: string(body)}
	if limits.PathOnly {
		path, _, _ := strings.Cut(key.uri, "?")
		key = sameRequest{company: company, uri: path}
	}
	return Same{l, limits, key}
}

// Take counts a request, and returns how long to wait if it is one too many,
// which is then not counted.
func (s Same) Take(now time.Time) (wait time.Duration) {
	l := s.limiter
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.callsOf(s.key, now)
	if s.limits.Calls > 0 && len(c.all) >= s.limits.Calls {
		wait = c.all[len(c.all)-s.limits.Calls].Add(s.limits.Window).Sub(now)
	}
	if s.limits.Failed > 0 && len(c.failed) >= s.limits.Failed {
		wait = max(wait, c.failed[len(c.failed)-s.limits.Failed].Add(s.limits.FailedWindow).Sub(now))
	}
	if wait == 0 {
		c.all = append(c.all, now)
	}
	return wait
}

// Ended counts a request that was answered with a refusal. A 429 is none.
func (s Same) Ended(status int, now time.Time) {
	l := s.limiter
	if l == nil || status < 400 || status == http.StatusTooManyRequests {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.callsOf(s.key, now)
	c.failed = append(c.failed, now)
}

// callsOf is what still counts of the equals of a request.
func (l *SameLimiter) callsOf(key sameRequest, now time.Time) *calls {
	if len(l.made) >= l.prune {
		for key, c := range l.made {
			if c.forget(l.of(key.company), now); len(c.all)+len(c.failed) == 0 {
				delete(l.made, key)
			}
		}
		l.prune = max(1024, 2*len(l.made))
	}
	c := l.made[key]
	if c == nil {
		c = &calls{}
		l.made[key] = c
	}
	c.forget(l.of(key.company), now)
	return c
}

// forget drops what does not count any more.
func (c *calls) forget(l SameLimits, now time.Time) {
	c.all, c.failed = since(c.all, now.Add(-l.Window)), since(c.failed, now.Add(-l.FailedWindow))
}

// since are the times after t.
func since(times []time.Time, t time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(t) {
		times = times[1:]
	}
	return times
}

// Refuse answers 429 as the old gateway words it.
func (s Same) Refuse(w http.ResponseWriter, wait time.Duration, messageID string, now time.Time) {
	reset := int64(wire.Seconds(wait))
	if s.limits.ResetEpoch {
		reset = now.Add(wait + time.Second - 1).Unix()
	}
	h := w.Header()
	h.Set("X-RateLimit-Policy", "IntervalLimit")
	h.Set("X-RateLimit-Reset", strconv.FormatInt(reset, 10))
	h.Set("X-RateLimit-Remaining", "0")
	h.Set("Retry-After", wire.RetryAfter(wait, s.limits.DateAfter, now))
	h.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write(wire.JSON(GatewayError{ // the client may be gone
		ExceptionType: "IPPException", ExceptionMessage: "Same request made too many times", ExceptionMessageID: messageID,
	}))
}
