package client

import (
	"context"
	"net/http"
	"time"

	"github.com/vismanet-go/background/store"
)

// observe tells the observer of one call.
func (c *Client) observe(ctx context.Context, kind, method string, start time.Time, resp *http.Response, err error) {
	call := Call{Kind: kind, Method: method, Duration: time.Since(start), Err: bare(err)}
	if resp != nil {
		call.StatusCode = resp.StatusCode
		if resp.ProtoMajor > 0 {
			c.http2.Store(resp.ProtoMajor == 2)
		}
	}
	c.cfg.Observer.Call(ctx, call)
}

// How the end of an operation was found.
const (
	byNotification = "notification"
	byPoll         = "poll"
	byForeground   = "foreground"
	byPerson       = "person"
	byResolver     = "resolver"
)

// observeEnd tells the observer that an operation has ended, of which rec is
// the record after that.
func (c *Client) observeEnd(ctx context.Context, rec *store.Record, by string) {
	c.heard(ctx, rec, by)
	if _, deaf := c.cfg.Observer.(NopObserver); deaf {
		return
	}
	seen := stateOf(*rec)
	s := Settled{
		Ref: rec.Ref, ID: rec.ID, Method: rec.Method, Route: routeOf(rec.Path), Kind: rec.Kind, Link: rec.Link,
		Outcome: Failed, StatusCode: seen.StatusCode, By: by, Late: rec.Late, Polls: seen.Polls, Ran: seen.ran(),
	}
	end := rec.SettledAt
	switch {
	case rec.Phase == store.Expired:
		s.Outcome, end = Expired, rec.EndedAt
		s.Polls++ // the poll that found it gone
	case rec.Outcome != nil && rec.Outcome.Succeeded():
		s.Outcome = Succeeded
	}
	s.QueueTime, s.RunTime = seen.queued(), seen.executed()
	if late, known := detectionDelay(rec); known && (by == byPoll || by == byNotification) {
		s.DetectionDelay = late
	}
	if !rec.AcceptedAt.IsZero() {
		s.Duration = max(0, end.Sub(rec.AcceptedAt))
	}
	c.cfg.Observer.Settled(ctx, s)
}

// soughtBy tells what a poll of the record was made for.
func soughtBy(rec *store.Record) string {
	if rec.Notification != nil {
		return byNotification
	}
	return byPoll
}

// observeHandler tells the observer that a handler is about to run.
func (c *Client) observeHandler(ctx context.Context, rec store.Record) (context.Context, func(Handled)) {
	if nop, deaf := c.cfg.Observer.(NopObserver); deaf {
		return nop.Handle(ctx, Handling{})
	}
	return c.cfg.Observer.Handle(ctx, Handling{
		Ref: rec.Ref, ID: rec.ID, Method: rec.Method, Route: routeOf(rec.Path), Kind: rec.Kind, Link: rec.Link,
		Attempt: rec.Attempts, Delay: max(0, time.Since(rec.Due)),
	})
}

// attend tells the observer that something needs a person.
func (c *Client) attend(ctx context.Context, rec store.Record, need Need) {
	c.cfg.Observer.Attention(ctx, Attention{
		Need: need, Ref: rec.Ref, ID: rec.ID, Method: rec.Method, Route: routeOf(rec.Path), Kind: rec.Kind, Link: rec.Link,
	})
}
