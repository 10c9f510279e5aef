package admin

import (
	"encoding/base64"
	"net/http"
	"unicode/utf8"

	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
)

func converted[T, U any](list []T, f func(T) U) []U {
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

func operationOf(op operation.Operation) api.Operation {
	return api.Operation{
		ID: op.ID, Company: op.Company, Method: op.Method, Path: op.Path, Header: op.Header, State: api.OperationState(op.State),
		StatusCode: op.StatusCode, ErrorMessage: op.ErrorMessage, Received: op.Received, Started: op.Started, Ended: op.Ended,
		StateReads: op.StateReads, ContentReads: op.ContentReads, Attempts: op.Attempts,
	}
}

func deliveryOf(d operation.Delivery) api.Delivery {
	out := api.Delivery{
		OperationID: d.OperationID, Company: d.Company, Method: d.Method, Path: d.Path, NotificationID: d.NotificationID, Mode: d.Mode,
		URL: d.URL, State: api.DeliveryState(d.State), Attempts: converted(d.Attempts, attemptOf), Fault: d.Fault,
	}
	out.Body, out.BodyBase64 = texts(d.Body)
	return out
}

func attemptOf(a operation.Attempt) api.Attempt {
	return api.Attempt{
		Started: a.Started, Ended: a.Ended, Headers: shownHeader(a.Header), StatusCode: a.StatusCode, Error: a.Error,
		Duplicate: a.Duplicate, Replayed: a.Replayed, Redelivery: a.Redelivery,
	}
}

func hitOf(h fault.Hit) api.Hit {
	return api.Hit{
		Time: h.Time, Rule: h.Rule, Point: string(h.Point), Company: h.Company, Method: h.Method, Path: h.Path, OperationID: h.OperationID, Match: h.Match,
	}
}

func requestOf(r journal.Request) api.LoggedRequest {
	out := api.LoggedRequest{
		Method: r.Method, Path: r.Path, Headers: shownHeader(r.Header), Background: r.Background, StatusCode: r.StatusCode, Fault: r.Fault,
	}
	if len(r.Body) > 0 {
		var text *string
		if text, out.BodyBase64 = texts(r.Body); text != nil {
			out.Body = *text
		}
	}
	return out
}

func entryOf(e journal.Entry) api.Entry {
	out := api.Entry{Seq: e.Seq, Number: e.Number, Time: e.Time, Company: e.Company, Kind: api.EntryKind(e.Kind), OperationID: e.OperationID}
	switch {
	case e.Request != nil:
		out.Request = new(requestOf(*e.Request))
	case e.Operation != nil:
		out.Operation = new(operationOf(*e.Operation))
	case e.Attempt != nil:
		out.Attempt = new(attemptOf(*e.Attempt))
	case e.Hit != nil:
		out.Hit = new(hitOf(*e.Hit))
	case e.Move != nil:
		out.Move = &api.Move{Action: e.Move.Action, From: e.Move.From, To: e.Move.To, Rate: e.Move.Rate}
	}
	return out
}

// texts are a body as text, or in base64 if it is none; nil and empty without
// one.
func texts(body []byte) (text *string, inBase64 string) {
	switch {
	case body == nil:
		return nil, ""
	case utf8.Valid(body):
		return new(string(body)), ""
	}
	return nil, base64.StdEncoding.EncodeToString(body)
}

// shownHeader is a header without what could be a credential.
func shownHeader(h http.Header) map[string][]string {
	shown := make(map[string][]string, len(h))
	for name, values := range h {
		switch http.CanonicalHeaderKey(name) {
		case "Authorization", "Cookie", "Proxy-Authorization":
			values = []string{"..."}
		}
		if values == nil {
			values = []string{}
		}
		shown[name] = values
	}
	return shown
}
