package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// A health check waits no longer than this for the ERP.
	accessTimeout = 2 * time.Second
	// However often it is asked, a call that fails is repeated no sooner.
	accessPause = 30 * time.Second
)

// access tells whether the ERP lets us in. A wrong secret is found out by a
// token, which is kept and costs no call while it is good; a token that the ERP
// refuses, because it is for another tenant, by one harmless GET. Once that has
// been answered it is not made again, unless a call is refused.
type access struct {
	erp erpAccess

	mu     sync.Mutex // guards what is below
	let    bool       // the ERP has answered
	failed error      // what the last call ended with
	next   time.Time  // no call before
}

var errNotAsked = errors.New("the ERP has not answered yet")

// check reports why the ERP cannot be called.
func (c *access) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, accessTimeout)
	defer cancel()
	if c.erp.token != nil {
		// The source spaces its calls itself, whoever asks.
		if err := c.erp.token(ctx); err != nil {
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

// doubt has the ERP asked again, because it refused somebody's credentials.
func (c *access) doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.let = false
}

// call reads one invoice, in the foreground.
func (c *access) call(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.erp.baseURL+"/v1/customerinvoice?pageSize=1", nil)
	if err != nil {
		return err
	}
	resp, err := c.erp.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<20)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return fmt.Errorf("the ERP answered %s: are ERP_URL and ERP_TENANT_ID right, and has the company approved the application?", resp.Status)
	}
	return nil // it knows us, whatever else is wrong
}
