package mockserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/mockserver/internal/erp"
	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/run"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/queue"
)

// A Call tells a handler whose request it answers.
type Call struct {
	// Company is the ERP company that the request's credentials name.
	Company string

	// Base is the root that the caller used, for example
	// "https://erp.mock/API/controller/api"; absolute links are Base plus
	// "/v1/...".
	Base string

	// OperationID identifies the background operation; it is empty in the
	// foreground.
	OperationID string

	// Attempt is how often the operation was started, this time included. It is
	// more than 1 only if a worker stopped in the middle, with a queue that
	// outlives its process. What such a worker did outside of the mock remains
	// done, so a handler with effects should check for that.
	Attempt int
}

// Background reports whether the call runs in the background.
func (c Call) Background() bool { return c.OperationID != "" }

// Fail ends the background operation that a handler runs: it is Failed, with
// message as its errorMessage, and not Finished with an answer. It is for what kept
// the handler from finding out how a call ended. Fail does not return: it panics
// with a value of its own, which a handler that recovers should pass on. In the
// foreground it is a panic like any other.
func Fail(message string) { panic(answer.Failure(message)) }

// CallFrom tells a handler, given its request's context, for which company it
// runs, whether in the background, and which root its links should have.
func CallFrom(ctx context.Context) (Call, bool) {
	c, ok := call.From(ctx)
	return Call(c), ok
}

// work prepares a job's request for its handler, as if it had just come in.
func (s *Server) work(job *queue.Job) run.Work {
	in, err := s.incoming(job)
	if err != nil {
		return impossible("The stored request is not valid: " + err.Error() + ".")
	}
	if in.found = s.route(in); in.found.handler == nil {
		return impossible("The endpoint is not there any more.")
	}
	return &endpointCall{s: s, job: job, in: in}
}

// incoming is a job's request, as it was received.
func (s *Server) incoming(j *queue.Job) (*incoming, error) {
	u, err := url.ParseRequestURI(j.Request.URL)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: j.Method, URL: u, Host: j.Request.Host, RemoteAddr: j.Request.RemoteAddr, Header: j.Request.Header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RequestURI: j.Path,
	}
	in := &incoming{Request: request.Request{HTTP: r, Body: j.Request.Body, Company: j.Company, Base: j.Base}, front: s.fronts.of(j.Company)}
	_, in.Path = s.pathOf(in, u)
	return in, nil
}

// An endpointCall is the work of calling a handler. The built-in ERP is called
// in a session if its data are kept in the queue, which stores the result and
// what it did to the data in one step.
type endpointCall struct {
	s       *Server
	job     *queue.Job
	in      *incoming
	session *erp.Session // nil: none
}

func (c *endpointCall) Run(ctx context.Context, early func(answer.Outcome)) answer.Outcome {
	c.Done(false) // of a run before this one
	if c.s.keepsState(c.in) {
		var err error
		if c.session, err = c.s.session(ctx, c.in.Company); err != nil {
			return answer.Outcome{Failure: "The data could not be read: " + err.Error() + "."}
		}
		ctx = c.session.Context(ctx)
	}
	if !c.in.front.profile.ReportAccepted || c.session != nil {
		early = nil
	}
	return answer.Invoke(c.in.found.handler, c.in.ForEndpoint(ctx, c.in.found.path, c.job.ID, c.job.Attempts), early)
}

func (c *endpointCall) Changes() *queue.Changes {
	if c.session == nil {
		return nil
	}
	return changesOf(c.session, c.in.Company)
}

func (c *endpointCall) Done(stored bool) {
	if c.session != nil {
		c.session.End(stored)
		c.session = nil
	}
}

func changesOf(session *erp.Session, company string) *queue.Changes {
	step, changed := session.Changes()
	if !changed {
		return nil
	}
	return &queue.Changes{Company: company, Version: step.Version, Docs: step.Docs}
}

// keepsState reports whether what a request changes is kept in a shared queue: the
// built-in ERP's data are, other handlers look after their own.
func (s *Server) keepsState(in *incoming) bool {
	t, ok := in.found.handler.(*route.Table)
	return ok && t == in.front.builtin && s.runner.Shared() != nil
}

// session begins a session on the data of a company, as they are in the queue.
func (s *Server) session(ctx context.Context, company string) (*erp.Session, error) {
	return s.erp.Begin(company, func(version int64) (erp.Step, error) {
		c, err := s.runner.Shared().ReadState(context.WithoutCancel(ctx), company, version)
		return erp.Step{Version: c.Version, Docs: c.Docs, Anew: c.Anew}, err
	})
}

// foreground answers a request at once.
func (s *Server) foreground(w http.ResponseWriter, in *incoming) {
	h, path := in.found.handler, in.found.path
	r := in.ForEndpoint(in.context(), path, "", 0)
	if !s.keepsState(in) || !route.TakesBackground(path) {
		h.ServeHTTP(w, r)
		return
	}
	for {
		rec, err := s.inSession(h, r, in.Company)
		switch {
		case errors.Is(err, queue.ErrConflict):
			r = in.ForEndpoint(in.context(), path, "", 0) // its body was read
		case err != nil:
			s.log.Error("request not processed", "method", r.Method, "path", path, "error", err)
			w.Header().Set("Retry-After", "5")
			answer.WriteMessage(w, http.StatusServiceUnavailable, "The data cannot be read or stored. Try again later.")
			return
		default:
			rec.Replay(w)
			return
		}
	}
}

// inSession answers a request that may change the ERP's data, and stores what
// it changed.
func (s *Server) inSession(h http.Handler, r *http.Request, company string) (*answer.Recorder, error) {
	session, err := s.session(r.Context(), company)
	if err != nil {
		return nil, err
	}
	stored := false
	defer func() { session.End(stored) }()
	rec := answer.NewRecorder()
	h.ServeHTTP(rec, r.WithContext(session.Context(r.Context())))
	if c := changesOf(session, company); c != nil {
		if err := s.runner.Shared().WriteState(context.WithoutCancel(r.Context()), c); err != nil {
			return nil, err
		}
		stored = true
	}
	return rec, nil
}

// impossible is work that cannot be done.
type impossible string

func (f impossible) Run(context.Context, func(answer.Outcome)) answer.Outcome {
	return answer.Outcome{Failure: string(f)}
}
func (impossible) Changes() *queue.Changes { return nil }
func (impossible) Done(bool)               {}

// outdated reports whether a request's If-Match is not the version of the
// document that it is about. It asks the endpoint for that version, as the
// caller would.
func (s *Server) outdated(in *incoming) bool {
	ifMatch := in.HTTP.Header.Get("If-Match")
	if ifMatch == "" || in.HTTP.Method == http.MethodGet {
		return false
	}
	ask := *in
	ask.HTTP = in.HTTP.Clone(in.HTTP.Context())
	ask.HTTP.Method, ask.HTTP.URL.RawQuery, ask.Body = http.MethodGet, "", nil
	ask.HTTP.Header.Del("If-Match")
	ask.HTTP.Header.Del(wire.BackgroundHeader)
	ask.Path = route.Document(in.Path)
	ask.HTTP.URL.Path, ask.HTTP.URL.RawPath = route.Document(in.HTTP.URL.Path), route.Document(in.HTTP.URL.RawPath)
	if ask.found = s.route(&ask); ask.found.handler == nil {
		return false
	}
	rec := answer.NewRecorder()
	s.foreground(rec, &ask)
	version := func(tag string) string {
		return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	}
	tag := rec.Outcome().Header.Get("ETag")
	return tag != "" && ifMatch != "*" && version(tag) != version(ifMatch)
}
