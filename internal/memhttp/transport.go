package memhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
)

// Transport is an [http.RoundTripper] that answers with in-memory handlers.
// The zero value knows no host. It is safe for concurrent use as long as its
// fields are not changed; it starts one goroutine per request, which ends with
// the handler.
type Transport struct {
	// Hosts maps the host of a URL ("erp.mock", "hook.test:8080") to the
	// handler that answers for it. Keys are in lower case; a port that is the
	// scheme's default may be left out of either side.
	Hosts map[string]http.Handler

	// Default answers for every host that Hosts does not name. Nil: such a
	// request fails like a dial to an unknown host, before anything is sent.
	Default http.Handler
}

// RoundTrip serves req and returns as soon as the handler has sent a header.
// The body of the answer streams; closing it before its end cancels the
// handler's context. Errors that a caller may look for: *[net.OpError] with Op
// "dial" for an unknown host (nothing was sent) and with Op "read" for a
// handler that aborted before its header, *[PanicError], and the cause of
// req's context.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := check(req); err != nil {
		closeBody(req)
		return nil, err
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		closeBody(req)
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	if trace.GetConn != nil {
		trace.GetConn(hostPort(req.URL))
	}
	h := t.handler(req.URL)
	if h == nil {
		closeBody(req)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{
			Err: "no such host", Name: req.URL.Hostname(), IsNotFound: true,
		}}
	}
	gotConn(trace)
	return newExchange(req, trace).do(h)
}

// check refuses what a real transport refuses before it connects.
func check(req *http.Request) error {
	switch {
	case req.URL == nil:
		return errors.New("memhttp: nil Request.URL")
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return fmt.Errorf("memhttp: unsupported protocol scheme %q", req.URL.Scheme)
	case req.URL.Host == "":
		return errors.New("memhttp: no host in request URL")
	}
	return nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close() // the request failed already
	}
}

func (t *Transport) handler(u *url.URL) http.Handler {
	host := strings.ToLower(u.Host)
	for _, name := range []string{host, strings.TrimSuffix(host, ":"+defaultPort(u.Scheme)), hostPort(u)} {
		if h := t.Hosts[name]; h != nil {
			return h
		}
	}
	return t.Default
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// gotConn reports a connection. Hooks may ask it for its addresses, so it is
// never nil.
func gotConn(trace *httptrace.ClientTrace) {
	if trace.GotConn == nil {
		return
	}
	conn, _ := net.Pipe()
	trace.GotConn(httptrace.GotConnInfo{Conn: conn})
}

// A PanicError is what the client gets when a handler panics with anything but
// [http.ErrAbortHandler]. A real server would write it to its log and reset
// the connection; here the test that caused it should see it.
type PanicError struct {
	Value any    // what the handler panicked with
	Stack []byte // where
}

// Error gives the value and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("memhttp: handler panicked: %v\n%s", e.Value, e.Stack)
}

// Unwrap makes the client's view that of a broken connection too.
func (e *PanicError) Unwrap() error { return io.ErrUnexpectedEOF }
