package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/hook"
)

// origin is the one place that credentials may be sent to.
type origin struct {
	scheme string
	host   string // lower case, with a port only if it is not the default one
	prefix string // escaped path without a slash at its end, "" for none
}

func parseOrigin(base string, allowHTTP bool) (origin, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return origin{}, fmt.Errorf("%q: want scheme://host", base)
	case u.User != nil:
		return origin{}, errors.New("must not hold a user name or password")
	case u.RawQuery != "" || u.Fragment != "":
		return origin{}, fmt.Errorf("%q: must not hold a query or a fragment", base)
	case u.Scheme != "https" && u.Scheme != "http":
		return origin{}, fmt.Errorf("%q: want https", base)
	case u.Scheme == "http" && !allowHTTP && !hook.IsLoopback(u.Hostname()):
		return origin{}, fmt.Errorf("%q: want https (http only on a loopback address, or with AllowHTTP)", base)
	}
	o := originOf(u)
	o.prefix = strings.TrimRight(u.EscapedPath(), "/")
	if dotted(o.prefix) {
		return origin{}, fmt.Errorf("%q: the path must not hold . or .. segments", base)
	}
	root := o.prefix
	if n := len(root) - len("/background"); n > 0 && strings.EqualFold(root[n:], "/background") {
		root = root[:n] // the address of states, copied whole
	}
	if last := root[strings.LastIndexByte(root, '/')+1:]; strings.EqualFold(last, "v1") || strings.EqualFold(last, "v2") {
		end := o.prefix[len(root)-len(last):]
		return origin{}, fmt.Errorf("%q: must not end in /%s, with which the path of each request begins: leave it out", base, end)
	}
	return o, nil
}

// originOf returns scheme and host of a URL in one spelling.
func originOf(u *url.URL) origin {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && !(scheme == "https" && port == "443") && !(scheme == "http" && port == "80") {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return origin{scheme: scheme, host: host}
}

// dotted reports whether a path has a segment that climbs or stays, plain or
// escaped.
func dotted(path string) bool {
	for seg := range strings.SplitSeq(path, "/") {
		if s, err := url.PathUnescape(seg); err != nil || s == "." || s == ".." {
			return true
		}
	}
	return false
}

// relative returns path and query of a request's URL below the base, or an
// error that matches [ErrUntrustedURL] if the URL is not below it. A URL
// without a host is taken as relative to the base.
func (o origin) relative(u *url.URL) (string, error) {
	if u == nil {
		return "", errors.New("request URL: missing")
	}
	path := u.EscapedPath()
	if u.Opaque != "" || u.User != nil {
		return "", fmt.Errorf("request URL: %w: want a plain path below %s", ErrUntrustedURL, o)
	}
	if u.Host != "" || u.Scheme != "" {
		got := originOf(u)
		if got.scheme != o.scheme || got.host != o.host {
			return "", fmt.Errorf("request URL: %w: it names %s://%s, this client calls %s", ErrUntrustedURL, got.scheme, got.host, o)
		}
		rest, ok := strings.CutPrefix(path, o.prefix)
		if !ok || (rest != "" && rest[0] != '/') {
			return "", fmt.Errorf("request URL: %w: its path is not below %s", ErrUntrustedURL, o)
		}
		path = rest
	}
	switch {
	case path == "" || path[0] != '/':
		return "", fmt.Errorf("request URL: want a path that starts with /, below %s", o)
	case dotted(path):
		return "", errors.New("request URL: the path must not hold . or .. segments")
	case strings.HasPrefix(strings.ToLower(path)+"/", "/v1/background/"):
		return "", errors.New("request URL: the state of an operation is not itself run in the background")
	}
	query, err := escapedQuery(u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("request URL: %w", err)
	}
	if query != "" {
		path += "?" + query
	}
	return path, nil
}

// background is relative for a request that is to run in the background: the ERP
// reads the header for that below v1 and v2 only, and runs any other at once.
func (o origin) background(u *url.URL) (string, error) {
	path, err := o.relative(u)
	if err == nil && !versioned(pathOf(path)) {
		err = fmt.Errorf("request URL: the path %s is neither below /v1/ nor below /v2/: the ERP runs nothing else in the background", cut(pathOf(path), 100))
	}
	return path, err
}

// versioned reports whether a path has a segment v1 or v2 and another after it.
func versioned(path string) bool {
	segs := strings.Split(strings.ToLower(path), "/")
	for i, seg := range segs[:len(segs)-1] {
		if (seg == "v1" || seg == "v2") && segs[i+1] != "" {
			return true
		}
	}
	return false
}

// escapedQuery returns a query as it may stand on the wire: what RFC 3986 keeps
// out of one is escaped, so that HTTP/1.1, HTTP/2 and a transport in memory bring
// the same. What nobody can have meant is an error, which shows nothing of the
// query, for that may hold data of customers.
func escapedQuery(raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", errors.New("the query is not UTF-8: escape it with url.QueryEscape")
	}
	var b strings.Builder
	for i := range len(raw) {
		switch c := raw[i]; {
		case c < ' ' || c == 0x7f:
			return "", fmt.Errorf("the query holds a control character at byte %d: escape it with url.QueryEscape", i)
		case c == '%' && (len(raw) < i+3 || !isHex(raw[i+1]) || !isHex(raw[i+2])):
			return "", fmt.Errorf("the query holds a percent sign at byte %d that begins no escape: write %%25", i)
		case c > '~' || strings.IndexByte(" \"#<>\\^`{|}", c) >= 0:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// url builds the address of a path and query below the base.
func (o origin) url(rel string) string { return o.scheme + "://" + o.host + o.prefix + rel }

func (o origin) String() string { return o.url("") }

// validID reports whether an operation id is safe to put into a path. The ids
// of the real API are GUIDs.
func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// canonicalID gives an id one spelling, so that the one of a 202 and the one
// of a notification are the same: that of a GUID, where it is one. It returns
// "" for what cannot be an id.
func canonicalID(id string) string {
	id = strings.TrimSpace(id)
	if guid, ok := hook.CanonicalGUID(id); ok {
		return guid
	}
	if !validID(id) {
		return ""
	}
	return id
}

// sameID reports whether two spellings are of one id.
func sameID(a, b string) bool {
	ca := canonicalID(a)
	return ca != "" && strings.EqualFold(ca, canonicalID(b))
}

// idIn reads the operation id out of a state or content address, whatever its
// host; the address itself is never called.
func idIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	segs := strings.Split(u.Path, "/")
	for i := len(segs) - 2; i >= 0; i-- {
		if id := canonicalID(segs[i+1]); strings.EqualFold(segs[i], "background") && id != "" {
			return id
		}
	}
	return ""
}
