package mockserver

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// incoming is a request on its way through the server.
type incoming struct {
	request.Request
	claims *gate.Claims // nil: the token is not one of the endpoint's
	quota  gate.Quota
	fault  *Fault      // nil: none
	entry  *Entry      // in the journal
	task   *vtime.Task // the request itself
}

// receive reads a request's body and finds out whose it is.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*incoming, error) {
	body, err := request.ReadBody(w, r, s.cfg.MaxBody)
	if err != nil {
		return nil, err
	}
	token := gate.Bearer(r.Header.Get("Authorization"))
	in := &incoming{Request: request.Request{HTTP: r, Body: body, Token: token}, claims: s.credentials.Read(token)}
	in.Company = s.credentials.CompanyOf(token, in.claims, r.Header.Get("ipp-company-id"))
	prefix, rest := s.pathOf(r.URL)
	in.Base, in.Path = s.baseOf(r, prefix), rest
	return in, nil
}

// baseOf is the API root of links.
func (s *Server) baseOf(r *http.Request, prefix string) string {
	if s.cfg.ExternalURL != "" {
		return strings.TrimRight(s.cfg.ExternalURL, "/")
	}
	return request.BaseOf(r, prefix)
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
	if err := s.queue.add(in.HTTP.Context(), job, in.task.Generation()); err != nil {
		s.journal.remove(accepted)
		s.refuseToStore(w, op, err)
		return
	}
	s.journal.update(func() { in.entry.OperationID, in.entry.Request.OperationID = op.ID, op.ID })
	if s.log.Enabled(in.HTTP.Context(), slog.LevelDebug) {
		s.log.Debug("operation accepted", "id", op.ID, "company", op.Company, "method", op.Method, "path", op.Path)
	}
	s.notifier.awaitIfEarly(in.HTTP.Context(), in.task, op.delivery)
	s.writeAccepted(w, op)
}

func (s *Server) newOperation(in *incoming, path string, b wire.Background) *operation {
	op := &operation{
		Operation: Operation{
			ID: s.ids.GUID("operation", in.Company), Company: in.Company,
			Method: in.HTTP.Method, Path: in.URI(), Header: in.HTTP.Header.Get(wire.BackgroundHeader),
			State: Queued, Received: s.clocks.Now(in.Company),
		},
		base: in.Base, background: b, hasBody: len(in.Body) > 0,
		tail: in.Tail(), execTime: s.execTime(in.Company),
	}
	if s.cfg.ExecTimeFunc != nil {
		hint := in.ForEndpoint(context.Background(), path, op.ID, 0)
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
