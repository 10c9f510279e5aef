package client

import (
	"errors"
	"net/http"
	"net/url"
)

// guarded keeps from an [http.Client] the answers that it would turn into
// errors: it is the answer that says what became of a request.
type guarded struct{ next http.RoundTripper }

// errNoAnswer is the error of a transport that returned neither an answer nor an
// error, so that nobody knows what it did.
var errNoAnswer = errors.New("the transport returned no answer and no error")

func (g guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp == nil {
		return nil, errNoAnswer
	}
	if resp.Header == nil {
		resp.Header = http.Header{}
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	// Of a redirect with an address that is none an http.Client makes an error.
	if to := resp.Header.Get("Location"); to != "" && resp.StatusCode >= 300 && resp.StatusCode <= 399 {
		if _, err := url.Parse(to); err != nil {
			resp.Header = resp.Header.Clone()
			resp.Header.Del("Location")
		}
	}
	return resp, nil
}

// call makes a call. An [http.Client] copies the header and the address of each
// request for the redirects that it may follow. Ours follows none, so that its
// transport is asked directly where the client has nothing else to do.
func (c *Client) call(req *http.Request) (*http.Response, error) {
	if c.http.Timeout > 0 || c.http.Jar != nil {
		return c.http.Do(req)
	}
	return c.http.Transport.RoundTrip(req)
}

// CloseIdleConnections passes the wish of an [http.Client] on.
func (g guarded) CloseIdleConnections() {
	if t, ok := g.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
