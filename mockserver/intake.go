package mockserver

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

// serveBackground queues the request if its header is understood.
func (s *Server) serveBackground(w http.ResponseWriter, in *incoming) {
	b, err := wire.ParseBackground(strings.Join(in.HTTP.Header.Values(wire.BackgroundHeader), ","), in.front.profile.Pairs)
	if err == nil {
		err = gate.MayNotify(in.front.profile, b)
	}
	switch {
	case err != nil && !in.front.profile.UnknownHeaderAsNone:
		s.log.Info("request refused: its header "+wire.BackgroundHeader+" is not valid",
			"company", in.Company, "method", in.HTTP.Method, "path", in.Path, "value", in.HTTP.Header.Get(wire.BackgroundHeader), "error", err)
		answer.WriteMessage(w, http.StatusBadRequest, "The header "+wire.BackgroundHeader+" is not valid: "+err.Error()+".")
		return
	case err != nil:
		s.log.Info("nobody will be notified: the header "+wire.BackgroundHeader+" is not valid, and is taken for none",
			"company", in.Company, "method", in.HTTP.Method, "path", in.Path, "value", in.HTTP.Header.Get(wire.BackgroundHeader), "error", err)
		b = wire.Background{Mode: wire.NotifyNone}
	}
	if in.front.profile.CheckIfMatchEarly && s.outdated(in) {
		what := "customer invoice"
		if in.Fallback {
			what = "resource"
		}
		answer.Refuse(w, in.front.profile, http.StatusPreconditionFailed, "The "+what+" was changed by someone else.")
		return
	}
	s.accept(w, in, b)
}

// accept queues a request and answers 202.
func (s *Server) accept(w http.ResponseWriter, in *incoming, b wire.Background) {
	op := s.newOperation(in, b)
	s.notifier.Plan(op, in.task.Generation())
	job := op.Job(&in.Request)
	accepted := s.journal.Operation(journal.KindAccepted, op.Operation, op.Received) // before anybody can start it
	if err := s.runner.Add(in.HTTP.Context(), job, in.task.Generation()); err != nil {
		s.journal.Remove(accepted)
		s.refuseToStore(w, op, err)
		return
	}
	s.journal.Update(func() { in.entry.OperationID, in.entry.Request.OperationID = op.ID, op.ID })
	if s.log.Enabled(in.HTTP.Context(), slog.LevelDebug) {
		s.log.Debug("operation accepted", "id", op.ID, "company", op.Company, "method", op.Method, "path", op.Path)
	}
	s.notifier.AwaitIfEarly(in.HTTP.Context(), in.task, op)
	writeAccepted(w, op, in.front.profile)
}

func (s *Server) newOperation(in *incoming, b wire.Background) *background.Operation {
	op := &background.Operation{
		Operation: operation.Operation{
			ID: s.ids.GUID("operation", in.Company), Company: in.Company,
			Method: in.HTTP.Method, Path: in.URI(), Header: in.HTTP.Header.Get(wire.BackgroundHeader),
			State: operation.Queued, Received: s.clocks.Now(in.Company),
		},
		Base: in.Base, Tail: in.Tail(), Asked: b, HasBody: len(in.Body) > 0,
	}
	if !in.found.ownTime {
		op.ExecTime = s.execTime(&in.Request, in.found.path, op.ID)
	}
	op.Fault = s.queueFault(op)
	return op
}

// queueFault asks the rules at the acceptance of an operation.
func (s *Server) queueFault(op *background.Operation) fault.Queue {
	if !s.faults.Wants(fault.OnQueue) {
		return fault.Queue{}
	}
	d, name := s.faults.Decide(op.Event(fault.OnQueue), op.Received)
	f, ok := d.(fault.Queue)
	if ok {
		s.log.Debug("execution disturbed", "rule", name, "id", op.ID)
	}
	return f
}

func writeAccepted(w http.ResponseWriter, op *background.Operation, p profile.Profile) {
	if !p.NoLocationOn202 {
		w.Header().Set("Location", op.StateLocation())
	}
	if p.NoBodyOnAction202 && route.IsAction(op.Tail) {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	answer.WriteBody(w, http.StatusAccepted, op.Accepted(p))
}

// refuseToStore answers for an operation that could not be queued.
func (s *Server) refuseToStore(w http.ResponseWriter, op *background.Operation, err error) {
	s.log.Error("operation not accepted", "id", op.ID, "error", err)
	s.notifier.Forget(op)
	w.Header().Set("Retry-After", "5")
	answer.WriteMessage(w, http.StatusServiceUnavailable, "The request could not be queued. Try again later.")
}
