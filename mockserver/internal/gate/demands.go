package gate

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/profile"
)

// MayNotify refuses whom the profile does not let be told.
func MayNotify(p profile.Profile, b wire.Background) error {
	switch {
	case b.Mode == wire.NotifyURL && p.RefuseURL:
		return errors.New("a webhook URL is not supported any more, use subscription")
	case b.Mode == wire.NotifySubscription && p.RefuseSubscription:
		return errors.New("want none or a webhook URL")
	case b.Mode == wire.NotifyURL && p.RequireHTTPSWebhooks && strings.HasPrefix(strings.ToLower(b.URL), "http:"):
		return errors.New("webhook URLs must start with https://")
	}
	return nil
}

// Asked is a call that a profile may demand something of.
type Asked struct {
	HTTP    *http.Request
	Body    []byte
	Path    string            // of its route
	AnyType bool              // its route takes bodies of other types than JSON
	Names   map[string]string // of the parameters in queries, by their lower-case forms
}

// Demand returns nil if a call has what a profile demands of it.
func Demand(p profile.Profile, by Asked) *Refusal {
	r := by.HTTP
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	list := r.Method == http.MethodGet && slices.ContainsFunc(lists(), func(list string) bool { return strings.EqualFold(by.Path, list) })
	json := kind == "application/json" || kind == "text/json"
	file := kind == "multipart/form-data" && strings.HasSuffix(by.Path, "/attachment")
	taken := json || file || by.AnyType && kind != ""
	switch {
	case p.RequireIPPHeaders && strings.TrimSpace(r.Header.Get("ipp-company-id")) == "":
		return &Refusal{Status: http.StatusBadRequest, OldGateway: true, Message: "The header ipp-company-id is missing."}
	case p.RequireIPPHeaders && !strings.EqualFold(strings.TrimSpace(r.Header.Get("ipp-application-type")), "Visma.net Financials"):
		return &Refusal{Status: http.StatusBadRequest, OldGateway: true, Message: "The header ipp-application-type must be: Visma.net Financials."}
	case p.RequireContentType && len(by.Body) > 0 && !taken:
		return &Refusal{Status: http.StatusUnsupportedMediaType, Message: "The request entity's media type '" + kind + "' is not supported for this resource."}
	case p.RequirePaging && list && !hasPaging(r.URL, by.Names):
		return &Refusal{Status: http.StatusBadRequest, Message: "The parameters pageNumber and pageSize are mandatory."}
	}
	return nil
}

// lists are the paths of lists.
func lists() []string { return []string{"/v1/customerinvoice", "/v1/customer", "/v1/customerPayment"} }

// hasPaging reports whether a query says which page is wanted.
func hasPaging(u *url.URL, names map[string]string) bool {
	query, _ := url.ParseQuery(route.Spelled(u.RawQuery, names)) // what can be read of it
	return query.Get("pageNumber") != "" && query.Get("pageSize") != ""
}

// A GatewayError is a refusal as the old gateway words it.
type GatewayError struct {
	ExceptionType      string
	ExceptionMessage   string
	ExceptionFaultCode string
	ExceptionMessageID string
	ExceptionDetails   string
}

// AsGatewayError is the body of a refusal that the old gateway words.
func (r *Refusal) AsGatewayError(id string) GatewayError {
	return GatewayError{
		ExceptionType: "IPPException", ExceptionMessage: r.Message, ExceptionFaultCode: "12002", ExceptionMessageID: "12002_12002_" + id,
	}
}
