package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"time"
)

// ErrResend is the error of a request that the server ended over HTTP/2 without
// an answer, and that [Sending] kept from being sent once more.
var ErrResend = errors.New("the server ended the stream without an answer")

// maxEarly is how many answers of the kind 1xx may come before the last one.
// Whoever looks at them has to bound them, as net/http does otherwise.
const maxEarly = 100

var errEarly = errors.New("the server sends answers of the kind 1xx without end")

// Sending watches one request on its way and bounds how often net/http sends it.
// Over HTTP/2 net/http sends again what has no body, or has a GetBody, and was
// reset, or what a connection that goes away did not take: without end, where
// each new connection does the same, and without a word whether it may have been
// processed. A connection on which nothing was written counts nothing, and what
// net/http repeats over HTTP/1.1 ends by itself. What was answered counts nothing
// either: it is what a transport asked for under the same context before it sent
// the request, a token for example.
//
// The request must be made with [Sending.Context]. A transport that does not know
// [httptrace] is not watched.
type Sending struct {
	ctx    context.Context
	cancel context.CancelFunc
	most   int
	trace  httptrace.ClientTrace
	body   io.ReadCloser // of the answer that was taken

	dialled   atomic.Int32
	sent      atomic.Int32 // times over HTTP/2, but for the last
	connected atomic.Bool
	http2     atomic.Bool
	begun     atomic.Bool  // something was written to the connection in use, and not answered
	early     atomic.Int32 // answers that are not the last one
	wrote     atomic.Bool
	stopped   atomic.Bool
}

// Watch returns what watches a request under ctx, which may go out over HTTP/2 as
// often as most says. End must be called, or [Sending.Take].
func Watch(ctx context.Context, most int) *Sending {
	s := &Sending{most: most}
	ctx, s.cancel = context.WithCancel(ctx)
	s.trace.GetConn = func(string) { s.dialled.Add(1) }
	s.trace.WroteHeaders = func() { s.wrote.Store(true) }
	s.watch(ctx)
	return s
}

// Bound is [Watch] for a request that ends at a time, unless that is zero, and
// that may be made any number of times, so that nobody asks how far it came: of
// Sending's questions it answers [Sending.Stopped] alone. It costs half of
// Watch, and polls are most of all calls.
func Bound(ctx context.Context, end time.Time, most int) *Sending {
	s := &Sending{most: most}
	if end.IsZero() {
		ctx, s.cancel = context.WithCancel(ctx)
	} else {
		ctx, s.cancel = context.WithDeadline(ctx, end)
	}
	s.watch(ctx)
	return s
}

// watch makes the context of the request, with the part of the trace that bounds
// how often it is sent.
func (s *Sending) watch(ctx context.Context) {
	s.trace.GotConn = s.gotConn
	s.trace.WroteHeaderField = s.wroteHeaderField
	s.trace.GotFirstResponseByte = func() { s.begun.Store(false) }
	s.trace.Got1xxResponse = s.got1xxResponse
	s.ctx = httptrace.WithClientTrace(ctx, &s.trace)
}

func (s *Sending) gotConn(got httptrace.GotConnInfo) {
	if s.begun.Swap(false) && s.http2.Load() && int(s.sent.Add(1)) >= s.most {
		s.stopped.Store(true)
		s.cancel()
	}
	s.connected.Store(true)
	secured, ok := got.Conn.(interface{ ConnectionState() tls.ConnectionState })
	s.http2.Store(ok && secured.ConnectionState().NegotiatedProtocol == "h2")
}

func (s *Sending) wroteHeaderField(name string, _ []string) {
	if strings.HasPrefix(name, ":") { // HTTP/2, also without TLS
		s.http2.Store(true)
	}
	s.begun.Store(true)
	s.wrote.Store(true)
}

func (s *Sending) got1xxResponse(int, textproto.MIMEHeader) error {
	s.begun.Store(true) // it is no answer
	if s.early.Add(1) > maxEarly {
		return errEarly
	}
	return nil
}

// Context is the one to make the request with. It ends with the request.
func (s *Sending) Context() context.Context { return s.ctx }

// End ends the request and lets go of what was held for it.
func (s *Sending) End() { s.cancel() }

// EndAfter calls End after a time, unless the timer is stopped.
func (s *Sending) EndAfter(d time.Duration) *time.Timer { return time.AfterFunc(d, s.cancel) }

// Dialled is how often a connection was asked for.
func (s *Sending) Dialled() int { return int(s.dialled.Load()) }

// Connected reports whether the request was given a connection.
func (s *Sending) Connected() bool { return s.connected.Load() }

// HTTP2 reports whether the last connection speaks HTTP/2. Without TLS that is
// seen when the header is written.
func (s *Sending) HTTP2() bool { return s.http2.Load() }

// Wrote reports whether a part of the header was written, at least.
func (s *Sending) Wrote() bool { return s.wrote.Load() }

// Stopped reports whether the request was kept from being sent once more.
func (s *Sending) Stopped() bool { return s.stopped.Load() }

// Take takes over what came of the request: the error of one that was kept from
// being sent once more is [ErrResend], and End is called when the body of an
// answer is closed.
func (s *Sending) Take(resp *http.Response, err error) (*http.Response, error) {
	switch {
	case err != nil:
		s.End()
		if s.Stopped() {
			err = ErrResend
		}
	case resp == nil || resp.Body == nil:
		s.End()
	case resp.StatusCode != http.StatusSwitchingProtocols: // of which the body is more than a reader
		s.body = resp.Body
		resp.Body = (*takenBody)(s)
	}
	return resp, err
}

// takenBody is the body of an answer with which the request ends.
type takenBody Sending

func (b *takenBody) Read(p []byte) (int, error) { return b.body.Read(p) }

func (b *takenBody) Close() error {
	err := b.body.Close()
	b.cancel()
	return err
}
