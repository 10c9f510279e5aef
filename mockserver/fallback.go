package mockserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/route"
)

// A Fallback answers requests that no endpoint of [Server.AddEndpoint], no
// handler of [Server.Handle] and nothing of the built-in ERP answers. Its paths
// may begin with anything, and take the background header all the same. What is
// below /v1/background/, /__mock/ and /connect/token remains the mock's.
//
// A fallback that has a method Reset(company string) is told when a company is
// reset, all of them if the name is empty, while nothing else happens in it; see
// [Server.Reset]. One that has a method Called(r *http.Request, company string) is
// told of every call to the ERP, whoever answers it, when it comes in.
type Fallback interface {
	// Route returns what answers a request, and false if its path is none of the
	// fallback's. R is the request with its path as it was sent, the base path
	// included, and without a body. Route may be called more than once for a
	// request, and from several goroutines at a time.
	Route(r *http.Request) (Route, bool)
}

// A FallbackFunc is a [Fallback] that is a function.
type FallbackFunc func(r *http.Request) (Route, bool)

// Route implements [Fallback].
func (f FallbackFunc) Route(r *http.Request) (Route, bool) { return f(r) }

// A Route is what a [Fallback] has for the path of a request.
type Route struct {
	// Handler answers the request: in the foreground or in the background, as
	// one of [Server.Handle] does, but with the path as it was sent. Nil: the
	// path takes other methods only, so that the next fallback is asked.
	Handler http.Handler

	// Pattern is the path as the fallback knows it, such as "/v1/thing/{id}". The
	// handler finds it in the request's Pattern, and so does [ExecTime].
	Pattern string

	// Methods are those that the path takes, for the Allow header of a 405.
	Methods []string

	// OwnTime leaves Config.ExecTime out: an operation takes as long as Handler
	// does, and begins as soon as a worker picks it up.
	OwnTime bool

	// Streams has Handler take the body of a call in the foreground as it comes, if
	// it is longer than Config.MaxBody, or if nobody knows how long it will be. Such
	// a body is not in the journal, and no rule sees it. Default: a body is read
	// first, and one that is too long is refused.
	Streams bool
}

// A resetter is a fallback that keeps something of companies, a listener one that
// hears of calls.
type (
	resetter interface{ Reset(company string) }
	listener interface {
		Called(r *http.Request, company string)
	}
)

// fallback is the route that the fallbacks have for a request, and false if none
// of them knows its path. The methods are those of all that know it.
func (s *Server) fallback(in *incoming) (Route, bool) {
	if len(s.cfg.Fallbacks) == 0 || route.IsBackground(in.Path) {
		return Route{}, false
	}
	found, known := s.askFallbacks(in.HTTP)
	if known || in.front.profile.EndSlashMatters {
		return found, known
	}
	short, ok := withoutEndSlash(in.HTTP)
	if !ok {
		return Route{}, false
	}
	if found, known = s.askFallbacks(short); known {
		in.HTTP = short
	}
	return found, known
}

// bare is a request without its body.
func bare(r *http.Request) *http.Request {
	own := *r
	own.Body, own.ContentLength = http.NoBody, 0
	return &own
}

func (s *Server) askFallbacks(r *http.Request) (found Route, known bool) {
	r = bare(r)
	var methods []string
	for _, f := range s.cfg.Fallbacks {
		own, ok := f.Route(r)
		if !ok {
			continue
		}
		known = true
		if own.Handler != nil {
			return own, true
		}
		for _, m := range own.Methods {
			if !slices.Contains(methods, m) {
				methods = append(methods, m)
			}
		}
	}
	return Route{Methods: methods}, known
}

// withoutEndSlash is a request for the same path without the slashes at its end,
// and false if it has none.
func withoutEndSlash(r *http.Request) (*http.Request, bool) {
	path := r.URL.EscapedPath()
	short := strings.TrimRight(path, "/")
	if short == path || short == "" {
		return nil, false
	}
	plain, err := url.PathUnescape(short)
	if err != nil {
		return nil, false
	}
	own, u := *r, *r.URL
	u.Path, u.RawPath = plain, short
	own.URL = &u
	return &own, true
}

// hasRoot reports whether a fallback answers a request for the root that does
// not come from a browser.
func (s *Server) hasRoot(r *http.Request) bool {
	if r.URL.Path != "/" || strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	found, _ := s.askFallbacks(r)
	return found.Handler != nil
}

// tellFallbacks tells the fallbacks of a call to the ERP.
func (s *Server) tellFallbacks(in *incoming) {
	for _, f := range s.cfg.Fallbacks {
		if f, ok := f.(listener); ok && !route.IsBackground(in.Path) {
			f.Called(bare(in.HTTP), in.Company)
		}
	}
}

// resetFallbacks has the fallbacks forget a company; all of them, if that is
// empty.
func (s *Server) resetFallbacks(company string) {
	for _, f := range s.cfg.Fallbacks {
		if f, ok := f.(resetter); ok {
			f.Reset(company)
		}
	}
}
