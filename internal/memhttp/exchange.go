package memhttp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
)

// sentAtOnce is the size up to which a request body of known length counts as
// written before the handler reads it, as it would in a socket's buffer.
const sentAtOnce = 64 << 10

// An exchange is one request and its answer.
type exchange struct {
	req   *http.Request
	trace *httptrace.ClientTrace

	ctx    context.Context // the handler's
	cancel context.CancelFunc
	stop   func() bool // ends the watch over the client's context

	body   *requestBody
	stream *stream
	header chan *http.Response // one value: the handler's header
	failed chan error          // one value: why there will be none
}

func newExchange(req *http.Request, trace *httptrace.ClientTrace) *exchange {
	x := &exchange{
		req:    req,
		trace:  trace,
		stream: newStream(),
		header: make(chan *http.Response, 1),
		failed: make(chan error, 1),
	}
	// A server knows nothing of the client's context but that it went away.
	x.ctx, x.cancel = context.WithCancel(context.Background())
	x.body = &requestBody{src: req.Body, wrote: x.wroteRequest}
	return x
}

// do runs the handler and waits for its header.
func (x *exchange) do(h http.Handler) (*http.Response, error) {
	x.stop = context.AfterFunc(x.req.Context(), func() { x.hangUp(context.Cause(x.req.Context())) })
	go x.serve(h)
	select {
	case resp := <-x.header:
		if f := x.trace.GotFirstResponseByte; f != nil {
			f()
		}
		return resp, nil
	case err := <-x.failed:
		return nil, err
	case <-x.req.Context().Done():
		return nil, context.Cause(x.req.Context())
	}
}

// hangUp is the client going away: with its context, or by closing the body.
func (x *exchange) hangUp(cause error) {
	x.stream.abort(cause)
	x.cancel()
	x.body.abort()
}

// serve is the server's side, in a goroutine of its own.
func (x *exchange) serve(h http.Handler) {
	w := &responseWriter{x: x, h: make(http.Header)}
	finished := false
	defer func() {
		v := recover()
		x.finish(w, v, finished)
	}()
	if err := x.send(); err != nil {
		x.fail(err)
		return
	}
	h.ServeHTTP(w, x.serverRequest())
	finished = true
}

// finish ends the answer: cleanly, or as what the handler's end looks like from
// the other side of a connection.
func (x *exchange) finish(w *responseWriter, panicked any, finished bool) {
	defer x.cancel()
	defer x.body.abort()
	if !w.sent || !w.hasBody() {
		x.stop() // else the client's context ends the reading of the body too
	}
	switch {
	case panicked == nil && finished:
		w.end()
	case panicked == nil || panicked == http.ErrAbortHandler: // nil: runtime.Goexit, as by t.FailNow
		x.breakOff(w, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, io.ErrUnexpectedEOF)
	default:
		err := &PanicError{Value: panicked, Stack: debug.Stack()}
		x.breakOff(w, err, err)
	}
}

// breakOff ends the answer before its end: with the error early where the
// header would have been, with late inside the body.
func (x *exchange) breakOff(w *responseWriter, early, late error) {
	if !w.sent {
		x.fail(early)
	}
	x.stream.end(late)
}

func (x *exchange) fail(err error) {
	select {
	case x.failed <- err:
	default: // told already
	}
}

// send plays the client's writing of the request.
func (x *exchange) send() error {
	if f := x.trace.WroteHeaderField; f != nil {
		for k, v := range x.req.Header {
			f(k, v)
		}
	}
	if f := x.trace.WroteHeaders; f != nil {
		f()
	}
	return x.body.prefetch(x.req.ContentLength)
}

func (x *exchange) wroteRequest(err error) {
	if f := x.trace.WroteRequest; f != nil {
		f(httptrace.WroteRequestInfo{Err: err})
	}
}

// serverRequest is the request as a server would have parsed it.
func (x *exchange) serverRequest() *http.Request {
	uri := x.req.URL.RequestURI()
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		u = &url.URL{Path: x.req.URL.Path, RawPath: x.req.URL.RawPath, RawQuery: x.req.URL.RawQuery}
	}
	r := (&http.Request{
		Method: x.req.Method, URL: u, RequestURI: uri,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.req.Header.Clone(), Host: x.req.Host,
		Body: x.body, ContentLength: x.req.ContentLength,
		RemoteAddr: "127.0.0.1:49152",
	}).WithContext(x.ctx)
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Host == "" {
		r.Host = x.req.URL.Host
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if x.req.URL.Scheme == "https" {
		r.TLS = x.tls()
	}
	x.fillHeader(r)
	return r
}

// tls describes the connection that an https URL stands for.
func (x *exchange) tls() *tls.ConnectionState {
	return &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: x.req.URL.Hostname()}
}

// fillHeader adds what a real transport would have written.
func (x *exchange) fillHeader(r *http.Request) {
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	if u := x.req.URL.User; u != nil && r.Header.Get("Authorization") == "" {
		password, _ := u.Password()
		r.SetBasicAuth(u.Username(), password)
	}
	switch {
	case x.req.Body == nil || x.req.Body == http.NoBody:
		r.Body, r.ContentLength = http.NoBody, 0
	case r.ContentLength > 0:
		r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	default:
		r.ContentLength = -1
		r.TransferEncoding = []string{"chunked"}
	}
}

// A requestBody is the client's body as the handler reads it.
type requestBody struct {
	src   io.ReadCloser // nil: no body
	wrote func(error)   // called once: the request is written, or will not be

	once  sync.Once
	ahead *bytes.Reader // the whole body, if it was small
}

// prefetch reads a small body at once. It returns the client's own read error,
// which is what a transport returns then.
func (b *requestBody) prefetch(length int64) error {
	if b.src == nil || b.src == http.NoBody {
		b.done(nil)
		return nil
	}
	if length <= 0 || length > sentAtOnce {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(b.src, length+1))
	if err == nil && int64(len(data)) != length {
		err = errors.New("memhttp: ContentLength does not match the body")
	}
	b.ahead = bytes.NewReader(data)
	b.done(err)
	return err
}

func (b *requestBody) done(err error) {
	b.once.Do(func() {
		if b.src != nil {
			_ = b.src.Close() // nothing more is read from it
		}
		b.wrote(err)
	})
}

// Read implements io.Reader for the handler.
func (b *requestBody) Read(p []byte) (int, error) {
	if b.ahead != nil {
		return b.ahead.Read(p)
	}
	n, err := b.src.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.done(nil)
	case err != nil:
		b.done(err)
		err = io.ErrUnexpectedEOF // all that a server sees of it
	}
	return n, err
}

// Close is the handler's; the client's body is closed when the exchange ends.
func (b *requestBody) Close() error { return nil }

// abort closes the client's body if it is still open, which also frees a
// handler that is reading it.
func (b *requestBody) abort() { b.done(errors.New("memhttp: request body not read to its end")) }
