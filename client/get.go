package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
func (c *Client) getState(ctx context.Context, id string) (erp.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	resp, err := c.get(ctx, "state", erp.StatePath(id))
	if err != nil {
		return erp.Document{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxState+1))
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

// get makes a GET below the base with our own headers. The answer is one that
// has a body to read; any other is a *ResponseError. A redirect is followed if
// it stays below the base. A 401 is tried once more after a refresh; a 429, and
// a 503 that says for how long, keep all calls back.
func (c *Client) get(ctx context.Context, kind, rel string) (*http.Response, error) {
	refreshed, hops := false, 0
	for {
		sent := httpx.Watch(ctx, sends(http.MethodGet))
		req, err := http.NewRequestWithContext(sent.Context(), http.MethodGet, c.origin.URL(rel), nil)
		if err != nil {
			sent.End()
			return nil, err
		}
		req.Header = c.outgoing(nil)
		if req.Header.Get("Accept") == "" {
			req.Header["Accept"] = []string{"application/json, */*;q=0.8"}
		}
		// What a cache holds may be of before the operation ended.
		req.Header["Cache-Control"], req.Header["Pragma"] = []string{"no-cache"}, []string{"no-cache"}
		start := time.Now()
		resp, err := sent.Take(c.http.Do(req))
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
			if err := c.refresh(ctx); err != nil {
				return nil, err
			}
			continue
		}
		c.obey(resp.StatusCode, resp.Header)
		return nil, refuse(resp, rel)
	}
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
