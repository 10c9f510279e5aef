package wire

import (
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/call"
)

// A State is the wire form of an operation's state, in the order in which the
// contract lists its fields. Nulls are there, as in real data.
type State struct {
	ID                 string            `json:"id"`
	Status             string            `json:"status"`
	StatusCode         int               `json:"statusCode"`
	ReceivedUTC        Text              `json:"receivedUtc,omitzero"`
	StartedUTC         Text              `json:"startedUtc,omitzero"`
	FinishedUTC        Text              `json:"finishedUtc,omitzero"`
	WebhookAddress     string            `json:"webhookAddress"`
	ErrorMessage       *string           `json:"errorMessage"`
	Reference          *string           `json:"reference"`
	OriginalURI        string            `json:"originalUri"`
	HasResponseContent bool              `json:"hasResponseContent"`
	HasRequestContent  bool              `json:"hasRequestContent"`
	ContentLocation    Text              `json:"contentLocation,omitzero"`
	ResponseHeaders    map[string]string `json:"responseHeaders"`
}

// Encode writes the document.
func (d *State) Encode() []byte {
	b := append(make([]byte, 0, 640), '{')
	b = appendField(b, "id", d.ID)
	b = appendField(b, "status", d.Status)
	b = strconv.AppendInt(appendName(b, "statusCode"), int64(d.StatusCode), 10)
	b = appendGiven(b, "receivedUtc", d.ReceivedUTC)
	b = appendGiven(b, "startedUtc", d.StartedUTC)
	b = appendGiven(b, "finishedUtc", d.FinishedUTC)
	b = appendField(b, "webhookAddress", d.WebhookAddress)
	b = appendOptional(b, "errorMessage", d.ErrorMessage)
	b = appendOptional(b, "reference", d.Reference)
	b = appendField(b, "originalUri", d.OriginalURI)
	b = strconv.AppendBool(appendName(b, "hasResponseContent"), d.HasResponseContent)
	b = strconv.AppendBool(appendName(b, "hasRequestContent"), d.HasRequestContent)
	b = appendGiven(b, "contentLocation", d.ContentLocation)
	b = appendName(b, "responseHeaders")
	if d.ResponseHeaders == nil {
		b = append(b, "null"...)
	} else {
		b = append(b, JSON(d.ResponseHeaders)...)
	}
	return append(b, '}')
}

// OriginalURI names an endpoint as the ERP sees it: on an internal host, below
// the company as ten digits. Tail is the path and the query below the base path.
func OriginalURI(host, company, tail string) string {
	if pad := 10 - len(company); pad > 0 {
		company = strings.Repeat("0", pad) + company
	}
	return strings.TrimRight(host, "/") + "/" + call.Segment(company) + "/api" + tail
}
