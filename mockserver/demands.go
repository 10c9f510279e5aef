package mockserver

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/profile"
)

// mayNotify refuses whom the profile does not let be told.
func mayNotify(p profile.Profile, b wire.Background) error {
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

// wellFormed refuses a request that lacks what the profile demands, and tells
// whether it does not. The path is that of its route.
func (s *Server) wellFormed(w http.ResponseWriter, in *incoming, path string) bool {
	p, header := s.cfg.Profile, in.HTTP.Header
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	list := in.HTTP.Method == http.MethodGet && strings.EqualFold(path, "/v1/customerinvoice")
	switch {
	case p.RequireIPPHeaders && strings.TrimSpace(header.Get("ipp-company-id")) == "":
		s.refuseGateway(w, in, "The header ipp-company-id is missing.")
	case p.RequireIPPHeaders && !strings.EqualFold(strings.TrimSpace(header.Get("ipp-application-type")), "Visma.net Financials"):
		s.refuseGateway(w, in, "The header ipp-application-type must be: Visma.net Financials.")
	case p.RequireContentType && len(in.Body) > 0 && kind != "application/json" && kind != "text/json":
		answer.WriteMessage(w, http.StatusUnsupportedMediaType, "The request entity's media type '"+kind+"' is not supported for this resource.")
	case p.RequirePaging && list && !s.hasPaging(in.HTTP.URL):
		answer.WriteMessage(w, http.StatusBadRequest, "The parameters pageNumber and pageSize are mandatory.")
	default:
		return true
	}
	return false
}

// hasPaging reports whether a query says which page is wanted.
func (s *Server) hasPaging(u *url.URL) bool {
	query, _ := url.ParseQuery(route.Spelled(u.RawQuery, s.builtin.Names)) // what can be read of it
	return query.Get("pageNumber") != "" && query.Get("pageSize") != ""
}

// A gatewayError is a refusal as the old gateway words it.
type gatewayError struct {
	ExceptionType      string
	ExceptionMessage   string
	ExceptionFaultCode string
	ExceptionMessageID string
	ExceptionDetails   string
}

// refuseGateway answers for a call that does not name its company.
func (s *Server) refuseGateway(w http.ResponseWriter, in *incoming, message string) {
	answer.WriteJSON(w, http.StatusBadRequest, gatewayError{
		ExceptionType: "IPPException", ExceptionMessage: message, ExceptionFaultCode: "12002",
		ExceptionMessageID: "12002_12002_" + s.ids.GUID("error", in.Company),
	})
}

// outdated reports whether a request's If-Match is not the version of the
// document that it is about. It asks the endpoint for that version, as the
// caller would.
func (s *Server) outdated(in *incoming, path string) bool {
	ifMatch := in.HTTP.Header.Get("If-Match")
	document, _, _ := strings.Cut(path, "/action/")
	if ifMatch == "" || in.HTTP.Method == http.MethodGet {
		return false
	}
	ask := *in
	ask.HTTP = in.HTTP.Clone(in.HTTP.Context())
	ask.HTTP.Method, ask.HTTP.URL.RawQuery, ask.Body = http.MethodGet, "", nil
	ask.HTTP.Header.Del("If-Match")
	h := http.Handler(s.user)
	switch {
	case s.user.Has(http.MethodGet, document):
	case s.builtin.Has(http.MethodGet, document):
		h = s.builtin
	default:
		return false
	}
	rec := answer.NewRecorder()
	s.foreground(rec, &ask, h, document)
	version := func(tag string) string {
		return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	}
	tag := rec.Outcome().Header.Get("ETag")
	return tag != "" && ifMatch != "*" && version(tag) != version(ifMatch)
}
