package mockserver

import (
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// Companies lists the companies that the server has heard of, in order: those of
// the Config, and those that a request or a control named.
func (s *Server) Companies() []string { return s.clocks.Known() }

// Admits reports whether the server serves a company: whether it has heard of
// it, or has room for one more (Config.MaxCompanies), which it then is.
func (s *Server) Admits(company string) bool { return s.clocks.Serving(company) != nil }

// DefaultCompany is the company of a request that names none.
func (s *Server) DefaultCompany() string { return s.cfg.DefaultCompany }

// Done returns a channel that is closed by Close.
func (s *Server) Done() <-chan struct{} { return s.pool.Context().Done() }

// Backdoor returns a handler that answers as the ERP does in the foreground, for
// a company and past everything that guards and watches it: calls are not
// counted, not disturbed and not in the journal, and need no credentials. It is
// for setting up what a test begins with.
func (s *Server) Backdoor(company string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := request.ReadBody(w, r, s.cfg.MaxBody)
		if err != nil {
			refuseBody(w, err)
			return
		}
		clock := s.clocks.Serving(company)
		if clock == nil {
			s.refuseCompany(w)
			return
		}
		in := &incoming{Request: request.Request{HTTP: r, Body: body}, front: s.fronts.of(company)}
		in.Company = company
		if company == "" {
			in.Company = s.cfg.DefaultCompany
		}
		prefix, rest := s.pathOf(in, r.URL)
		in.Base, in.Path = s.baseOf(r, prefix), rest
		if in.task, err = clock.Enter(r.Context(), vtime.Label{Verb: "request", Method: r.Method, Path: strings.TrimSpace(r.URL.Path)}); err != nil {
			panic(http.ErrAbortHandler) // the client went away
		}
		defer in.task.End()
		in.found = s.route(in)
		if !s.refuseUnknown(w, in) {
			s.foreground(w, in)
		}
	})
}
