package mockserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/journal"
)

// ServeHTTP answers a request: health and the like below /__mock/, everything
// else as the ERP.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/__mock/") {
		s.admin.ServeHTTP(w, r)
		return
	}
	if home := s.home(r); home != nil {
		s.admin.ServeHTTP(w, home)
		return
	}
	if s.cors(w, r) {
		return
	}
	in, err := s.receive(w, r)
	if err != nil {
		refuseBody(w, err)
		return
	}
	if in.isTokenPath() {
		s.serveToken(w, in)
		return
	}
	s.Start()
	clock := s.clocks.Serving(in.Company)
	if clock == nil {
		s.refuseCompany(w)
		return
	}
	if in.task, err = clock.Enter(r.Context(), vtime.Label{Verb: "request", Method: r.Method, Path: in.URI()}); err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	defer in.task.End()
	s.tellFallbacks(in)
	now := s.clocks.Now(in.Company)
	in.entry = s.record(in, in.HTTP.Header, now)
	free := in.front.profile.PollsAreFree && in.OperationID() != ""
	if !free {
		in.same = s.same.Of(in.Company, in.HTTP.Method, in.URI(), in.Body)
	}
	w = s.noting(w, in)
	in.quota = s.limits.Take(in.Company, free, now)
	in.quota.Describe(w.Header(), now)
	if f := s.faultFor(in); f != nil {
		s.serveFaulty(w, in, f, func(w http.ResponseWriter) { s.serve(w, in) })
		return
	}
	s.serve(w, in)
}

// home is a request for the root of the server, which is no path of the ERP, as
// one for /__mock/; nil if it is another, nothing is mounted there, or it is a
// fallback's.
func (s *Server) home(r *http.Request) *http.Request {
	if r.URL.Path != "/" && r.URL.Path != "/__mock" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	if s.hasRoot(r) {
		return nil
	}
	home := *r
	home.URL = &url.URL{Path: "/__mock/"}
	if _, pattern := s.admin.Handler(&home); pattern == "" {
		return nil
	}
	return &home
}

// record has a request in the journal, with the header that may be shown.
func (s *Server) record(in *incoming, header http.Header, now time.Time) *journal.Entry {
	return s.journal.Request(journal.Request{
		Time: now, Company: in.Company, Method: in.HTTP.Method, Path: in.URI(),
		Header: header, Body: in.Body, Background: header.Get(wire.BackgroundHeader),
	})
}

// noting notes the status of the answer in the journal.
func (s *Server) noting(w http.ResponseWriter, in *incoming) http.ResponseWriter {
	return &answer.StatusWriter{ResponseWriter: w, Note: func(status int) {
		s.journal.Update(func() { in.entry.Request.StatusCode = status })
		in.same.Ended(status, s.clocks.Now(in.Company))
	}}
}

func refuseBody(w http.ResponseWriter, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		answer.WriteMessage(w, http.StatusRequestEntityTooLarge, "The request body is too large.")
		return
	}
	answer.WriteMessage(w, http.StatusBadRequest, "The request body could not be read.")
}

// refuseCompany answers for a company that is one too many.
func (s *Server) refuseCompany(w http.ResponseWriter) {
	answer.WriteMessage(w, http.StatusServiceUnavailable, fmt.Sprintf("This mock serves no more than %d companies (Config.MaxCompanies).", s.cfg.MaxCompanies))
}

// refuseClosed answers after Close.
func (*Server) refuseClosed(w http.ResponseWriter) {
	answer.WriteMessage(w, http.StatusServiceUnavailable, "The server is shutting down.")
}

// serve answers as the ERP does: unknown routes, credentials and limits first,
// then the queue or the endpoint.
func (s *Server) serve(w http.ResponseWriter, in *incoming) {
	switch {
	case s.refuseUnknown(w, in):
	case !s.admit(w, in):
	case in.quota.Exceeded:
		in.quota.Refuse(w, s.clocks.Now(in.Company))
	case s.refuseSame(w, in):
	case in.point() == fault.OnIntake && !in.overlooksBackground():
		s.serveBackground(w, in)
	default:
		s.foreground(w, in)
	}
}

// refuseUnknown answers for a path or a method that nothing answers, or after
// Close, and reports whether it does.
func (s *Server) refuseUnknown(w http.ResponseWriter, in *incoming) bool {
	switch {
	case s.pool.Context().Err() != nil:
		s.refuseClosed(w)
	case in.found.handler != nil:
		return false
	case in.found.known:
		w.Header().Set("Allow", s.allowed(in))
		answer.WriteMessage(w, http.StatusMethodNotAllowed, "The requested resource does not support http method '"+in.HTTP.Method+"'.")
	default:
		s.unknownRoute(w, in)
	}
	return true
}

// refuseSame refuses a request whose equals were too many, and reports whether it
// does.
func (s *Server) refuseSame(w http.ResponseWriter, in *incoming) bool {
	now := s.clocks.Now(in.Company)
	wait := in.same.Take(now)
	if wait > 0 {
		in.same.Refuse(w, wait, s.ids.GUID("error", in.Company), now)
	}
	return wait > 0
}

func (s *Server) unknownRoute(w http.ResponseWriter, in *incoming) {
	answer.Refuse(w, in.front.profile, http.StatusNotFound, "No HTTP resource was found that matches the request URI.")
}

// admit refuses a request whose credentials will not do, or that lacks what the
// profile demands, and reports whether it does not.
func (s *Server) admit(w http.ResponseWriter, in *incoming) bool {
	refused := s.credentials.Check(gate.Caller{
		Token: in.Token, Claims: in.claims, Company: in.Company, Method: in.HTTP.Method, Path: in.Path,
		RequireToken: in.front.profile.RequireToken, AnyScope: in.front.profile.AnyScope,
	}, s.clocks.Now(in.Company))
	if refused == nil {
		refused = gate.Demand(in.front.profile, gate.Asked{HTTP: in.HTTP, Body: in.Body, Path: in.found.path, AnyType: in.Fallback, Names: in.front.builtin.Names})
	}
	switch {
	case refused == nil:
		return true
	case refused.OldGateway:
		answer.WriteJSON(w, refused.Status, refused.AsGatewayError(s.ids.GUID("error", in.Company)))
		return false
	case refused.Challenge != "":
		w.Header().Set("WWW-Authenticate", refused.Challenge)
	}
	answer.Refuse(w, in.front.profile, refused.Status, refused.Message)
	return false
}
