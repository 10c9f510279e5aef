package receiver

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"unicode"
)

// Register mounts the receiver on mux: the path itself, with and without a
// slash at its end, for subscription mode, and everything below it for URL
// mode. "/" is the root, below which everything is the receiver's that has no
// pattern of its own.
//
// The path begins with a slash. It may have wildcards, and a host before it
// ("hooks.example.com/erp"), as patterns of a mux may. Register panics if the
// path is already taken, as [http.ServeMux.Handle] does, and if no request
// could ever match it: "webhooks" would be a host, and every webhook would be
// answered 404.
func (rc *Receiver) Register(mux *http.ServeMux, path string) {
	if err := checkPath(path); err != nil {
		panic(fmt.Sprintf("receiver: Register: the path %q %v", path, err))
	}
	path = strings.TrimRight(path, "/")
	if strings.Contains(path, "/") { // else it is the root, whose only form is "/{$}"
		mux.Handle(path, rc)
	}
	mux.Handle(path+"/{$}", rc)
	mux.HandleFunc(path+"/", rc.ServeCapability)
}

// checkPath finds out what is wrong with a path for [Receiver.Register].
func checkPath(p string) error {
	host, _, slash := strings.Cut(p, "/")
	below := p[len(host):]
	switch {
	case p == "":
		return errors.New(`is empty; want one such as "/webhooks/erp", or "/" for the root`)
	case strings.ContainsFunc(p, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }):
		return errors.New("holds white space; want the path alone, without a method")
	case strings.Contains(p, "://"):
		return fmt.Errorf("is a URL; want the path alone, such as %q", "/webhooks/erp")
	case strings.ContainsAny(p, "?#"):
		return errors.New("holds a query or a fragment, which no path has")
	case !slash:
		return fmt.Errorf("has no slash before it, so it names a host; want %q", path.Clean("/"+p))
	case host != "" && !isHost(host):
		return fmt.Errorf("begins with %q, which is taken for a host; want %q, or the full name of a host without a port", host, path.Clean("/"+p))
	case strings.HasSuffix(strings.TrimRight(below, "/"), "{$}") || strings.Contains(below, "...}"):
		return errors.New("ends the path itself; want it without {$} and without a wildcard for the rest")
	case path.Clean(below) != strings.TrimRight(below, "/") && strings.Trim(below, "/") != "":
		return fmt.Errorf("is never asked for in this form; want %q", host+path.Clean(below))
	}
	return nil
}

// isHost reports whether the text before the first slash can be meant as a
// host, and is one that a mux compares: without a port. A single word is much
// more likely to be a path whose slash was forgotten.
func isHost(s string) bool {
	if s == "localhost" {
		return true
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return true
	}
	name := strings.Trim(s, ".")
	last := name[strings.LastIndexByte(name, '.')+1:] // a number in no name, but in "v1.0"
	return last != name && strings.Trim(last, "0123456789") != "" && !strings.ContainsAny(s, ":{}")
}
