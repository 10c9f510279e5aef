package clientauth

import "net/http"

// HTTPClient returns a client whose calls to the configured roots carry a
// token. Calls to any other place, also when a redirect leads there, go out
// as they are, and so do those that carry an Authorization header already. It
// has no Timeout and no cookies; the caller may change the struct.
//
// A call for which there is no token is not sent: its error wraps a
// [*TokenError] and has a method NotSent that reports true.
func (s *Source) HTTPClient() *http.Client {
	return &http.Client{Transport: &transport{s}}
}

// transport adds the token.
type transport struct{ *Source }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.wants(req) {
		return t.cfg.Transport.RoundTrip(req)
	}
	h, err := t.get(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // nothing will read it
		}
		return nil, err
	}
	out := req.Clone(req.Context())
	if out.Header == nil {
		out.Header = http.Header{}
	}
	out.Header.Set("Authorization", "Bearer "+h.token.AccessToken)
	resp, err := t.cfg.Transport.RoundTrip(out)
	if resp != nil {
		t.answered(h.number, resp.StatusCode)
		resp.Request = req // whoever prints it shall not find the token
	}
	return resp, err
}

// wants reports whether a request is to get the token.
func (t *transport) wants(req *http.Request) bool {
	if len(req.Header["Authorization"]) > 0 {
		return false
	}
	for _, o := range t.origins {
		if o.covers(req) {
			return true
		}
	}
	return false
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls. It
// closes those to the token endpoint too, for nobody else can.
func (t *transport) CloseIdleConnections() {
	closeIdle(t.cfg.Transport)
	t.cfg.HTTPClient.CloseIdleConnections()
}

func closeIdle(t http.RoundTripper) {
	if c, ok := t.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
