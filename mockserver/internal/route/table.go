package route

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// A Table finds handlers without regard to the case of the path. Patterns are
// those of http.ServeMux. It is an http.Handler for requests whose path is
// canonical.
type Table struct {
	// Names are those of parameters in a query, by their lower-case forms, as
	// for [Spelled]. It is set before the table is used.
	Names map[string]string

	mux *http.ServeMux

	mu    sync.RWMutex // guards paths
	paths [][]string   // the segments of each pattern's path
}

// New returns a table without routes.
func New() *Table { return &Table{mux: http.NewServeMux()} }

// Handle registers h; like http.ServeMux it panics on a bad or second pattern.
func (t *Table) Handle(pattern string, h http.Handler) {
	t.mux.Handle(pattern, h)
	t.note(pattern)
}

// HandleFunc lets generated code register its routes here.
func (t *Table) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	t.Handle(pattern, http.HandlerFunc(f))
}

// ServeHTTP is the other half of what generated code wants of a mux.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if query := Spelled(r.URL.RawQuery, t.Names); query != r.URL.RawQuery {
		own, u := *r, *r.URL
		u.RawQuery = query
		own.URL, r = &u, &own
	}
	t.mux.ServeHTTP(w, r)
}

// note remembers a pattern's path for Canonical.
func (t *Table) note(pattern string) {
	path := pattern[strings.LastIndexAny(pattern, " \t")+1:]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paths = append(t.paths, strings.Split(path, "/"))
}

// Canonical rewrites the fixed segments of an escaped path in the case of the
// pattern that fits best, and reports whether any fits.
func (t *Table) Canonical(path string) (string, bool) {
	segments := strings.Split(path, "/")
	t.mu.RLock()
	defer t.mu.RUnlock()
	best, bestFixed := []string(nil), -1
	for _, pattern := range t.paths {
		if fixed, ok := Fit(pattern, segments); ok && fixed > bestFixed {
			best, bestFixed = pattern, fixed
		}
	}
	if best == nil {
		return path, false
	}
	return strings.Join(rewrite(best, segments), "/"), true
}

// Methods are those that a path takes, in the order of an Allow header.
func (t *Table) Methods(path string) (list []string) {
	p, ok := t.Canonical(path)
	if !ok {
		return nil
	}
	for _, m := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		if t.Has(m, p) {
			list = append(list, m)
		}
	}
	return list
}

// Has reports whether there is a handler for a method and canonical path.
func (t *Table) Has(method, path string) bool {
	u := &url.URL{Path: path}
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	_, pattern := t.mux.Handler(&http.Request{Method: method, URL: u})
	return pattern != ""
}
