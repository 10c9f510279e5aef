package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/internal/httpx"
	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

// maxSends is how often net/http may send a call over HTTP/2 that may be repeated.
const maxSends = 3

// An unanswered is why a call has no answer.
type unanswered struct {
	err     error
	notSent bool // it certainly was not carried out
}

func (e *unanswered) Error() string { return e.err.Error() }
func (e *unanswered) Unwrap() error { return e.err }

// send makes a call: once, or as often as net/http does by itself if it may be
// repeated. Errors are [*unanswered].
func (u *Upstream) send(out *http.Request, repeatable bool) (*http.Response, error) {
	if !repeatable {
		return u.sendOnce(out)
	}
	sending := httpx.Bound(out.Context(), time.Time{}, maxSends)
	resp, err := sending.Take(u.transport.RoundTrip(out.WithContext(sending.Context())))
	if err != nil {
		return nil, &unanswered{err: err, notSent: neverConnected(err)}
	}
	return answered(resp)
}

// sendOnce has net/http send a call at most once, and finds out of one that failed
// whether it left.
func (u *Upstream) sendOnce(out *http.Request) (*http.Response, error) {
	ctx := out.Context()
	sending := httpx.Watch(ctx, 1)
	own := out.WithContext(sending.Context())
	own.GetBody = nil
	var body countedBody
	if out.Body != nil && out.Body != http.NoBody {
		body.ReadCloser = out.Body
		own.Body = &body
	} else {
		own.Header = withoutLeave(out.Header)
	}
	resp, err := sending.Take(u.transport.RoundTrip(own))
	if err == nil {
		return answered(resp)
	}
	untouched := !body.begun.Load() && !sending.Connected() && !sending.Wrote() && (sending.Dialled() == 1 || neverConnected(err))
	// Over HTTP/2 a call that failed by itself is not written any more.
	unwritten := sending.HTTP2() && !body.begun.Load() && !sending.Wrote() && ctx.Err() == nil
	return nil, &unanswered{err: err, notSent: untouched || unwritten || httpx.Refused(err) || isMissing(err)}
}

// withoutLeave is a header by which net/http does not take a call without a body for
// one that may be repeated. It looks for the plain form of two names only.
func withoutLeave(h http.Header) http.Header {
	own := h
	for plain, other := range map[string]string{"Idempotency-Key": "idempotency-key", "X-Idempotency-Key": "x-idempotency-key"} {
		if v, ok := h[plain]; ok {
			own = own.Clone()
			delete(own, plain)
			own[other] = v
		}
	}
	return own
}

// answered refuses an answer that is none.
func answered(resp *http.Response) (*http.Response, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = resp.Body.Close() // it is the connection
		return nil, &unanswered{err: errors.New("it answered that it goes on in another protocol")}
	}
	return resp, nil
}

// isMissing reports whether a call is not in the cassette, and was not made.
func isMissing(err error) bool {
	_, ok := errors.AsType[*cassette.MissingError](err)
	return ok
}

// neverConnected reports whether an error is one of connecting.
func neverConnected(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, name := errors.AsType[*net.DNSError](err)
	_, trust := errors.AsType[*tls.CertificateVerificationError](err)
	return name || trust || isMissing(err)
}

// isTimeout reports whether a call took too long.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// countedBody is a body that tells whether it was begun.
type countedBody struct {
	io.ReadCloser
	begun atomic.Bool
}

func (b *countedBody) Read(p []byte) (int, error) {
	b.begun.Store(true)
	return b.ReadCloser.Read(p)
}
