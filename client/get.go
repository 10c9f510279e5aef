package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxState bounds a state document in bytes.
const maxState = 1 << 20

func statePath(id string) string   { return "/v1/background/" + id }
func contentPath(id string) string { return "/v1/background/" + id + "/content" }

// getState reads the state of an operation.
func (c *Client) getState(ctx context.Context, id string) (document, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	resp, err := c.get(ctx, "state", statePath(id))
	if err != nil {
		return document{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxState+1))
	if err != nil {
		return document{}, fmt.Errorf("state of %s: %w", id, err)
	}
	if len(body) > maxState {
		return document{}, fmt.Errorf("state of %s: %w (%d bytes)", id, ErrTooLarge, maxState)
	}
	return parseState(body)
}

// get makes a GET below the base with our own headers. The answer is a 200;
// any other is a *ResponseError. A 401 is tried once more after a refresh, a
// 429 keeps all looks back for as long as it says.
func (c *Client) get(ctx context.Context, kind, rel string) (*http.Response, error) {
	for try := 0; ; try++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.origin.url(rel), nil)
		if err != nil {
			return nil, err
		}
		req.Header = c.outgoing(nil)
		if req.Header.Get("Accept") == "" {
			req.Header["Accept"] = []string{"application/json, */*;q=0.8"}
		}
		start := time.Now()
		resp, err := c.http.Do(req)
		c.observe(ctx, kind, req.Method, start, resp, err)
		if err != nil {
			return nil, fmt.Errorf("GET %s: %w", rel, bare(err))
		}
		switch resp.StatusCode {
		case http.StatusOK:
			return resp, nil
		case http.StatusUnauthorized:
			if try == 0 && c.cfg.Refresh != nil {
				refuse(resp, rel) // drains the body, so that the connection is kept
				if err := c.cfg.Refresh(ctx); err != nil {
					return nil, fmt.Errorf("refresh the credentials: %w", err)
				}
				continue
			}
		case http.StatusTooManyRequests:
			c.hold(time.Now().Add(retryAfter(resp.Header, time.Now())))
		}
		return nil, refuse(resp, rel)
	}
}

// refuse reads and closes an answer that is not a 200.
func refuse(resp *http.Response, rel string) *ResponseError {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	e := &ResponseError{Method: http.MethodGet, Path: pathOf(rel), StatusCode: resp.StatusCode, Header: resp.Header, Body: body}
	e.Message, e.FaultCode = messageIn(body)
	return e
}
