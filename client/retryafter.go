package client

import (
	"errors"
	"maps"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/wire"
	"github.com/vismanet-go/background/store"
)

// askedWait is how long the answer to a poll asks to wait before the next one of
// the same operation, 0 if it does not.
func askedWait(doc erp.Document, err error) time.Duration {
	wait := doc.Wait
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		wait, _ = wire.RetryAfter(refused.Header, time.Now())
	}
	return wait
}

// postpone keeps an operation from being polled before a time that its 202, or the
// answer to a poll, asked for. That is forgotten with the process.
func (c *Client) postpone(ref string, wait time.Duration) {
	now := time.Now()
	if wait <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.asked) >= 1024 { // those that nobody polled
		maps.DeleteFunc(c.asked, func(_ string, until time.Time) bool { return until.Before(now) })
	}
	c.asked[ref] = now.Add(wait)
}

// askedUntil is the time before which an operation is not polled because an answer
// asked for that.
func (c *Client) askedUntil(ref string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[ref]
}

// postponed is askedUntil for a record. A notification is news that the answer could
// not know of.
func (c *Client) postponed(rec *store.Record) time.Time {
	if rec.Notification != nil {
		return time.Time{}
	}
	return c.askedUntil(rec.Ref)
}
