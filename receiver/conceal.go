package receiver

import (
	"context"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/internal/hook"
)

// Redact returns a URL path, or a path with a query, in which everything that
// looks like a capability is replaced by "[redacted]": for access logs that
// note the path before the request reaches the receiver. It goes by the form
// alone, so it also takes out capabilities that are expired or mangled.
func Redact(path string) string { return hook.Redact(path) }

// Conceal takes a capability out of the path of r, in place, and returns a
// request that still carries it where only a [Receiver] finds it. As the
// outermost middleware it keeps capabilities from everything that comes after
// it: access logs, traces, dumps of requests after a panic. A receiver does the
// same for what is routed to it, and only for that: a webhook that goes astray,
// to a path or by a method that nobody serves, is covered by Conceal alone.
//
//	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		mux.ServeHTTP(w, receiver.Conceal(r))
//	})
//
// A request without a capability is returned as it is.
func Conceal(r *http.Request) *http.Request {
	segment := lastSegment(r.URL.Path)
	redact(r)
	if !isCapability(segment) {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), concealedKey{}, concealed(func() string { return segment })))
}

type concealedKey struct{}

// concealed is a function because no way of printing a context shows what one
// returns.
type concealed func() string

// takeSegment returns the last segment of the path, from where Conceal put it
// or from the path itself, which is redacted.
func takeSegment(r *http.Request) string {
	if c, ok := r.Context().Value(concealedKey{}).(concealed); ok {
		redact(r)
		return c()
	}
	segment := lastSegment(r.URL.Path)
	redact(r)
	return segment
}

// redact takes capabilities out of all forms that the path has in r. It
// writes only where there is one.
func redact(r *http.Request) {
	for _, s := range []*string{&r.URL.Path, &r.URL.RawPath, &r.URL.RawQuery, &r.RequestURI} {
		if clean := hook.Redact(*s); clean != *s {
			*s = clean
		}
	}
}

// lastSegment ignores slashes at the end: some senders add one.
func lastSegment(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// isCapability goes by the form.
func isCapability(segment string) bool { return hook.Redact(segment) != segment }
