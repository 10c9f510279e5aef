package mockserver

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/erp"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/openapi/server"
)

// pathOf cuts the path of a request into the base path and what follows it,
// escaped. A slash at its end is left out where no route wants it and one is
// there without it.
func (s *Server) pathOf(in *incoming, u *url.URL) (base, path string) {
	base, path = route.SplitBase(route.Plain(u.EscapedPath()))
	short := strings.TrimRight(path, "/")
	if in.front.profile.EndSlashMatters || short == path || s.hasPath(in, path) || !s.hasPath(in, short) {
		return base, path
	}
	return base, short
}

// hasPath reports whether a path has a route for the company of a request,
// whatever the method.
func (s *Server) hasPath(in *incoming, path string) bool {
	if len(s.canned.of(in.Company, path)) > 0 {
		return true
	}
	for _, t := range []*route.Table{s.user, in.front.builtin} {
		if _, ok := t.Canonical(path); ok {
			return true
		}
	}
	return false
}

// allowed is the Allow header for the path of a request.
func (s *Server) allowed(in *incoming) string {
	var list []string
	for _, e := range s.canned.of(in.Company, in.Path) {
		if !slices.Contains(list, e.Method) {
			list = append(list, e.Method)
		}
	}
	for _, m := range append(s.user.Methods(in.Path), in.front.builtin.Methods(in.Path)...) {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	for _, m := range in.found.methods {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return strings.Join(list, ", ")
}

// isTokenPath reports whether a request is for the token endpoint.
func (in *incoming) isTokenPath() bool {
	path := in.HTTP.URL.Path
	if !in.front.profile.EndSlashMatters {
		path = strings.TrimRight(path, "/")
	}
	return strings.EqualFold(path, route.TokenPath)
}

// queryNames are the names of parameters in a query, by their lower-case forms.
func queryNames() map[string]string {
	names := make(map[string]string)
	for field := range reflect.TypeFor[server.ListCustomerInvoicesParams]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("form"), ","); name != "" {
			names[strings.ToLower(name)] = name
		}
	}
	for _, name := range erp.QueryNames() {
		names[strings.ToLower(name)] = name
	}
	return names
}

// A found is what there is for the path and method of a request.
type found struct {
	handler http.Handler // nil: nothing
	path    string       // for the handler: below the base in the case of the route, as it was sent for a fallback
	known   bool         // the path exists, if only with other methods
	methods []string     // those of fallbacks, if there is no handler
	ownTime bool         // it takes no execution time besides its own
	streams bool         // it takes long bodies as they come
}

// route finds what answers a request: answers that were added first, then user
// handlers, the ERP, and the fallbacks.
func (s *Server) route(in *incoming) found {
	known := false
	for _, e := range s.canned.of(in.Company, in.Path) {
		if known = true; e.Method == in.HTTP.Method {
			return found{handler: http.HandlerFunc(e.serve), path: in.Path, known: true}
		}
	}
	for _, t := range []*route.Table{s.user, in.front.builtin} {
		p, ok := t.Canonical(in.Path)
		if ok && t.Has(in.HTTP.Method, p) {
			return found{handler: t, path: p, known: true}
		}
		known = known || ok
	}
	r, ok := s.fallback(in)
	if r.Handler != nil {
		in.Fallback, in.Pattern = true, r.Pattern
		return found{handler: r.Handler, path: in.HTTP.URL.EscapedPath(), known: true, ownTime: r.OwnTime, streams: r.Streams}
	}
	known = known || ok
	if in.front.profile.AcceptUnknownRoutes && in.point() == fault.OnIntake {
		return found{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.unknownRoute(w, in) }), path: in.Path, known: true}
	}
	return found{path: in.Path, known: known, methods: r.Methods}
}
