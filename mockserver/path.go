package mockserver

import (
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/openapi/server"
)

// pathOf cuts the path of a request into the base path and what follows it,
// escaped. A slash at its end is left out where no route wants it and one is
// there without it.
func (s *Server) pathOf(u *url.URL) (base, path string) {
	base, path = route.SplitBase(route.Plain(u.EscapedPath()))
	short := strings.TrimRight(path, "/")
	if s.cfg.Profile.EndSlashMatters || short == path || s.hasPath(path) || !s.hasPath(short) {
		return base, path
	}
	return base, short
}

// hasPath tells whether a path has a route, whatever the method.
func (s *Server) hasPath(path string) bool {
	for _, t := range []*route.Table{s.user, s.builtin} {
		if _, ok := t.Canonical(path); ok {
			return true
		}
	}
	return false
}

// allowed is the Allow header for a path.
func (s *Server) allowed(path string) string {
	var list []string
	for _, m := range append(s.user.Methods(path), s.builtin.Methods(path)...) {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return strings.Join(list, ", ")
}

// isTokenPath tells whether a path is that of the token endpoint.
func (p Profile) isTokenPath(path string) bool {
	if !p.EndSlashMatters {
		path = strings.TrimRight(path, "/")
	}
	return strings.EqualFold(path, gate.TokenPath)
}

// queryNames are the names of parameters in a query, by their lower-case forms.
func queryNames() map[string]string {
	names := make(map[string]string)
	for field := range reflect.TypeFor[server.ListCustomerInvoicesParams]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("form"), ","); name != "" {
			names[strings.ToLower(name)] = name
		}
	}
	return names
}
