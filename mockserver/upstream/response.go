package upstream

import (
	"net/http"
	"net/url"
	"strings"
)

// passHeader writes the header of an answer to a caller's. base is the root that
// the caller used.
func (u *Upstream) passHeader(to http.Header, resp *http.Response, base string) {
	dropHops(resp.Header)
	for name, values := range resp.Header {
		switch {
		case strings.HasPrefix(name, "Access-Control-"): // it is the mock that pages call
		case name == "Location" || name == "Content-Location":
			for _, v := range values {
				to.Set(name, u.here(v, base))
			}
		default:
			to[name] = values
		}
	}
}

// here is an address of the upstream as callers of the mock reach it: another one
// stays as it is.
func (u *Upstream) here(address, base string) string {
	to, err := url.Parse(address)
	if err != nil {
		return address
	}
	absolute := to.Host != ""
	switch {
	case absolute && !u.isOrigin(to):
		return address
	case !absolute && !strings.HasPrefix(address, "/"):
		return address // below where the caller is anyway
	}
	tail, ok := strings.CutPrefix(to.EscapedPath(), u.root.EscapedPath())
	if !ok || tail != "" && tail[0] != '/' {
		return address // beside the root: the mock does not lead there
	}
	own := url.URL{RawQuery: to.RawQuery, ForceQuery: to.ForceQuery, Fragment: to.Fragment, RawFragment: to.RawFragment}
	rest := own.String()
	if tail == "" {
		tail = "/"
	}
	if !absolute {
		return tail + rest
	}
	return originOf(base) + tail + rest
}

// isOrigin reports whether a URL is of the upstream's origin. One without a scheme
// has that of the call.
func (u *Upstream) isOrigin(to *url.URL) bool {
	return (to.Scheme == "" || strings.EqualFold(to.Scheme, u.root.Scheme)) && portOf(to, u.root.Scheme) == portOf(u.root, u.root.Scheme) &&
		strings.EqualFold(to.Hostname(), u.root.Hostname())
}

func portOf(u *url.URL, scheme string) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case scheme == "https":
		return "443"
	}
	return "80"
}

// originOf is scheme and host of a URL.
func originOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Scheme + "://" + u.Host
}

// redirects reports whether an answer leads elsewhere.
func redirects(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	}
	return false
}

// next is where a redirect within the origin leads, and nil for another one.
func (u *Upstream) next(resp *http.Response, from *url.URL) *url.URL {
	if !redirects(resp) {
		return nil
	}
	to, err := from.Parse(resp.Header.Get("Location"))
	if err != nil || to.Scheme != u.root.Scheme || !u.isOrigin(to) || to.User != nil {
		return nil
	}
	to.Host, to.Fragment = u.root.Host, ""
	return to
}
