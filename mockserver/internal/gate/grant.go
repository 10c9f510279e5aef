package gate

import (
	"crypto/subtle"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// A Token is what the endpoint answers.
type Token struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
}

// A TokenError is a refusal as OAuth 2.0 (RFC 6749, 5.2) words it.
type TokenError struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Status      int    `json:"-"`
}

func refusal(code, description string) *TokenError {
	return &TokenError{code, description, http.StatusBadRequest}
}

// A Grant is a request for a token, as far as it is understood.
type Grant struct {
	Tenant string
	Basic  bool // client and secret came in the Authorization header

	client, secret string
	scopes         []string
	kind           string
}

// ParseGrant reads a request for a token.
func ParseGrant(r *http.Request, body []byte) (Grant, *TokenError) {
	form, err := url.ParseQuery(string(body))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	g := Grant{
		client: form.Get("client_id"), secret: form.Get("client_secret"), Tenant: form.Get("tenant_id"),
		scopes: strings.Fields(form.Get("scope")), kind: form.Get("grant_type"),
	}
	var id, secret string
	id, secret, g.Basic = r.BasicAuth()
	both := g.Basic && form.Has("client_secret")
	if g.Basic {
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

// Issue answers a request for a token. Unknown is the status for an unknown
// client; newID makes the id of a token for a company.
func (c *Credentials) Issue(g Grant, unknown int, now time.Time, newID func(kind, company string) string) (Token, *TokenError) {
	allowed := []string{scopeRead, scopeCreate, scopeUpdate, scopeDelete}
	client, known := c.Clients[g.client]
	if client.Scopes != nil {
		allowed = client.Scopes
	}
	rightSecret := subtle.ConstantTimeCompare([]byte(client.Secret), []byte(g.secret)) == 1
	switch {
	case g.client == "", len(c.Clients) > 0 && (!known || !rightSecret):
		return Token{}, &TokenError{"invalid_client", "", unknown}
	case g.kind != "client_credentials":
		return Token{}, refusal("unsupported_grant_type", "")
	case slices.ContainsFunc(g.scopes, func(scope string) bool { return !slices.Contains(allowed, scope) }):
		return Token{}, refusal("invalid_scope", "")
	case len(g.scopes) == 0:
		g.scopes = allowed
	}
	life := wire.Seconds(c.TokenLife)
	text := c.sign(Claims{
		Issuer: "https://connect.visma.com", Client: g.client, Tenant: g.Tenant, Scope: g.scopes,
		IssuedAt: now.Unix(), Expires: now.Unix() + int64(life), ID: newID("token", c.Company(g.Tenant)),
	})
	return Token{text, life, "Bearer", strings.Join(g.scopes, " ")}, nil
}
