package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vismanet-go/background/client"
)

const (
	// A health check waits no longer than this for the ERP.
	accessTimeout = 2 * time.Second
	// However often it is asked, a call that fails is repeated no sooner.
	accessPause = 30 * time.Second
)

// access tells whether the ERP lets us in. A wrong secret is found out by a
// token, which is kept and costs no call while it is good; a token that the ERP
// refuses, because it is for another tenant, and whatever else keeps the client from
// the ERP, by the client's Check. Once that has found nothing wrong it is not made again,
// unless a call is refused.
type access struct {
	token  func(context.Context) error // whether there is one; nil: none is needed
	client *client.Client

	mu      sync.Mutex // guards what is below
	let     bool       // the client found nothing wrong
	failed  error      // what the last call ended with
	next    time.Time  // no call before
	doubted time.Time  // see doubt
}

var errNotAsked = errors.New("the ERP has not answered yet")

// check reports why the ERP cannot be called.
func (c *access) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	if c.token != nil {
		// The source spaces its calls itself, whoever asks.
		if err := c.token(ctx); err != nil {
			return err
		}
	}
	if !c.turn() {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.failed
	}
	err := c.call(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.let, c.failed, c.next = err == nil, err, time.Now().Add(accessPause)
	return err
}

// turn reports whether a call is due, and that it is the caller's.
func (c *access) turn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.let || now.Before(c.next) {
		return false
	}
	if c.next.IsZero() {
		c.failed = errNotAsked
	}
	c.next = now.Add(accessPause)
	return true
}

// doubt has the ERP asked again, once for each pause of the outbox: it refused the
// credentials. The pause is zero if there is none.
func (c *access) doubt(pausedUntil time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pausedUntil.After(c.doubted) {
		c.doubted, c.let = pausedUntil, false
	}
}

// call has the client check its way to the ERP. That the ERP fails, or limits us, is
// nothing that another instance of this service could do better.
func (c *access) call(ctx context.Context) error {
	_, err := c.client.Check(ctx)
	wrong, found := errors.AsType[*client.CheckError](err)
	switch {
	case !found || ctx.Err() != nil:
		return err
	case wrong.Field == "":
		return nil
	}
	return fmt.Errorf("%w (see ERP_URL and ERP_TENANT_ID)", err)
}
