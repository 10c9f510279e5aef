package client

import (
	"errors"
	"net/http"
	"time"

	"github.com/vismanet-go/background/internal/wire"
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
		c.hold(now.Add(retryAfter(h, now)))
	case http.StatusServiceUnavailable:
		if wait, ok := wire.RetryAfter(h, now); ok {
			c.hold(now.Add(wait))
		}
	}
}

// askedWait is how long the answer to a poll asks to wait before the next one of
// the same operation, 0 if it does not.
func askedWait(doc document, err error) time.Duration {
	wait := doc.wait
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		wait, _ = wire.RetryAfter(refused.Header, time.Now())
	}
	return wait
}
