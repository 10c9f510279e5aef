// Package charge has HTTP calls that are made as a part of another call, for a token
// for example, counted against the limit that both are under. The context of the other
// call says who counts.
package charge

import (
	"context"
	"net/http"
	"net/url"
)

// A Counter counts calls against limits.
type Counter interface {
	// Charge counts a call that is about to be made. It never waits, because the
	// call that this one is a part of has had its turn. It returns what is to be
	// called with the answer, or nil where the address is under no limit of its own.
	Charge(method string, u *url.URL) (answered func(*http.Response, error))
}

type key struct{}

// With returns a context whose calls are counted by c; nil is nobody.
func With(ctx context.Context, c Counter) context.Context {
	if c == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, c)
}

// From returns who counts the calls of a context, nil if nobody does.
func From(ctx context.Context) Counter {
	c, _ := ctx.Value(key{}).(Counter)
	return c
}

// Transport has the calls counted that are made through it.
type Transport struct{ Next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	answered := func(*http.Response, error) {}
	if c := From(req.Context()); c != nil {
		if f := c.Charge(req.Method, req.URL); f != nil {
			answered = f
		}
	}
	resp, err := t.Next.RoundTrip(req)
	answered(resp, err)
	return resp, err
}

// CloseIdleConnections is what [http.Client.CloseIdleConnections] calls.
func (t Transport) CloseIdleConnections() {
	if next, ok := t.Next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
