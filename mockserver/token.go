package mockserver

import (
	"crypto/subtle"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// tokenPath is that of the vendor's token endpoint.
const tokenPath = "/connect/token"

// A tokenAnswer is what the endpoint answers.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

// A tokenError is a refusal as OAuth 2.0 (RFC 6749, 5.2) words it.
type tokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	status      int
}

func refusal(code, description string) *tokenError {
	return &tokenError{code, description, http.StatusBadRequest}
}

// A grant is a request for a token, as far as it is understood.
type grant struct {
	client, secret string
	basic          bool // client and secret came in the Authorization header
	tenant         string
	scopes         []string
	kind           string
}

// serveToken serves POST /connect/token. Secrets do not get into the journal.
func (s *Server) serveToken(w http.ResponseWriter, in *incoming) {
	g, refused := parseGrant(in)
	in.company = s.cfg.Auth.company(g.tenant)
	clock := s.clocks.Serving(in.company)
	if clock == nil {
		s.refuseCompany(w)
		return
	}
	t, err := clock.Enter(in.r.Context(), vtime.Label{Verb: "request", Method: in.r.Method, Path: tokenPath})
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	defer t.End()
	in.task = t
	plain := in.r.Clone(in.r.Context())
	plain.Header.Del("Authorization")
	in.entry = s.journal.request(&incoming{r: plain, company: in.company}, s.clocks.Now(in.company))
	w = s.noting(w, in)
	serve := func(w http.ResponseWriter) {
		switch {
		case s.pool.Context().Err() != nil:
			s.refuseClosed(w)
		case in.r.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			writeMessage(w, http.StatusMethodNotAllowed, "The token endpoint takes POST.")
		case refused != nil:
			s.refuseToken(w, g, refused)
		default:
			s.grantToken(w, g, s.clocks.Now(in.company))
		}
	}
	f := s.requestFault(in, OnToken)
	if f == nil {
		serve(w)
		return
	}
	if in.task.Sleep(in.r.Context(), f.Delay) != nil {
		panic(http.ErrAbortHandler)
	}
	s.disturb(w, in, f, serve)
}

// parseGrant reads a request for a token.
func parseGrant(in *incoming) (grant, *tokenError) {
	form, err := url.ParseQuery(string(in.body))
	kind, _, _ := mime.ParseMediaType(in.r.Header.Get("Content-Type"))
	g := grant{
		client: form.Get("client_id"), secret: form.Get("client_secret"), tenant: form.Get("tenant_id"),
		scopes: strings.Fields(form.Get("scope")), kind: form.Get("grant_type"),
	}
	var id, secret string
	id, secret, g.basic = in.r.BasicAuth()
	both := g.basic && form.Has("client_secret")
	if g.basic {
		var err1, err2 error
		g.client, err1 = url.QueryUnescape(id)
		g.secret, err2 = url.QueryUnescape(secret)
		if err1 != nil || err2 != nil {
			g.client = ""
		}
	}
	switch {
	case err != nil || kind != "application/x-www-form-urlencoded":
		return g, refusal("invalid_request", "The body is not a form.")
	case slices.ContainsFunc(slices.Collect(maps.Values(form)), func(v []string) bool { return len(v) > 1 }):
		return g, refusal("invalid_request", "A parameter is there twice.")
	case both:
		return g, refusal("invalid_request", "The client authenticates in two ways.")
	case g.kind == "":
		return g, refusal("invalid_request", "grant_type is missing.")
	}
	return g, nil
}

// grantToken answers a request that is understood.
func (s *Server) grantToken(w http.ResponseWriter, g grant, now time.Time) {
	allowed := []string{ScopeRead, ScopeCreate, ScopeUpdate, ScopeDelete}
	client, known := s.cfg.Auth.Clients[g.client]
	if client.Scopes != nil {
		allowed = client.Scopes
	}
	rightSecret := subtle.ConstantTimeCompare([]byte(client.Secret), []byte(g.secret)) == 1
	switch {
	case g.client == "", len(s.cfg.Auth.Clients) > 0 && (!known || !rightSecret):
		s.refuseToken(w, g, &tokenError{"invalid_client", "", s.cfg.Profile.InvalidClientStatus})
		return
	case g.kind != "client_credentials":
		s.refuseToken(w, g, refusal("unsupported_grant_type", ""))
		return
	case slices.ContainsFunc(g.scopes, func(scope string) bool { return !slices.Contains(allowed, scope) }):
		s.refuseToken(w, g, refusal("invalid_scope", ""))
		return
	case len(g.scopes) == 0:
		g.scopes = allowed
	}
	life := seconds(s.cfg.Auth.TokenLife)
	token := s.cfg.Auth.token(claims{
		Issuer: "https://connect.visma.com", Client: g.client, Tenant: g.tenant, Scope: g.scopes,
		IssuedAt: now.Unix(), Expires: now.Unix() + int64(life), ID: s.ids.GUID("token", s.cfg.Auth.company(g.tenant)),
	})
	noStore(w)
	writeJSON(w, http.StatusOK, tokenAnswer{token, life, "Bearer", strings.Join(g.scopes, " ")})
}

func (s *Server) refuseToken(w http.ResponseWriter, g grant, e *tokenError) {
	noStore(w)
	if e.status == http.StatusUnauthorized && g.basic {
		w.Header().Set("WWW-Authenticate", `Basic realm="connect"`)
	}
	writeJSON(w, e.status, e)
}

// noStore keeps tokens out of caches.
func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}
