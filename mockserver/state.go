package mockserver

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/openapi/server"
)

// stateAPI serves the two endpoints of the background API itself.
type stateAPI struct {
	s       *Server
	profile profile.Profile
}

// GetBackgroundState serves GET /v1/background/{requestId}.
func (a *stateAPI) GetBackgroundState(w http.ResponseWriter, r *http.Request, id server.RequestID, _ server.GetBackgroundStateParams) {
	c, _ := call.From(r.Context())
	op, ok := a.s.runner.ReadState(id, c.Company)
	now := a.s.clocks.Now(c.Company)
	op, ok = seen(r.Context(), op, ok, now)
	switch p := a.profile; {
	case !wire.IsGUID(id):
		answer.Refuse(w, p, p.MalformedIDStatus, "The background operation was not found.")
	case !ok || op.Forgotten(p, now):
		answer.Refuse(w, p, http.StatusNotFound, "The background operation was not found.")
	case op.Company != c.Company:
		answer.Refuse(w, p, http.StatusForbidden, "The background operation belongs to another company.")
	case op.State == operation.Expired:
		answer.Refuse(w, p, p.ExpiredStateStatus, "The background operation was removed.")
	default:
		answer.WriteJSON(w, http.StatusOK, op.Document(p))
	}
}

// GetBackgroundContent serves GET /v1/background/{requestId}/content.
func (a *stateAPI) GetBackgroundContent(w http.ResponseWriter, r *http.Request, id server.RequestID, _ server.GetBackgroundContentParams) {
	c, _ := call.From(r.Context())
	op, ok := a.s.runner.ReadContent(id, c.Company)
	now := a.s.clocks.Now(c.Company)
	op, ok = seen(r.Context(), op, ok, now)
	switch p := a.profile; {
	case !wire.IsGUID(id):
		answer.Refuse(w, p, p.MalformedIDStatus, "No content was found.")
	case ok && op.Company != c.Company:
		answer.Refuse(w, p, http.StatusForbidden, "The background operation belongs to another company.")
	case ok && !op.HasEnded():
		answer.Refuse(w, p, p.UnfinishedContentStatus, "The background operation has not ended.")
	case !ok || op.Content == nil || op.Forgotten(p, now):
		answer.Refuse(w, p, http.StatusNotFound, "No content was found.")
	case op.State == operation.Expired:
		answer.Refuse(w, p, http.StatusGone, "The content was removed.")
	default:
		w.Header().Set("Content-Type", cmp.Or(p.ContentType, op.ContentType))
		if p.ContentCarriesStatus {
			w.WriteHeader(op.StatusCode)
		}
		_, _ = w.Write(op.Content) // the client may be gone
	}
}

// seen is an operation as a fault lets the caller of ctx see it.
func seen(ctx context.Context, op background.Operation, ok bool, now time.Time) (background.Operation, bool) {
	if !ok {
		return op, false
	}
	f, _ := ctx.Value(faultKey{}).(*fault.Answer)
	return op.Seen(f, now)
}
