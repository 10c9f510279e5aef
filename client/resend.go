package client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// errResend is the error of a request that was reset over HTTP/2 and that was
// kept from being sent once more.
var errResend = errors.New("the server ended the stream without an answer")

// maxSends is how often net/http may send a request that changes nothing.
const maxSends = 3

// sending watches one request on its way. Over HTTP/2 net/http sends again what
// has no body and was reset, or what a connection that goes away did not take:
// without end, where each new connection does the same, and without a word
// whether it may have been processed. What changes something goes out once, the
// rest no more than maxSends times.
type sending struct {
	ctx    context.Context // the request's
	cancel context.CancelFunc

	dialled   atomic.Int32
	conns     atomic.Int32
	connected atomic.Bool
	http2     atomic.Bool // over TLS
	wrote     atomic.Bool // a part of the header, at least
	again     atomic.Bool // it was kept from being sent once more
}

// watchSending returns what watches a request with this method under ctx. Its
// cancel must be called, see [sending.take].
func watchSending(ctx context.Context, method string) *sending {
	s := &sending{}
	ctx, s.cancel = context.WithCancel(ctx)
	safe := changesNothing(method)
	s.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.dialled.Add(1) },
		GotConn: func(got httptrace.GotConnInfo) {
			n := s.conns.Add(1)
			if s.wrote.Load() && (safe && n > maxSends || !safe && s.http2.Load()) {
				s.again.Store(true)
				s.cancel()
			}
			s.connected.Store(true)
			secured, ok := got.Conn.(interface{ ConnectionState() tls.ConnectionState })
			s.http2.Store(ok && secured.ConnectionState().NegotiatedProtocol == "h2")
		},
		WroteHeaderField: func(string, []string) { s.wrote.Store(true) },
		WroteHeaders:     func() { s.wrote.Store(true) },
	})
	return s
}

// take takes over what came of the request: cancel is called when the body of the
// answer is closed.
func (s *sending) take(resp *http.Response, err error) (*http.Response, error) {
	switch {
	case err != nil:
		s.cancel()
		if s.again.Load() {
			err = errResend
		}
	case resp.StatusCode != http.StatusSwitchingProtocols: // of which the body is more than a reader
		resp.Body = &takenBody{resp.Body, s.cancel}
	}
	return resp, err
}

type takenBody struct {
	io.ReadCloser
	closed func()
}

func (b *takenBody) Close() error {
	err := b.ReadCloser.Close()
	b.closed()
	return err
}

// withBody gives a request that changes something and has no body an empty one,
// if the ERP was seen to speak HTTP/2: net/http returns the error then, which
// tells whether the request was processed, and does not send it again.
func (c *Client) withBody(req *http.Request) {
	if (req.Body == nil || req.Body == http.NoBody) && c.http2.Load() && !changesNothing(req.Method) {
		req.Body, req.ContentLength = io.NopCloser(http.NoBody), -1
	}
}
