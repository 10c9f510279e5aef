package erp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/internal/wire"
)

// ErrUntrustedURL says that a request names another place than the origin.
var ErrUntrustedURL = errors.New("not the origin of this client")

// Origin is the one place that credentials may be sent to.
type Origin struct {
	Scheme string
	Host   string // lower case, with a port only if it is not the default one
	prefix string // escaped path without a slash at its end, "" for none
}

// ParseOrigin reads a base URL. It must be https, or http on a loopback address,
// or on any with allowHTTP.
func ParseOrigin(base string, allowHTTP bool) (Origin, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return Origin{}, fmt.Errorf("%q: want scheme://host", base)
	case u.User != nil:
		return Origin{}, errors.New("must not hold a user name or password")
	case u.RawQuery != "" || u.Fragment != "":
		return Origin{}, fmt.Errorf("%q: must not hold a query or a fragment", base)
	case u.Scheme != "https" && u.Scheme != "http":
		return Origin{}, fmt.Errorf("%q: want https", base)
	case u.Scheme == "http" && !allowHTTP && !hook.IsLoopback(u.Hostname()):
		return Origin{}, fmt.Errorf("%q: want https (http only on a loopback address, or with AllowHTTP)", base)
	}
	o := OriginOf(u)
	o.prefix = strings.TrimRight(u.EscapedPath(), "/")
	if dotted(o.prefix) {
		return Origin{}, fmt.Errorf("%q: the path must not hold . or .. segments", base)
	}
	root := o.prefix
	if n := len(root) - len("/background"); n > 0 && strings.EqualFold(root[n:], "/background") {
		root = root[:n] // the address of states, copied whole
	}
	if last := root[strings.LastIndexByte(root, '/')+1:]; strings.EqualFold(last, "v1") || strings.EqualFold(last, "v2") {
		end := o.prefix[len(root)-len(last):]
		return Origin{}, fmt.Errorf("%q: must not end in /%s, with which the path of each request begins: leave it out", base, end)
	}
	return o, nil
}

// OriginOf returns scheme and host of a URL in one spelling.
func OriginOf(u *url.URL) Origin {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && !(scheme == "https" && port == "443") && !(scheme == "http" && port == "80") {
		host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return Origin{Scheme: scheme, Host: host}
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

// Relative returns path and query of a request's URL below the base, or an
// error that matches [ErrUntrustedURL] if the URL is not below it. A URL
// without a host is taken as relative to the base.
func (o Origin) Relative(u *url.URL) (string, error) {
	if u == nil {
		return "", errors.New("request URL: missing")
	}
	path := u.EscapedPath()
	if u.Opaque != "" || u.User != nil {
		return "", fmt.Errorf("request URL: %w: want a plain path below %s", ErrUntrustedURL, o)
	}
	if u.Host != "" || u.Scheme != "" {
		got := OriginOf(u)
		if got.Scheme != o.Scheme || got.Host != o.Host {
			return "", fmt.Errorf("request URL: %w: it names %s://%s, this client calls %s", ErrUntrustedURL, got.Scheme, got.Host, o)
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
	query, err := EscapedQuery(u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("request URL: %w", err)
	}
	if query != "" {
		path += "?" + query
	}
	return path, nil
}

// Background is Relative for a request that is to run in the background: the ERP
// reads the header for that below v1 and v2 only, and runs any other at once.
func (o Origin) Background(u *url.URL) (string, error) {
	path, err := o.Relative(u)
	if err == nil && !versioned(PathOf(path)) {
		err = fmt.Errorf("request URL: the path %s is neither below /v1/ nor below /v2/: the ERP runs nothing else in the background", wire.Cut(PathOf(path), 100))
	}
	return path, err
}

// versioned reports whether a path has a segment v1 or v2 and another after it.
func versioned(path string) bool {
	version := false
	for seg := range strings.SplitSeq(path, "/") {
		if version && seg != "" {
			return true
		}
		version = strings.EqualFold(seg, "v1") || strings.EqualFold(seg, "v2")
	}
	return false
}

// EscapedQuery returns a query as it may stand on the wire: what RFC 3986 keeps
// out of one is escaped, so that HTTP/1.1, HTTP/2 and a transport in memory bring
// the same. What nobody can have meant is an error, which shows nothing of the
// query, for that may hold data of customers.
func EscapedQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
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

// URL builds the address of a path and query below the base.
func (o Origin) URL(rel string) string { return o.Scheme + "://" + o.Host + o.prefix + rel }

func (o Origin) String() string { return o.URL("") }

// Redirected returns path and query, below the base, to which an answer sends
// a GET. It reports false for an answer that is no redirect, and for one that
// leads elsewhere: there the credentials would go along.
func (o Origin) Redirected(from *url.URL, resp *http.Response) (rel string, ok bool) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", false
	}
	address := resp.Header.Get("Location")
	to, err := from.Parse(address)
	if err != nil || address == "" || to.User != nil || to.Opaque != "" {
		return "", false
	}
	if there := OriginOf(to); there.Scheme != o.Scheme || there.Host != o.Host || dotted(to.EscapedPath()) {
		return "", false
	}
	rel, ok = strings.CutPrefix(to.EscapedPath(), o.prefix)
	if !ok || rel == "" || rel[0] != '/' {
		return "", false
	}
	if to.RawQuery != "" {
		rel += "?" + to.RawQuery
	}
	return rel, true
}

// Covers reports whether a request goes to the Origin, Host header included.
func (o Origin) Covers(req *http.Request) error {
	if req.URL == nil {
		return errors.New("request URL: missing")
	}
	got := OriginOf(req.URL)
	if got.Scheme != o.Scheme || got.Host != o.Host || req.URL.User != nil {
		return fmt.Errorf("request URL: %w: it names %s://%s, this client calls %s", ErrUntrustedURL, got.Scheme, got.Host, o)
	}
	if req.Host != "" && !strings.EqualFold(req.Host, req.URL.Host) {
		return fmt.Errorf("request Host %q: %w", wire.Cut(req.Host, 100), ErrUntrustedURL)
	}
	return nil
}
