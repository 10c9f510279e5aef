package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/internal/wire"
)

// maxState bounds a state document in bytes.
const maxState = 1 << 20

// maxRedirects is how many redirects of one GET are followed.
const maxRedirects = 5

// getState reads the state of an operation. A document of another operation is
// an error: a cache or a proxy mixed them up.
func (c *Client) getState(ctx context.Context, t *turn, id string) (erp.Document, error) {
	resp, err := c.get(ctx, time.Now().Add(c.cfg.CallTimeout), t, "state", erp.StatePath(id))
	if err != nil {
		return erp.Document{}, err
	}
	defer resp.Body.Close()
	body, err := wire.ReadAll(resp.Body, resp.ContentLength, maxState)
	if err != nil {
		return erp.Document{}, fmt.Errorf("state of %s: %w", id, err)
	}
	if len(body) > maxState {
		return erp.Document{}, fmt.Errorf("state of %s: %w (%d bytes)", id, ErrTooLarge, maxState)
	}
	doc, err := erp.ParseDocument(wire.Document(body, resp.Header.Get("Content-Type")))
	if err != nil {
		return erp.Document{}, err
	}
	if doc.ID != "" && !erp.SameID(doc.ID, id) {
		return erp.Document{}, fmt.Errorf("state of %s: the document is that of another operation, %s", id, cut(doc.ID, 64))
	}
	doc.Wait, _ = wire.RetryAfter(resp.Header, time.Now())
	return doc, nil
}

// get makes a GET below the base with our own headers, which ends at a time with
// the reading of its answer, unless that is zero. The answer is one that
// has a body to read; any other is a *ResponseError. A redirect is followed if
// it stays below the base. A 401 is tried once more after a refresh. Each call
// has its turn in the budget, the first one perhaps already.
func (c *Client) get(ctx context.Context, end time.Time, t *turn, kind, rel string) (*http.Response, error) {
	ctx = c.charging(ctx)
	refreshed, hops := false, 0
	for {
		u, err := url.Parse(c.origin.URL(rel))
		if err != nil {
			return nil, err
		}
		if err := c.awaitTurn(ctx, end, t); err != nil {
			return nil, fmt.Errorf("GET %s: %w", erp.PathOf(rel), err)
		}
		sent := httpx.Bound(ctx, end, sends(http.MethodGet))
		req := c.template.WithContext(sent.Context())
		// A header of its own, because the transport below may write to it.
		req.URL, req.Host, req.Header = u, u.Host, maps.Clone(c.template.Header)
		start := time.Now()
		resp, err := sent.Take(c.call(req))
		c.turnOver(t.class, resp, err)
		c.observe(ctx, kind, req.Method, start, resp, err)
		if err != nil {
			c.forgetSilent(err)
			return nil, fmt.Errorf("GET %s: %w", erp.PathOf(rel), bare(err))
		}
		if hasDocument(resp.StatusCode) {
			if err := wire.Unpack(resp); err != nil {
				resp.Body.Close()
				return nil, fmt.Errorf("GET %s: %w", erp.PathOf(rel), err)
			}
			return resp, nil
		}
		if to, inside := c.origin.Redirected(req.URL, resp); inside && hops < maxRedirects {
			refuse(resp, rel) // drains the body, so that the connection is kept
			rel = to
			hops++
			continue
		}
		if resp.StatusCode == http.StatusUnauthorized && !refreshed && c.cfg.Refresh != nil {
			refuse(resp, rel)
			refreshed = true
			if err := c.refreshUntil(ctx, end); err != nil {
				return nil, err
			}
			continue
		}
		return nil, refuse(resp, rel)
	}
}

// refreshUntil is refresh, which ends at a time unless that is zero.
func (c *Client) refreshUntil(ctx context.Context, end time.Time) error {
	if !end.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end)
		defer cancel()
	}
	return c.refresh(ctx)
}

// newTemplate returns what every GET of the client is made of.
func (c *Client) newTemplate() *http.Request {
	h := c.outgoing(nil)
	if h.Get("Accept") == "" {
		h["Accept"] = []string{"application/json, */*;q=0.8"}
	}
	// What a cache holds may be of before the operation ended.
	h["Cache-Control"], h["Pragma"] = []string{"no-cache"}, []string{"no-cache"}
	return &http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h}
}

// hasDocument reports whether an answer is one that brings what was asked for:
// a 2xx, but for those that have no body by definition, and for a part of one.
func hasDocument(status int) bool {
	switch status {
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		return false
	}
	return status >= 200 && status <= 299
}

// refuse reads and closes an answer that does not bring what was asked for.
func refuse(resp *http.Response, rel string) *ResponseError {
	defer resp.Body.Close()
	e := &ResponseError{Method: http.MethodGet, Path: erp.PathOf(rel), StatusCode: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode != http.StatusSwitchingProtocols { // its body is the connection, of which a read never ends
		_ = wire.Unpack(resp)
		e.Header = resp.Header
		e.Body, _ = io.ReadAll(io.LimitReader(resp.Body, erp.MaxAnswer))
	}
	e.read(resp)
	return e
}

// forgetSilent closes the connections that are idle once a call got no answer
// in time: the one that it was made on may be dead, and a submit on it would
// be uncertain.
func (c *Client) forgetSilent(err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		c.http.CloseIdleConnections()
	}
}
