package clientauth

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// origin is a place that tokens may be sent to.
type origin struct {
	scheme string
	host   string // lower case, with a port always
	prefix string // escaped path without a slash at its end, "" for none
}

// parseOrigin reads a root. Its errors do not repeat the text: a user name
// and a password may stand in it.
func parseOrigin(base string, allowHTTP bool) (origin, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Hostname() == "":
		return origin{}, errors.New("want https://host")
	case u.User != nil:
		return origin{}, errors.New("must not hold a user name or password")
	case u.RawQuery != "" || u.Fragment != "":
		return origin{}, errors.New("must not hold a query or a fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return origin{}, errors.New("want https")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return origin{}, errors.New("want https (http only on a loopback address, or with AllowHTTP)")
	case dotted(u.EscapedPath()):
		return origin{}, errors.New("the path must not hold . or .. segments")
	}
	return origin{scheme: strings.ToLower(u.Scheme), host: hostPort(u), prefix: strings.TrimRight(u.EscapedPath(), "/")}, nil
}

// covers reports whether a request goes below the root, and nowhere else by a
// Host header of its own or a path that climbs.
func (o origin) covers(req *http.Request) bool {
	u := req.URL
	if u == nil || u.Opaque != "" || u.User != nil || !strings.EqualFold(u.Scheme, o.scheme) || hostPort(u) != o.host {
		return false
	}
	if req.Host != "" && hostPort(&url.URL{Scheme: u.Scheme, Host: req.Host}) != o.host {
		return false
	}
	path := u.EscapedPath()
	if dotted(path) || len(path) < len(o.prefix) || !strings.EqualFold(path[:len(o.prefix)], o.prefix) {
		return false
	}
	rest := path[len(o.prefix):]
	return rest == "" || rest[0] == '/'
}

// hostPort spells host and port in one way.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if strings.EqualFold(u.Scheme, "http") {
			port = "80"
		}
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// dotted reports whether a path has a segment that climbs or stays, plain or
// escaped, or one that cannot be read.
func dotted(path string) bool {
	for seg := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(seg)
		if err != nil {
			return true
		}
		// Some servers take an escaped slash, or a backslash, for a slash.
		for _, s := range strings.FieldsFunc(plain, func(c rune) bool { return c == '/' || c == '\\' }) {
			if s == "." || s == ".." {
				return true
			}
		}
	}
	return false
}
