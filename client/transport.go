package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/httpx"
)

// Transport is an [http.RoundTripper] that runs requests in the background and
// returns their real answers, so that an existing client of the ERP needs no
// change. Make one with [Client.Transport].
//
// Mind the Timeout of the http.Client that uses it. It covers the whole
// round trip, so that it must be longer than the longest operation: set it to
// zero and give requests a context with a deadline instead. When a Timeout
// strikes, net/http throws the error of this Transport away, and with it the
// id of an operation that goes on at the ERP; OnAccepted is told of the
// operation before that, and with a durable store [Client.Pending] has it
// after that.
//
// Requests that Match leaves alone, and those under [InForeground], go straight
// to the transport of [Config.HTTPClient], with [Config.Header]. Requests for
// another origin than BaseURL are refused with [ErrUntrustedURL], because that
// transport would add credentials to them.
//
// A status code is an answer and not an error, as with net/http. There are
// three exceptions, which are an *[OperationError]: an operation that ended
// with a redirect, because the http.Client would follow it; one that the ERP
// could not run and that has no status code; and a failure whose answer is a
// 2xx that does not show it, see [Client.Do]. All other errors are those of
// [Client.Submit] and [Operation.Wait]; net/http wraps them in a *url.Error,
// and errors.As still finds them. Closing the body acknowledges the operation.
//
// A Transport is safe for concurrent use; set its fields before the first.
type Transport struct {
	// Match chooses what runs in the background. Default: [MatchWrites].
	Match func(*http.Request) bool

	// OnAccepted, if set, is called with each operation before its answer is
	// waited for, also if it is uncertain. It must not block. That it panics or
	// ends its goroutine is logged, and the answer is waited for all the same.
	OnAccepted func(context.Context, *Operation)

	c    *Client
	warn sync.Once
}

// Transport returns a new Transport of the client. It ends with the client.
func (c *Client) Transport() *Transport { return &Transport{c: c} }

// changesNothing reports whether a request may be sent any number of times.
func changesNothing(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return false
}

// MatchWrites chooses what changes something: everything below /v1/ and /v2/
// but GET, HEAD and OPTIONS. Only v1 and v2 take background calls.
func MatchWrites(req *http.Request) bool {
	return !changesNothing(req.Method) && MatchAll(req)
}

// MatchAll chooses every request below /v1/ and /v2/, but for the state of
// operations itself.
func MatchAll(req *http.Request) bool {
	segs := strings.Split(strings.ToLower(req.URL.Path), "/")
	for i, seg := range segs[:len(segs)-1] {
		if seg == "v1" || seg == "v2" {
			return segs[i+1] != "background"
		}
	}
	return false
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.matches(req) {
		return t.c.foreground(req, t.c.http.Transport.RoundTrip)
	}
	t.warnOfDeadline(req.Context())
	resp, err := t.c.roundTrip(req, t.OnAccepted)
	if err != nil || resp.StatusCode < 300 || resp.StatusCode > 399 {
		return resp, err
	}
	return redirected(req, resp)
}

// matches reports whether a request runs in the background.
func (t *Transport) matches(req *http.Request) bool {
	if ch, said := chosen(req.Context()); said {
		return ch.background
	}
	if t.Match == nil {
		return MatchWrites(req)
	}
	return t.Match(req)
}

// warnOfDeadline tells, once, of a context that is too short.
func (t *Transport) warnOfDeadline(ctx context.Context) {
	end, ok := ctx.Deadline()
	if !ok || time.Until(end) >= time.Minute {
		return
	}
	t.warn.Do(func() {
		t.c.log.WarnContext(ctx, "a background call has less than a minute: check http.Client.Timeout", "left", time.Until(end))
	})
}

// redirected is the error of an operation that ended with a redirect.
func redirected(req *http.Request, resp *http.Response) (*http.Response, error) {
	resp.Body.Close()
	return nil, &OperationError{
		Method: req.Method, Path: req.URL.Path, Status: "Finished", StatusCode: resp.StatusCode, Header: resp.Header,
		Message: "a redirect is not followed",
	}
}

// foreground sends a request as it is, once.
func (c *Client) foreground(req *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	refuse := func(err error) (*http.Response, error) {
		closeBody(req)
		return nil, err
	}
	if c.life.Err() != nil {
		return refuse(ErrClosed)
	}
	if err := c.origin.Covers(req); err != nil {
		return refuse(err)
	}
	if err := sendable(req.Header); err != nil {
		return refuse(fmt.Errorf("request header %w", err))
	}
	query, err := erp.EscapedQuery(req.URL.RawQuery)
	if err != nil {
		return refuse(fmt.Errorf("request URL: %w", err))
	}
	sent := httpx.Watch(c.charging(req.Context()), sends(req.Method))
	out := req.Clone(sent.Context())
	out.URL.RawQuery = query
	c.withBody(out)
	if !changesNothing(req.Method) {
		// net/http would send it again on its own.
		out.GetBody = nil
		out.Header.Del("Idempotency-Key")
		out.Header.Del("X-Idempotency-Key")
	}
	for name, values := range c.cfg.Header {
		if _, set := out.Header[name]; !set {
			if out.Header == nil {
				out.Header = make(http.Header)
			}
			out.Header[name] = values
		}
	}
	if err := c.awaitTurn(req.Context(), time.Time{}, &turn{class: budget.Submit}); err != nil {
		sent.End()
		return refuse(err)
	}
	start := time.Now()
	resp, err := sent.Take(send(out))
	c.turnOver(budget.Submit, resp, err)
	c.observe(req.Context(), "foreground", req.Method, start, resp, err)
	return resp, err
}
