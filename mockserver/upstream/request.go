package upstream

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A refusal is why a call is not passed on.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

// outgoing is a call as it is made to the upstream, without its body.
func (u *Upstream) outgoing(ctx context.Context, r *http.Request) (*http.Request, error) {
	switch {
	case r.Method == http.MethodConnect:
		return nil, &refusal{http.StatusMethodNotAllowed, "The method CONNECT is not passed on to the upstream."}
	case u.wasHere(r.Header):
		return nil, &refusal{http.StatusLoopDetected, "The call came back to where it was: the upstream leads to this mock itself."}
	}
	target, err := u.target(r.URL)
	if err != nil {
		return nil, err
	}
	out := (&http.Request{
		Method: r.Method, URL: target, Host: u.root.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: u.header(r),
	}).WithContext(ctx)
	if u.cfg.Rewrite == nil {
		return out, nil
	}
	if err := u.cfg.Rewrite(out); err != nil {
		return nil, &refusal{http.StatusBadGateway, "The call was not made to the upstream: " + err.Error() + "."}
	}
	if out.URL.Scheme != u.root.Scheme || !strings.EqualFold(out.URL.Host, u.root.Host) {
		return nil, &refusal{http.StatusBadGateway, "The call was not made to the upstream: Config.Rewrite would have sent it elsewhere."}
	}
	return out, nil
}

// target is where a call goes: its path below that of the root. The path stays as it
// was escaped, but may not lead out of the root.
func (u *Upstream) target(asked *url.URL) (*url.URL, error) {
	escaped := asked.EscapedPath()
	if !strings.HasPrefix(escaped, "/") {
		escaped = "/" + escaped
	}
	if u.root.Path != "" && climbs(asked.Path) {
		return nil, &refusal{http.StatusBadRequest, "The path leads out of the upstream's: it has a segment \"..\"."}
	}
	escaped = u.root.EscapedPath() + escaped
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "The path is not escaped as it should be."}
	}
	return &url.URL{Scheme: u.root.Scheme, Host: u.root.Host, Path: plain, RawPath: escaped, RawQuery: asked.RawQuery, ForceQuery: asked.ForceQuery}, nil
}

// climbs reports whether a path has a segment that some server may take for the
// way up, also one that was escaped, or that begins with a backslash.
func climbs(path string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }), func(s string) bool {
		again, err := url.PathUnescape(s) // some unescape twice
		return s == ".." || err == nil && slices.Contains(strings.FieldsFunc(again, func(r rune) bool { return r == '/' || r == '\\' }), "..")
	})
}

// wasHere reports whether a call was passed on by this upstream already.
func (u *Upstream) wasHere(h http.Header) bool {
	for _, line := range h.Values("Via") {
		for one := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(one) == u.via {
				return true
			}
		}
	}
	return false
}

// hopByHop are the headers of one connection (RFC 9110, 7.6.1), and what proxies
// took for such.
func hopByHop() []string {
	return []string{
		"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
	}
}

// dropHops removes the headers of one connection, and those that it names.
func dropHops(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hopByHop() {
		delete(h, name)
	}
}

// header is what is passed on of a call's.
func (u *Upstream) header(r *http.Request) http.Header {
	h := r.Header.Clone()
	trailers := slices.ContainsFunc(h["Te"], func(v string) bool { return strings.Contains(strings.ToLower(v), "trailers") })
	dropHops(h)
	if trailers {
		h.Set("Te", "trailers")
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") || len(u.cfg.Drop) > 0 && u.cfg.drops(name) {
			delete(h, name)
		}
	}
	for _, name := range []string{wire.BackgroundHeader, "Expect", "Forwarded", "Content-Length"} {
		h.Del(name)
	}
	if u.cfg.Forwarded {
		u.forwarded(h, r)
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = nil // else net/http names itself
	}
	h["Via"] = []string{strings.Join(append(r.Header["Via"], u.via), ", ")}
	return h
}

// forwarded tells of the caller.
func (u *Upstream) forwarded(h http.Header, r *http.Request) {
	base, err := url.Parse(request.BaseOf(r, ""))
	if err != nil {
		return
	}
	h.Set("X-Forwarded-Proto", base.Scheme)
	h.Set("X-Forwarded-Host", base.Host)
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		if before := r.Header.Values("X-Forwarded-For"); len(before) > 0 {
			host = strings.Join(before, ", ") + ", " + host
		}
		h.Set("X-Forwarded-For", host)
	}
}

// describe names a status.
func describe(status int) string {
	return strings.TrimSpace(fmt.Sprint(status, " ", http.StatusText(status)))
}
