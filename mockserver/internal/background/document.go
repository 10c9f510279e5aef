package background

import (
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
)

// StateLocation is where its state is.
func (op *Operation) StateLocation() string { return op.Base + "/v1/background/" + op.ID }

// ContentLocation is where its content is.
func (op *Operation) ContentLocation() string { return op.StateLocation() + "/content" }

// Forgotten reports whether even the memory of it is gone.
func (op *Operation) Forgotten(p profile.Profile, now time.Time) bool {
	return p.GoneFor > 0 && op.State == operation.Expired && !now.Before(op.Expires.Add(p.GoneFor))
}

// Document is its state as it is served.
func (op *Operation) Document(p profile.Profile) wire.State {
	times := wire.TimesOf(p)
	d := wire.State{
		ID: op.ID, Status: word(op.State, p), StatusCode: op.StatusCode,
		ReceivedUTC: times.Text(op.Received), StartedUTC: times.Text(op.Started), FinishedUTC: times.Text(op.Ended),
		WebhookAddress:     op.Asked.WebhookAddress(p.SubscriptionAddress),
		OriginalURI:        wire.OriginalURI(p.OriginalURIBase, op.Company, op.Tail),
		HasResponseContent: op.Content != nil,
		HasRequestContent:  op.HasBody,
		ContentLocation:    op.contentLocation(p.StateContentLocation),
		ResponseHeaders:    op.Answer,
	}
	if op.ErrorMessage != "" {
		d.ErrorMessage = &op.ErrorMessage
	}
	return d
}

// contentLocation is that field by a rule, empty if it is left out.
func (op *Operation) contentLocation(rule profile.ContentLocationRule) wire.Text {
	switch {
	case rule == profile.ContentLocationNever:
		return ""
	case op.Content != nil || rule == profile.ContentLocationAlways:
		return wire.Quote(op.ContentLocation())
	case rule == profile.ContentLocationOmitted:
		return ""
	}
	return "null"
}

// word is what a state is called on the wire.
func word(s operation.State, p profile.Profile) string {
	switch s {
	case operation.Queued:
		return p.QueuedStatus
	case operation.Running:
		return p.RunningStatus
	case operation.Finished:
		return p.FinishedStatus
	}
	return string(s)
}

// Notification is the body of its notification.
func (op *Operation) Notification(p profile.Profile) []byte {
	body := op.plainNotification(p)
	if p.Envelope != "" {
		return wire.Wrap(p.Envelope, body)
	}
	return body
}

func (op *Operation) plainNotification(p profile.Profile) []byte {
	n := wire.Notification{
		ID: op.ID, StatusCode: op.StatusCode, StateLocation: op.StateLocation(), ContentLocation: op.contentLocation(p.ContentLocation),
	}
	switch p.Notification {
	case profile.NotificationState:
		return wire.JSON(op.Document(p))
	case profile.NotificationPascal:
		return n.Pascal(p.IDField)
	}
	return wire.RenameID(wire.JSON(n), p.IDField)
}

// Accepted is the body of its 202.
func (op *Operation) Accepted(p profile.Profile) []byte {
	body := wire.Accepted{ID: op.ID, StateLocation: op.StateLocation()}
	if p.ContentLocationIn202 {
		body.ContentLocation = op.ContentLocation()
	}
	return wire.RenameID(wire.JSON(body), p.IDField)
}
