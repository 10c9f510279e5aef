package client

import (
	"io"
	"net/http"
)

// sends is how often a request may go out over HTTP/2, where net/http sends it
// again by itself: once if it changes something.
func sends(method string) int {
	if changesNothing(method) {
		return 3
	}
	return 1
}

// withBody gives a request that changes something and has no body an empty one,
// if the ERP was seen to speak HTTP/2: net/http returns the error then, which
// tells whether the request was processed, and does not send it again.
func (c *Client) withBody(req *http.Request) {
	if (req.Body == nil || req.Body == http.NoBody) && c.http2.Load() && !changesNothing(req.Method) {
		req.Body, req.ContentLength = io.NopCloser(http.NoBody), -1
	}
}
