package mockserver

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/route"
)

// An Endpoint is a request with the answer that it always gets, for what the
// built-in ERP does not know, or does otherwise. It runs in the background like
// any other.
type Endpoint struct {
	ID      string // set by [Server.AddEndpoint]
	Company string // empty: all
	Method  string // default "GET"

	// Path is a pattern below the API root, as for [Server.Handle]:
	// "/v1/customerPayment/{number}".
	Path string

	Status int // default 200
	Header http.Header
	Body   []byte
}

// A canned is an endpoint at work. It is not changed.
type canned struct {
	Endpoint
	path []string // segments of Path
}

// matches reports whether a request is for the endpoint, whatever its method.
func (e *canned) matches(company string, path []string) bool {
	if e.Company != "" && e.Company != company {
		return false
	}
	_, ok := route.Fit(e.path, path)
	return ok
}

// serve gives the answer.
func (e *canned) serve(w http.ResponseWriter, _ *http.Request) {
	if len(e.Body) > 0 && e.Header.Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	answer.ApplyHeader(w.Header(), e.Header)
	w.WriteHeader(e.Status)
	_, _ = w.Write(e.Body) // the client may be gone
}

func (e *Endpoint) validate() error {
	var errs []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("Endpoint."+format, args...))
		}
	}
	refuse(!check.IsToken(e.Method), "Method: %q is no method", e.Method)
	refuse(e.Status < 200 || e.Status > 599, "Status: %d is not in 200 to 599", e.Status)
	refuse(len(e.Body) > 0 && (e.Status == http.StatusNoContent || e.Status == http.StatusNotModified), "Body: an answer %d has none", e.Status)
	for name := range e.Header {
		refuse(!check.IsToken(name), "Header: %q is no header's name", name)
	}
	base, below := route.SplitBase(e.Path)
	refuse(!route.IsPattern(e.Path) || strings.ContainsAny(e.Path, "? "), "Path: %q: want a path below the API root such as /v1/customerPayment/{number}, without method and query", e.Path)
	refuse(base != "", "Path: %q: want the path below the API root, %s", e.Path, below)
	return errors.Join(errs...)
}

// An endpointList are the endpoints that users added. It is safe for concurrent
// use.
type endpointList struct {
	mu   sync.RWMutex // guards all below
	list []*canned    // replaced, never changed
	made int
}

// AddEndpoint adds an endpoint, which comes before all others: those of
// [Server.Handle], the built-in ones, and those that were added before. It
// returns the endpoint with its ID and defaults; the error names every field
// that is wrong. A [Server.Reset] of its company removes it.
func (s *Server) AddEndpoint(e Endpoint) (Endpoint, error) {
	e.Method = strings.ToUpper(cmp.Or(e.Method, http.MethodGet))
	e.Status = cmp.Or(e.Status, http.StatusOK)
	e.Header, e.Body = e.Header.Clone(), bytes.Clone(e.Body)
	if err := e.validate(); err != nil {
		return Endpoint{}, err
	}
	l := &s.canned
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	e.ID = "endpoint-" + strconv.Itoa(l.made)
	l.list = slices.Concat([]*canned{{e, strings.Split(e.Path, "/")}}, l.list)
	return e, nil
}

// Endpoints lists what [Server.AddEndpoint] added, in the order in which it is
// asked.
func (s *Server) Endpoints() []Endpoint {
	s.canned.mu.RLock()
	defer s.canned.mu.RUnlock()
	list := make([]Endpoint, len(s.canned.list))
	for i, e := range s.canned.list {
		list[i] = e.Endpoint
		list[i].Header, list[i].Body = e.Header.Clone(), bytes.Clone(e.Body)
	}
	return list
}

// RemoveEndpoint removes an endpoint by its ID, and reports whether there was
// one.
func (s *Server) RemoveEndpoint(id string) bool {
	return s.canned.remove(func(e *canned) bool { return e.ID == id })
}

func (l *endpointList) remove(gone func(*canned) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(l.list), gone)
	removed := len(left) < len(l.list)
	l.list = left
	return removed
}

// of are the endpoints for a company and path.
func (l *endpointList) of(company, path string) (list []*canned) {
	l.mu.RLock()
	all := l.list
	l.mu.RUnlock()
	if len(all) == 0 {
		return nil
	}
	segments := strings.Split(path, "/")
	for _, e := range all {
		if e.matches(company, segments) {
			list = append(list, e)
		}
	}
	return list
}

// reset forgets those of a company; all of them, if that is empty.
func (l *endpointList) reset(company string) {
	l.remove(func(e *canned) bool { return company == "" || e.Company == company })
}
