package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"sync"

	"github.com/vismanet-go/background/internal/usercode"
)

// Do runs a request in the background and returns its real answer: status
// code, header and body as if it had run in the foreground. It has the shape
// of the HTTP doer that generated clients take, so that a generated client of
// the ERP runs in the background unchanged:
//
//	api, err := erp.NewClientWithResponses(base, erp.WithHTTPClient(c))
//
// As with net/http every status code is an answer and not an error, whether the
// ERP refused the request or answered it so; a 2xx whose body says that an
// action failed is one too. A failure that its answer does not show, a 2xx that
// a [Verifier] refuted for example, is an [*OperationError]. All other errors
// are those of [Client.Submit] and [Operation.Wait]; the request's context
// bounds the whole. Closing the body acknowledges the operation.
//
// Options come with the request's context: see [InBackground]. Under
// [InForeground] the request is sent as it is, once, with [Config.Header] and
// whatever [Config.HTTPClient] adds.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if req == nil {
		return nil, errors.New("do: no request")
	}
	if ch, said := chosen(req.Context()); said && !ch.background {
		return c.foreground(c.absolute(req), c.http.Do)
	}
	return c.roundTrip(req, nil)
}

// absolute returns the request with a URL below the base in place of one that
// is relative to it.
func (c *Client) absolute(req *http.Request) *http.Request {
	if req.URL == nil || req.URL.Host != "" || req.URL.Scheme != "" || req.URL.Opaque != "" {
		return req
	}
	u, err := url.Parse(c.origin.URL(req.URL.RequestURI()))
	if err != nil {
		return req // what sends it says why not
	}
	out := *req
	out.URL = u
	return &out
}

// roundTrip is a submit and a wait that behave as one HTTP call. accepted, if
// not nil, is called with the operation before the wait.
func (c *Client) roundTrip(req *http.Request, accepted func(context.Context, *Operation)) (*http.Response, error) {
	op, refused, err := c.submitFirst(req, accepted)
	if op == nil {
		return refused, err
	}
	res, err := op.Wait(req.Context())
	return c.answer(req, op, res, err)
}

// submitFirst submits for a round trip. Without an operation there is the answer that
// refused it, or an error.
func (c *Client) submitFirst(req *http.Request, accepted func(context.Context, *Operation)) (*Operation, *http.Response, error) {
	ctx := req.Context()
	var op *Operation
	var err error
	apart(func() { op, err = c.submitWith(ctx, req, SubmitOptions{}, KindHTTP) })
	if op != nil && accepted != nil {
		c.tellAccepted(ctx, op, accepted)
	}
	if _, unrecorded := errors.AsType[*RecordError](err); unrecorded {
		err = nil // it is accepted; the wait records it
	}
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		return nil, refused.response(req), nil
	}
	if err != nil {
		return nil, nil, err
	}
	return op, nil, nil
}

// apart calls f in a goroutine of its own, and ends as f does: it returns, panics, or
// ends its goroutine. The stack of a submit is 16 kB, of which the caller's would keep
// half for as long as it waits; below an http.Client it is 4 kB so.
func apart(f func()) {
	done := make(chan struct{})
	var panicked any
	returned := false
	go func() {
		defer close(done)
		defer func() {
			if !returned {
				panicked = recover()
			}
		}()
		f()
		returned = true
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
	if !returned {
		runtime.Goexit()
	}
}

// answer is the answer of an operation for which a wait returned res and err.
func (c *Client) answer(req *http.Request, op *Operation, res *Result, err error) (*http.Response, error) {
	ctx := req.Context()
	if err != nil && !tellsItself(res, err) {
		return nil, err
	}
	resp, err := res.Response(ctx)
	if err != nil {
		return nil, err
	}
	resp.Request = req
	resp.Body = &ackBody{ReadCloser: resp.Body, ack: func() {
		ctx := recording(ctx)
		defer ctx.done()
		if err := op.Ack(ctx); err != nil {
			c.log.WarnContext(ctx, "not acknowledged", "ref", op.ref, "error", err)
		}
	}}
	return resp, nil
}

// tellsItself reports whether the answer of an operation that did not succeed
// says so, as it would have in the foreground: by its status code or its body.
// A 2xx that a verifier refuted, or of an operation that the ERP calls failed,
// would be taken for success.
func tellsItself(res *Result, err error) bool {
	_, ended := errors.AsType[*OperationError](err)
	if !ended || res == nil || res.StatusCode == 0 {
		return false
	}
	return res.StatusCode < 200 || res.StatusCode > 299 || res.failure
}

// tellAccepted calls the application's code between acceptance and answer, which
// must not lose the operation.
func (c *Client) tellAccepted(ctx context.Context, op *Operation, accepted func(context.Context, *Operation)) {
	err := usercode.Call("Transport.OnAccepted", func() error {
		accepted(ctx, op)
		return nil
	})
	if err != nil {
		c.log.ErrorContext(ctx, "OnAccepted did not return", append([]any{"ref", op.ref, "id", op.id}, usercode.Logged(err)...)...)
	}
}

// response rebuilds the answer of a refused request.
func (e *ResponseError) response(req *http.Request) *http.Response {
	h := e.Header.Clone()
	h.Del("Content-Length")
	if len(e.Body) == 0 {
		h.Del("Content-Type") // there is nothing that could be of a type
	}
	return &http.Response{
		Status:     strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode),
		StatusCode: e.StatusCode, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(e.Body)), ContentLength: int64(len(e.Body)), Request: req,
	}
}

// ackBody acknowledges when it is closed, once.
type ackBody struct {
	io.ReadCloser
	once sync.Once
	ack  func()
}

func (b *ackBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(b.ack)
	return err
}
