package wire

import (
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

// OriginalURI names an endpoint as the ERP sees it: on an internal host, below
// the company as ten digits. Tail is the path and the query below the base path.
func OriginalURI(host, company, tail string) string {
	if pad := 10 - len(company); pad > 0 {
		company = strings.Repeat("0", pad) + company
	}
	return strings.TrimRight(host, "/") + "/" + call.Segment(company) + "/api" + tail
}
