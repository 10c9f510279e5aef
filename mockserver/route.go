package mockserver

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// basePaths are what may stand before /v1/ and /v2/; longer ones first.
func basePaths() []string { return []string{"/api/controller/api", "/api", ""} }

// splitBase cuts an escaped path into the base path, as it was written, and
// what follows it. It knows the base of the former host, the one of the
// vendor's article and today's empty one.
func splitBase(path string) (base, rest string) {
	lower := strings.ToLower(path)
	for _, b := range basePaths() {
		if tail, ok := strings.CutPrefix(lower, b); ok && isVersioned(tail) {
			return path[:len(b)], path[len(b):]
		}
	}
	return "", path
}

// isVersioned tells whether a lower-case path starts with /v<digit>/.
func isVersioned(path string) bool {
	return len(path) > 3 && path[0] == '/' && path[1] == 'v' && '0' <= path[2] && path[2] <= '9' && path[3] == '/'
}

// takesBackground tells whether the header has a meaning for a path below the
// base: on every v1 and v2 route but the background GETs themselves.
func takesBackground(path string) bool {
	lower := strings.ToLower(path)
	return (strings.HasPrefix(lower, "/v1/") || strings.HasPrefix(lower, "/v2/")) &&
		!strings.HasPrefix(lower, "/v1/background/")
}

// routes finds handlers without regard to the case of the path. Patterns are
// those of http.ServeMux.
type routes struct {
	mux   *http.ServeMux
	names map[string]string // of parameters in a query, by their lower-case forms; nil: as they are

	mu    sync.RWMutex // guards paths
	paths [][]string   // the segments of each pattern's path
}

func newRoutes() *routes { return &routes{mux: http.NewServeMux()} }

// handle registers h; like http.ServeMux it panics on a bad or second pattern.
func (t *routes) handle(pattern string, h http.Handler) {
	t.mux.Handle(pattern, h)
	t.note(pattern)
}

// HandleFunc lets generated code register its routes here.
func (t *routes) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	t.handle(pattern, http.HandlerFunc(f))
}

// ServeHTTP is the other half of what generated code wants of a mux.
func (t *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if query := spelled(r.URL.RawQuery, t.names); query != r.URL.RawQuery {
		own, u := *r, *r.URL
		u.RawQuery = query
		own.URL, r = &u, &own
	}
	t.mux.ServeHTTP(w, r)
}

// note remembers a pattern's path for canonical.
func (t *routes) note(pattern string) {
	path := pattern[strings.LastIndexAny(pattern, " \t")+1:]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paths = append(t.paths, strings.Split(path, "/"))
}

// canonical rewrites the fixed segments of an escaped path in the case of the
// pattern that fits best, and reports whether any fits.
func (t *routes) canonical(path string) (string, bool) {
	segments := strings.Split(path, "/")
	t.mu.RLock()
	defer t.mu.RUnlock()
	best, bestFixed := []string(nil), -1
	for _, pattern := range t.paths {
		if fixed, ok := fit(pattern, segments); ok && fixed > bestFixed {
			best, bestFixed = pattern, fixed
		}
	}
	if best == nil {
		return path, false
	}
	return strings.Join(rewrite(best, segments), "/"), true
}

// fit matches segments with a pattern's and counts the fixed ones.
func fit(pattern, segments []string) (fixed int, ok bool) {
	for i, p := range pattern {
		switch {
		case i >= len(segments):
			return 0, false
		case isRest(pattern, i):
			return fixed, true
		case p == "{$}":
			return fixed, len(segments) == i+1 && segments[i] == ""
		case strings.HasPrefix(p, "{") && segments[i] != "":
		case strings.EqualFold(p, segments[i]):
			fixed++
		default:
			return 0, false
		}
	}
	return fixed, len(segments) == len(pattern)
}

// isRest tells whether a pattern's segment stands for all that is left.
func isRest(pattern []string, i int) bool {
	return i == len(pattern)-1 && (pattern[i] == "" || strings.HasSuffix(pattern[i], "...}"))
}

// rewrite makes segments, which it may write to, what a pattern that fits has
// them be.
func rewrite(pattern, segments []string) []string {
	for i, p := range pattern {
		switch {
		case isRest(pattern, i):
			return segments
		case p == "{$}":
		case strings.HasPrefix(p, "{"):
			segments[i] = plainSegment(segments[i])
		default:
			segments[i] = p
		}
	}
	return segments
}

// methods are those that a path takes, in the order of an Allow header.
func (t *routes) methods(path string) (list []string) {
	p, ok := t.canonical(path)
	if !ok {
		return nil
	}
	for _, m := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		if t.has(m, p) {
			list = append(list, m)
		}
	}
	return list
}

// has tells whether there is a handler for a method and canonical path.
func (t *routes) has(method, path string) bool {
	u := &url.URL{Path: path}
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	_, pattern := t.mux.Handler(&http.Request{Method: method, URL: u})
	return pattern != ""
}
