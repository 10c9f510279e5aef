package clientauth

import (
	"net/http"

	"github.com/vismanet-go/background/internal/httpx"
)

// maxSends is how often net/http may send one call to the token endpoint over
// HTTP/2: without a bound it does so for as long as each new connection resets
// it. To ask twice for a token changes nothing.
const maxSends = 3

// bounded is a transport that sends each request maxSends times at most.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := httpx.Watch(req.Context(), maxSends)
	return sent.Take(t.next.RoundTrip(req.WithContext(sent.Context())))
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t bounded) CloseIdleConnections() { closeIdle(t.next) }
