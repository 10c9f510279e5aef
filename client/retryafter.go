package client

import (
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// retryAfter reads how long a 429 asks to wait: Retry-After, else
// X-RateLimit-Reset, else a minute. It is bounded by the window of an hour.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if wait, ok := wire.RetryAfter(h, now); ok {
		return wait
	}
	if wait, ok := wire.LimitReset(h, now); ok {
		return wait
	}
	return time.Minute
}

// obey holds the client back as an answer asks: a 429 always does, a 503 if it
// says for how long. Any other answer is about one operation at most.
func (c *Client) obey(status int, h http.Header) {
	now := time.Now()
	switch status {
	case http.StatusTooManyRequests:
		c.pauseUntil(now.Add(retryAfter(h, now)))
	case http.StatusServiceUnavailable:
		if wait, ok := wire.RetryAfter(h, now); ok {
			c.pauseUntil(now.Add(wait))
		}
	}
}

// askedWait is how long the answer to a poll asks to wait before the next one of
// the same operation, 0 if it does not.
func askedWait(doc erp.Document, err error) time.Duration {
	wait := doc.Wait
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		wait, _ = wire.RetryAfter(refused.Header, time.Now())
	}
	return wait
}

// postpone keeps an operation from being polled before a time that its 202 asked
// for. It is forgotten with the process, and by the first poll.
func (c *Client) postpone(ref string, h http.Header) {
	now := time.Now()
	wait, ok := wire.RetryAfter(h, now)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.asked) >= 1024 { // those that nobody polled
		maps.DeleteFunc(c.asked, func(_ string, until time.Time) bool { return until.Before(now) })
	}
	c.asked[ref] = now.Add(wait)
}

// postponed is the time before which a record is not polled because its 202
// asked for that. A notification is news that it could not know of.
func (c *Client) postponed(rec store.Record) time.Time {
	if rec.Notification != nil {
		return time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[rec.Ref]
}
