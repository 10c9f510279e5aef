package mockserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// incoming is a request as far as the mock has understood it.
type incoming struct {
	r       *http.Request
	body    []byte
	token   string
	claims  *gate.Claims // nil: the token is not one of the endpoint's
	company string
	base    string // API root of links
	path    string // escaped, below the base path
	quota   gate.Quota
	fault   *Fault      // nil: none
	entry   *Entry      // in the journal
	task    *vtime.Task // the request itself

	requestURI string // what uri returns, once it was asked for
}

// uri is what was asked for, with the query.
func (in *incoming) uri() string {
	if in.requestURI == "" {
		in.requestURI = in.r.URL.RequestURI()
	}
	return in.requestURI
}

// receive reads a request's body and finds out whose it is.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*incoming, error) {
	body, err := s.readBody(w, r)
	if err != nil {
		return nil, err
	}
	in := &incoming{r: r, body: body}
	in.token = gate.Bearer(r.Header.Get("Authorization"))
	in.claims = s.credentials.Read(in.token)
	in.company = s.credentials.CompanyOf(in.token, in.claims, r.Header.Get("ipp-company-id"))
	prefix, rest := s.pathOf(r.URL)
	in.base, in.path = s.baseOf(r, prefix), rest
	return in, nil
}

// readBody reads a request's body as io.ReadAll does, in one piece if it is as
// long as it says.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(w, r.Body, s.cfg.MaxBody)
	if r.ContentLength < 0 || r.ContentLength > journalBody {
		return io.ReadAll(limited)
	}
	body := make([]byte, 0, r.ContentLength+1)
	for {
		n, err := limited.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// baseOf is the API root that the caller used.
func (s *Server) baseOf(r *http.Request, prefix string) string {
	if s.cfg.ExternalURL != "" {
		return strings.TrimRight(s.cfg.ExternalURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	host := r.Host
	if u, err := url.Parse("//" + host); host == "" || err != nil || u.Host != host {
		host = "localhost" // no links can be made with what the caller named
	}
	return scheme + "://" + host + prefix
}

// copy makes a request that can be read independently of the original, with
// the path as the caller wrote it.
func (in *incoming) copy(ctx context.Context) *http.Request {
	r := in.r.Clone(ctx)
	r.Body, r.ContentLength = in.newBody(), int64(len(in.body))
	return r
}

// newBody reads the body from its beginning.
func (in *incoming) newBody() io.ReadCloser {
	if len(in.body) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(in.body))
}

// endpointRequest is what a handler gets: the path below the base, the fixed
// parts of it in the case of the route, and no background header.
func (in *incoming) endpointRequest(ctx context.Context, path, operationID string, attempt int) *http.Request {
	r := in.r.WithContext(call.With(ctx, call.Call{Company: in.company, Base: in.base, OperationID: operationID, Attempt: attempt}))
	r.Header = in.r.Header.Clone()
	r.Header.Del(wire.BackgroundHeader)
	r.Body, r.ContentLength = in.newBody(), int64(len(in.body))
	u := *in.r.URL
	u.Path, u.RawPath = path, ""
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		u.Path, u.RawPath = plain, path
	}
	r.URL = &u
	return r
}

// accept queues a request and answers 202.
func (s *Server) accept(w http.ResponseWriter, in *incoming, path string, b wire.Background) {
	op := s.newOperation(in, path, b)
	op.delivery = s.notifier.plan(op, in.task.Generation())
	job := op.job(in)
	if s.queue.shared != nil && op.delivery != nil {
		job.Notice = op.delivery.encode()
	}
	accepted := s.journal.operation(KindAccepted, op.Operation, op.Received) // before anybody can start it
	if err := s.queue.add(in.r.Context(), job, in.task.Generation()); err != nil {
		s.journal.remove(accepted)
		s.refuseToStore(w, op, err)
		return
	}
	s.journal.update(func() { in.entry.OperationID, in.entry.Request.OperationID = op.ID, op.ID })
	if s.log.Enabled(in.r.Context(), slog.LevelDebug) {
		s.log.Debug("operation accepted", "id", op.ID, "company", op.Company, "method", op.Method, "path", op.Path)
	}
	s.notifier.awaitIfEarly(in.r.Context(), in.task, op.delivery)
	s.writeAccepted(w, op)
}

func (s *Server) newOperation(in *incoming, path string, b wire.Background) *operation {
	op := &operation{
		Operation: Operation{
			ID: s.ids.GUID("operation", in.company), Company: in.company,
			Method: in.r.Method, Path: in.uri(), Header: in.r.Header.Get(wire.BackgroundHeader),
			State: Queued, Received: s.clocks.Now(in.company),
		},
		base: in.base, background: b, hasBody: len(in.body) > 0,
		tail: in.path, execTime: s.execTime(in.company),
	}
	if in.r.URL.RawQuery != "" {
		op.tail += "?" + route.ASCIIQuery(in.r.URL.RawQuery)
	}
	if s.cfg.ExecTimeFunc != nil {
		hint := in.endpointRequest(context.Background(), path, op.ID, 0)
		hint.Body = http.NoBody
		op.execTime = s.cfg.ExecTimeFunc(hint)
	}
	op.fault = s.queueFault(op)
	return op
}

func (s *Server) writeAccepted(w http.ResponseWriter, op *operation) {
	p := s.cfg.Profile
	body := wire.Accepted{ID: op.ID, StateLocation: op.stateLocation()}
	if p.ContentLocationIn202 {
		body.ContentLocation = op.contentLocation()
	}
	if !p.NoLocationOn202 {
		w.Header().Set("Location", op.stateLocation())
	}
	if p.NoBodyOnAction202 && route.IsAction(op.tail) {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	writeBody(w, http.StatusAccepted, wire.RenameID(body.Encode(), p.IDField))
}

func (op *operation) stateLocation() string   { return op.base + "/v1/background/" + op.ID }
func (op *operation) contentLocation() string { return op.stateLocation() + "/content" }

// invoke runs a handler outside of any connection. Whatever it does becomes an
// outcome. Early, if not nil, gets a 202 as soon as the handler flushes it.
func invoke(h http.Handler, r *http.Request, early func(outcome)) (out outcome) {
	rec := newRecorder()
	rec.early = early
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			out = connectionLost()
		default:
			out = outcome{failure: fmt.Sprintf("Unhandled exception in the endpoint: %v", v)}
		}
	}()
	h.ServeHTTP(rec, r)
	return rec.outcome()
}

// connectionLost is the outcome of a handler that went away.
func connectionLost() outcome {
	return outcome{failure: "The connection to the endpoint was lost."}
}

// writeJSON answers with a value made in this package.
func writeJSON(w http.ResponseWriter, status int, v any) { writeBody(w, status, wire.JSON(v)) }

// writeBody answers with JSON text.
func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// refuse answers with a message, unless the contract declares no body for the
// status and the profile keeps to that.
func (p Profile) refuse(w http.ResponseWriter, status int, message string) {
	if p.bodiless(status) {
		w.WriteHeader(status)
		return
	}
	writeMessage(w, status, message)
}

// bodiless tells whether an answer with this status has no body.
func (p Profile) bodiless(status int) bool {
	switch status {
	case http.StatusNoContent:
		return true
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusPreconditionFailed:
		return p.EmptyErrors
	}
	return false
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"message": message})
}
