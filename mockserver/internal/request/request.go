// Package request describes a call to the ERP before anything has decided about
// it: which company makes it, and what it asks for. The call can be made again.
package request

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A Request is one call. It belongs to one goroutine.
type Request struct {
	HTTP    *http.Request // as it came, but for its body
	Body    []byte        // nobody writes to it
	Token   string        // empty: none
	Company string
	Base    string // API root of links
	Path    string // escaped, below the base path

	Fallback bool   // a fallback answers it: it takes the background header whatever its path begins with
	Pattern  string // of its route, for a fallback's handler; empty: none

	Streams bool // Body is not read: it is still to come from HTTP

	uri string // what URI returns, once it was asked for
}

// URI is what was asked for, with the query.
func (q *Request) URI() string {
	if q.uri == "" {
		q.uri = q.HTTP.URL.RequestURI()
	}
	return q.uri
}

// Tail is the path and the query below the base path, for links.
func (q *Request) Tail() string {
	if q.HTTP.URL.RawQuery == "" {
		return q.Path
	}
	return q.Path + "?" + route.ASCIIQuery(q.HTTP.URL.RawQuery)
}

// AsksForBackground reports whether it is to run in the background.
func (q *Request) AsksForBackground() bool {
	return (q.Fallback || route.TakesBackground(q.Path)) && q.HTTP.Header.Values(wire.BackgroundHeader) != nil
}

// OperationID is the id of the operation that it asks about, and empty for any
// other request.
func (q *Request) OperationID() string {
	rest, ok := strings.CutPrefix(strings.ToLower(q.Path), "/v1/background/")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(rest, "/content")
}

// AsksForContent reports whether it asks for the content of an operation.
func (q *Request) AsksForContent() bool {
	return q.OperationID() != "" && strings.HasSuffix(strings.ToLower(q.Path), "/content")
}

// Copy makes a request that can be read independently of the original, with
// the path as the caller wrote it.
func (q *Request) Copy(ctx context.Context) *http.Request {
	r := q.HTTP.Clone(ctx)
	r.Body, r.ContentLength = q.newBody(), int64(len(q.Body))
	return r
}

// newBody reads the body from its beginning.
func (q *Request) newBody() io.ReadCloser {
	if len(q.Body) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(q.Body))
}

// ForEndpoint is what a handler gets: the path of its route, and no background
// header.
func (q *Request) ForEndpoint(ctx context.Context, path, operationID string, attempt int) *http.Request {
	r := q.HTTP.WithContext(call.With(ctx, call.Call{Company: q.Company, Base: q.Base, OperationID: operationID, Attempt: attempt}))
	r.Header = q.HTTP.Header.Clone()
	r.Header.Del(wire.BackgroundHeader)
	r.Pattern = q.Pattern
	if !q.Streams {
		r.Body, r.ContentLength = q.newBody(), int64(len(q.Body))
	}
	u := *q.HTTP.URL
	u.Path, u.RawPath = path, ""
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	r.URL = &u
	return r
}
