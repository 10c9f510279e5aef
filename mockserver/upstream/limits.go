package upstream

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/backoff"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/mockserver"
)

// unasked is how long a call waits that was refused with 429 and no word of how
// long.
var unasked = backoff.Policy{First: time.Second, Factor: 2, Limit: time.Minute}

// limits are what is known of the upstream's limits: until when a company's calls
// in the background wait, by its clock. The zero value knows of none.
type limits struct {
	mu     sync.Mutex // guards paused
	paused map[string]time.Time
}

// await waits until a company may call, but no longer than at most, and returns how
// long that was. Another call may make the wait longer meanwhile.
func (l *limits) await(ctx context.Context, company string, most time.Duration) (waited time.Duration, err error) {
	for {
		wait := min(l.left(company, mockserver.Now(ctx)), most-waited)
		if wait <= 0 {
			return waited, nil
		}
		if err := mockserver.Sleep(ctx, wait); err != nil {
			return waited, err
		}
		waited += wait
	}
}

// left is how long a company has to wait yet.
func (l *limits) left(company string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, ok := l.paused[company]
	if !ok {
		return 0
	}
	if !now.Before(until) {
		delete(l.paused, company)
	}
	return until.Sub(now)
}

// pause has a company wait until a time, if it does not wait longer anyway.
func (l *limits) pause(company string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paused == nil {
		l.paused = make(map[string]time.Time)
	}
	if until.After(l.paused[company]) {
		l.paused[company] = until
	}
}

// heard takes what an answer says of limits: when nothing is left of one, the
// company waits until that has ended.
func (l *limits) heard(company string, h http.Header, now time.Time) {
	if wait := exhausted(h, now); wait > 0 {
		l.pause(company, now.Add(wait))
	}
}

// reset forgets a company, or all of them.
func (l *limits) reset(company string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if company == "" {
		l.paused = nil
		return
	}
	delete(l.paused, company)
}

// exhausted is how long it takes until something is left again of each limit of
// which an answer says that nothing is.
func exhausted(h http.Header, now time.Time) (wait time.Duration) {
	var room [4]wire.Limit
	for _, limit := range wire.AppendLimits(room[:0], h, now) {
		if limit.Remaining == 0 {
			wait = max(wait, limit.Reset)
		}
	}
	return wait
}

// asksToWait is how long a refusal asks to wait: by Retry-After, else by the limits
// of which nothing is left, else by the end of the window.
func asksToWait(h http.Header, now time.Time) (time.Duration, bool) {
	if wait, ok := wire.RetryAfter(h, now); ok {
		return wait, true
	}
	if wait := exhausted(h, now); wait > 0 {
		return wait, true
	}
	return wire.LimitReset(h, now)
}
