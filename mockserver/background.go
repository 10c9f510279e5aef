package mockserver

import (
	"cmp"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/openapi/server"
)

// backgroundAPI serves the two endpoints of the background API itself.
type backgroundAPI struct{ s *Server }

// GetBackgroundState serves GET /v1/background/{requestId}.
func (a *backgroundAPI) GetBackgroundState(w http.ResponseWriter, r *http.Request, id server.RequestID, _ server.GetBackgroundStateParams) {
	c, _ := call.From(r.Context())
	op, ok := a.s.queue.readState(id, c.Company)
	now := a.s.clocks.Now(c.Company)
	op, ok = viewed(r.Context(), op, ok, now)
	switch p := a.s.cfg.Profile; {
	case !wire.IsGUID(id):
		p.refuse(w, p.MalformedIDStatus, "The background operation was not found.")
	case !ok || p.forgotten(&op, now):
		p.refuse(w, http.StatusNotFound, "The background operation was not found.")
	case op.Company != c.Company:
		p.refuse(w, http.StatusForbidden, "The background operation belongs to another company.")
	case op.State == Expired:
		p.refuse(w, p.ExpiredStateStatus, "The background operation was removed.")
	default:
		doc := p.stateDocument(&op)
		writeBody(w, http.StatusOK, doc.Encode())
	}
}

// forgotten tells whether even the memory of an operation is gone.
func (p Profile) forgotten(op *operation, now time.Time) bool {
	return p.GoneFor > 0 && op.State == Expired && !now.Before(op.expires.Add(p.GoneFor))
}

// GetBackgroundContent serves GET /v1/background/{requestId}/content.
func (a *backgroundAPI) GetBackgroundContent(w http.ResponseWriter, r *http.Request, id server.RequestID, _ server.GetBackgroundContentParams) {
	c, _ := call.From(r.Context())
	op, ok := a.s.queue.readContent(id, c.Company)
	now := a.s.clocks.Now(c.Company)
	op, ok = viewed(r.Context(), op, ok, now)
	switch p := a.s.cfg.Profile; {
	case !wire.IsGUID(id):
		p.refuse(w, p.MalformedIDStatus, "No content was found.")
	case ok && op.Company != c.Company:
		p.refuse(w, http.StatusForbidden, "The background operation belongs to another company.")
	case ok && !op.ended():
		p.refuse(w, p.UnfinishedContentStatus, "The background operation has not ended.")
	case !ok || op.content == nil || p.forgotten(&op, now):
		p.refuse(w, http.StatusNotFound, "No content was found.")
	case op.State == Expired:
		p.refuse(w, http.StatusGone, "The content was removed.")
	default:
		w.Header().Set("Content-Type", cmp.Or(p.ContentType, op.kind))
		if p.ContentCarriesStatus {
			w.WriteHeader(op.StatusCode)
		}
		_, _ = w.Write(op.content) // the client may be gone
	}
}

// stateDocument is the state of op as it is served.
func (p Profile) stateDocument(op *operation) wire.State {
	times := p.times()
	d := wire.State{
		ID: op.ID, Status: p.status(op.State), StatusCode: op.StatusCode,
		ReceivedUTC: times.Text(op.Received), StartedUTC: times.Text(op.Started), FinishedUTC: times.Text(op.Ended),
		WebhookAddress:     op.background.WebhookAddress(p.SubscriptionAddress),
		OriginalURI:        wire.OriginalURI(p.OriginalURIBase, op.Company, op.tail),
		HasResponseContent: op.content != nil,
		HasRequestContent:  op.hasBody,
		ContentLocation:    p.StateContentLocation.of(op),
		ResponseHeaders:    op.answer,
	}
	if op.ErrorMessage != "" {
		d.ErrorMessage = &op.ErrorMessage
	}
	return d
}

// of is the contentLocation of op, empty if it is left out.
func (rule ContentLocationRule) of(op *operation) wire.Text {
	switch {
	case rule == ContentLocationNever:
		return ""
	case op.content != nil || rule == ContentLocationAlways:
		return wire.Quote(op.contentLocation())
	case rule == ContentLocationOmitted:
		return ""
	}
	return "null"
}

// status is the word for a state on the wire.
func (p Profile) status(s State) string {
	switch s {
	case Queued:
		return p.QueuedStatus
	case Running:
		return p.RunningStatus
	case Finished:
		return p.FinishedStatus
	}
	return string(s)
}

// notification builds the body of op's notification.
func (p Profile) notification(op *operation) []byte {
	body := p.plainNotification(op)
	if p.Envelope != "" {
		return wire.Wrap(p.Envelope, body)
	}
	return body
}

func (p Profile) plainNotification(op *operation) []byte {
	n := wire.Notification{
		ID: op.ID, StatusCode: op.StatusCode, StateLocation: op.stateLocation(), ContentLocation: p.ContentLocation.of(op),
	}
	switch p.Notification {
	case NotificationState:
		doc := p.stateDocument(op)
		return doc.Encode()
	case NotificationPascal:
		return n.Pascal(p.IDField)
	}
	return wire.RenameID(n.Encode(), p.IDField)
}
