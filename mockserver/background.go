package mockserver

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vismanet-go/background/mockserver/internal/call"
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
	case !isGUID(id):
		p.refuse(w, p.MalformedIDStatus, "The background operation was not found.")
	case !ok || p.forgotten(&op, now):
		p.refuse(w, http.StatusNotFound, "The background operation was not found.")
	case op.Company != c.Company:
		p.refuse(w, http.StatusForbidden, "The background operation belongs to another company.")
	case op.State == Expired:
		p.refuse(w, p.ExpiredStateStatus, "The background operation was removed.")
	default:
		doc := p.stateDocument(&op)
		writeBody(w, http.StatusOK, doc.encode())
	}
}

// forgotten tells whether even the memory of an operation is gone.
func (p Profile) forgotten(op *operation, now time.Time) bool {
	return p.GoneFor > 0 && op.State == Expired && !now.Before(op.expires.Add(p.GoneFor))
}

// isGUID tells whether s has the form of one, with dashes.
func isGUID(s string) bool { return len(s) == 36 && uuid.Validate(s) == nil }

// GetBackgroundContent serves GET /v1/background/{requestId}/content.
func (a *backgroundAPI) GetBackgroundContent(w http.ResponseWriter, r *http.Request, id server.RequestID, _ server.GetBackgroundContentParams) {
	c, _ := call.From(r.Context())
	op, ok := a.s.queue.readContent(id, c.Company)
	now := a.s.clocks.Now(c.Company)
	op, ok = viewed(r.Context(), op, ok, now)
	switch p := a.s.cfg.Profile; {
	case !isGUID(id):
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

// A stateDocument is the wire form of an operation's state, in the order in
// which the contract lists its fields. Nulls are there, as in real data.
type stateDocument struct {
	ID                 string            `json:"id"`
	Status             string            `json:"status"`
	StatusCode         int               `json:"statusCode"`
	ReceivedUTC        wireText          `json:"receivedUtc,omitzero"`
	StartedUTC         wireText          `json:"startedUtc,omitzero"`
	FinishedUTC        wireText          `json:"finishedUtc,omitzero"`
	WebhookAddress     string            `json:"webhookAddress"`
	ErrorMessage       *string           `json:"errorMessage"`
	Reference          *string           `json:"reference"`
	OriginalURI        string            `json:"originalUri"`
	HasResponseContent bool              `json:"hasResponseContent"`
	HasRequestContent  bool              `json:"hasRequestContent"`
	ContentLocation    wireText          `json:"contentLocation,omitzero"`
	ResponseHeaders    map[string]string `json:"responseHeaders"`
}

// wireText is JSON text; empty means that the field is left out.
type wireText string

// MarshalJSON implements json.Marshaler.
func (t wireText) MarshalJSON() ([]byte, error) { return []byte(t), nil }

func (p Profile) wireTime(t time.Time) wireText {
	switch {
	case !t.IsZero():
		return wireText(`"` + p.formatTime(t) + `"`)
	case p.UnsetTime == UnsetOmitted:
		return ""
	case p.UnsetTime == UnsetZero:
		return `"0001-01-01T00:00:00"`
	}
	return "null"
}

func (p Profile) stateDocument(op *operation) stateDocument {
	d := stateDocument{
		ID: op.ID, Status: p.status(op.State), StatusCode: op.StatusCode,
		ReceivedUTC: p.wireTime(op.Received), StartedUTC: p.wireTime(op.Started), FinishedUTC: p.wireTime(op.Ended),
		WebhookAddress:     p.webhookAddress(op.background),
		OriginalURI:        p.originalURI(op),
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
func (rule ContentLocationRule) of(op *operation) wireText {
	switch {
	case rule == ContentLocationNever:
		return ""
	case op.content != nil || rule == ContentLocationAlways:
		return wireText(appendText(nil, op.contentLocation()))
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

func (p Profile) webhookAddress(b background) string {
	switch b.mode {
	case notifyURL:
		return b.url
	case notifySubscription:
		return p.SubscriptionAddress
	}
	return "none"
}

// originalURI names the endpoint as the ERP sees it: on an internal host, below
// the company as ten digits.
func (p Profile) originalURI(op *operation) string {
	company := op.Company
	if pad := 10 - len(company); pad > 0 {
		company = strings.Repeat("0", pad) + company
	}
	return strings.TrimRight(p.OriginalURIBase, "/") + "/" + call.Segment(company) + "/api" + op.tail
}

// A notificationBody is the wire form of a notification.
type notificationBody struct {
	ID              string   `json:"id"`
	StatusCode      int      `json:"statusCode"`
	StateLocation   string   `json:"stateLocation"`
	ContentLocation wireText `json:"contentLocation,omitzero"`
}

// notification builds the body of op's notification.
func (p Profile) notification(op *operation) []byte {
	body := p.plainNotification(op)
	if p.Envelope != "" {
		return mustJSON(map[string]json.RawMessage{p.Envelope: body})
	}
	return body
}

func (p Profile) plainNotification(op *operation) []byte {
	n := notificationBody{
		ID: op.ID, StatusCode: op.StatusCode, StateLocation: op.stateLocation(), ContentLocation: p.ContentLocation.of(op),
	}
	switch p.Notification {
	case NotificationState:
		doc := p.stateDocument(op)
		return doc.encode()
	case NotificationPascal:
		return renameID(mustJSON(struct {
			ID              string   `json:"id"`
			StatusCode      int      `json:"StatusCode"`
			StateLocation   string   `json:"StateLocation"`
			ContentLocation wireText `json:"ContentLocation,omitzero"`
		}(n)), strings.ToUpper(p.IDField[:1])+p.IDField[1:])
	}
	return renameID(n.encode(), p.IDField)
}

// renameID gives the id another name, in an object that begins with it.
func renameID(object []byte, name string) []byte {
	if name == "id" {
		return object
	}
	return append([]byte(`{"`+name+`"`), object[len(`{"id"`):]...)
}

// mustJSON encodes values made in this package, which cannot fail. Unlike
// json.Marshal it writes "&" as it is, as the ERP does.
func mustJSON(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
