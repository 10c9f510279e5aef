package mockserver

import (
	"net/http"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/gate"
	"github.com/vismanet-go/background/mockserver/internal/request"
	"github.com/vismanet-go/background/mockserver/internal/route"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// serveToken serves POST /connect/token. Secrets do not get into the journal.
func (s *Server) serveToken(w http.ResponseWriter, in *incoming) {
	g, refused := gate.ParseGrant(in.HTTP, in.Body)
	in.Company = s.credentials.Company(g.Tenant)
	in.front = s.fronts.of(in.Company)
	clock := s.clocks.Serving(in.Company)
	if clock == nil {
		s.refuseCompany(w)
		return
	}
	t, err := clock.Enter(in.HTTP.Context(), vtime.Label{Verb: "request", Method: in.HTTP.Method, Path: route.TokenPath})
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	defer t.End()
	in.task = t
	shown := in.HTTP.Header.Clone()
	shown.Del("Authorization")
	in.entry = s.record(&incoming{Request: request.Request{HTTP: in.HTTP, Company: in.Company}}, shown, s.clocks.Now(in.Company))
	w = s.noting(w, in)
	serve := func(w http.ResponseWriter) {
		switch {
		case s.pool.Context().Err() != nil:
			s.refuseClosed(w)
		case in.HTTP.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			answer.WriteMessage(w, http.StatusMethodNotAllowed, "The token endpoint takes POST.")
		case refused != nil:
			s.refuseToken(w, g, refused)
		default:
			s.grantToken(w, in, g)
		}
	}
	f := s.requestFault(in, fault.OnToken)
	if f == nil {
		serve(w)
		return
	}
	s.serveFaulty(w, in, f, serve)
}

// grantToken answers a request that is understood.
func (s *Server) grantToken(w http.ResponseWriter, in *incoming, g gate.Grant) {
	token, refused := s.credentials.Issue(g, in.front.profile.InvalidClientStatus, s.clocks.Now(in.Company), s.ids.GUID)
	if refused != nil {
		s.refuseToken(w, g, refused)
		return
	}
	noStore(w)
	answer.WriteJSON(w, http.StatusOK, token)
}

func (s *Server) refuseToken(w http.ResponseWriter, g gate.Grant, e *gate.TokenError) {
	noStore(w)
	if e.Status == http.StatusUnauthorized && g.Basic {
		w.Header().Set("WWW-Authenticate", `Basic realm="connect"`)
	}
	answer.WriteJSON(w, e.Status, e)
}

// noStore keeps tokens out of caches.
func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}
