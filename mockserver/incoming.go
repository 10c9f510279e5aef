package mockserver

import (
	"context"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/journal"
)

// incoming is a request on its way through the server.
type incoming struct {
	request.Request
	front  *front
	claims *gate.Claims // nil: the token is not one of the endpoint's
	quota  gate.Quota
	same   gate.Same
	fault  *fault.Answer  // nil: none
	entry  *journal.Entry // in the journal
	task   *vtime.Task    // the request itself
	found  found          // what answers it
}

// receive finds out whose a request is and what answers it, and reads its body,
// unless the handler takes that as it comes.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (in *incoming, err error) {
	token := gate.Bearer(r.Header.Get("Authorization"))
	in = &incoming{Request: request.Request{HTTP: r, Token: token}, claims: s.credentials.Read(token)}
	in.Company = s.credentials.CompanyOf(token, in.claims, r.Header.Get("ipp-company-id"))
	in.front = s.fronts.of(in.Company)
	prefix, rest := s.pathOf(in, r.URL)
	in.Base, in.Path = s.baseOf(r, prefix), rest
	in.found = s.route(in)
	if in.Streams = s.streams(in); !in.Streams {
		in.Body, err = request.ReadBody(w, r, s.cfg.MaxBody)
	}
	return in, err
}

// streams reports whether a request's body is left to its handler: that wants it,
// and it is not known to be one that may be read first.
func (s *Server) streams(in *incoming) bool {
	length := in.HTTP.ContentLength
	return in.found.streams && (length < 0 || length > s.cfg.MaxBody) && in.point() == fault.OnForeground && !in.isTokenPath()
}

// baseOf is the API root of links.
func (s *Server) baseOf(r *http.Request, prefix string) string {
	if s.cfg.ExternalURL != "" {
		return strings.TrimRight(s.cfg.ExternalURL, "/")
	}
	return request.BaseOf(r, prefix)
}

type faultKey struct{}

// context is the request's, and carries its fault to the endpoints, and its task
// for [Sleep].
func (in *incoming) context() context.Context {
	return context.WithValue(in.task.With(in.HTTP.Context()), faultKey{}, in.fault)
}

// overlooksBackground reports whether a fault has the background header overlooked.
func (in *incoming) overlooksBackground() bool { return in.fault != nil && in.fault.Foreground }

// faultFor finds what disturbs a request: the rules for credentials are asked
// first, then those for what is asked.
func (s *Server) faultFor(in *incoming) *fault.Answer {
	for _, on := range []fault.Point{fault.OnAuth, in.point()} {
		if f := s.requestFault(in, on); f != nil {
			return f
		}
	}
	return nil
}

// requestFault asks the rules at a point.
func (s *Server) requestFault(in *incoming, on fault.Point) *fault.Answer {
	if !s.faults.Wants(on) {
		return nil
	}
	e := &fault.Event{Point: on, Company: in.Company, Method: in.HTTP.Method, Path: in.Path, Request: in.Copy(in.HTTP.Context())}
	if id := in.OperationID(); id != "" {
		if op, ok := s.Operation(id); ok {
			e.Operation = op
		}
		if on == fault.OnState || on == fault.OnContent {
			e.Method, e.Path = e.Operation.Method, request.PathBelowBase(e.Operation.Path)
		}
	}
	d, name := s.faults.Decide(e, s.clocks.Now(in.Company))
	f, ok := d.(fault.Answer)
	if !ok {
		return nil
	}
	s.journal.Update(func() { in.entry.Request.Fault = name })
	s.log.Debug("request disturbed", "rule", name, "point", on, "method", in.HTTP.Method, "path", in.Path)
	return &f
}

// point is where the rules for a request stand.
func (in *incoming) point() fault.Point {
	switch {
	case in.AsksForContent():
		return fault.OnContent
	case in.OperationID() != "":
		return fault.OnState
	case in.AsksForBackground():
		return fault.OnIntake
	}
	return fault.OnForeground
}

// serveFaulty answers as f wants it.
func (s *Server) serveFaulty(w http.ResponseWriter, in *incoming, f *fault.Answer, serve func(http.ResponseWriter)) {
	in.fault = f
	answer.Disturb(w, f, answer.Caller{Context: in.HTTP.Context(), Task: in.task, Base: in.Base}, serve)
}
