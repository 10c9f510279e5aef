package gate

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/route"
)

// Mode says which credentials will do.
type Mode string

// Modes.
const (
	Off    Mode = ""       // any token and none
	Any    Mode = "any"    // some token; if there are Companies, one that is known
	Strict Mode = "strict" // one that was issued, not expired, for a known tenant, with the scope of the call
)

// Credentials are what the gate knows of who may call.
type Credentials struct {
	Mode      Mode
	Companies map[string]string // by token, besides "company:<id>"
	Standard  string            // the company of a call that names none

	Clients    map[string]Client // by client id; empty: any id and secret will do
	Tenants    map[string]string // companies by tenant; empty: a tenant's id is the company
	TokenLife  time.Duration
	SigningKey string // of tokens
}

// A Client is an application.
type Client struct {
	Secret string
	Scopes []string // those it may ask for; nil: all of a service application
}

// The scopes of service applications.
const (
	scopeRead   = "vismanet_erp_service_api:read"
	scopeCreate = "vismanet_erp_service_api:create"
	scopeUpdate = "vismanet_erp_service_api:update"
	scopeDelete = "vismanet_erp_service_api:delete"

	// interactive begins the scopes of applications that a user logs in to.
	interactive = "vismanet_erp_interactive_api:"
)

// A Caller is what a request shows.
type Caller struct {
	Token   string  // empty: none
	Claims  *Claims // nil: the token was not issued here
	Company string
	Method  string
	Path    string // below the API root

	RequireToken bool // [Any] is the least that will do
	AnyScope     bool // any scope will do
}

// A Refusal says why a call is not let in.
type Refusal struct {
	Status     int
	Challenge  string // the WWW-Authenticate header; empty: none
	Message    string
	OldGateway bool // it is worded as the old gateway does
}

// Company is the one of a tenant; empty: no company's tenant.
func (c *Credentials) Company(tenant string) string {
	if len(c.Tenants) == 0 {
		return tenant
	}
	return c.Tenants[tenant]
}

// CompanyOf is the company that a call is for, given what it names in a header.
func (c *Credentials) CompanyOf(token string, claims *Claims, named string) string {
	fromToken, _ := strings.CutPrefix(token, "company:")
	if fromToken == token {
		fromToken = c.Companies[token]
	}
	if fromToken == "" && claims != nil {
		fromToken = c.Company(claims.Tenant)
	}
	return cmp.Or(strings.TrimSpace(named), fromToken, c.Standard)
}

// Bearer is the token in an Authorization header, empty if there is none.
func Bearer(header string) string {
	scheme, token, ok := strings.Cut(strings.TrimSpace(header), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Check returns nil if the credentials of a caller will do.
func (c *Credentials) Check(by Caller, now time.Time) *Refusal {
	const denied = "Authorization has been denied for this request."
	deny := func(status int, detail, message string) *Refusal {
		return &Refusal{Status: status, Challenge: "Bearer" + detail, Message: message}
	}
	_, listed := c.Companies[by.Token]
	mode := c.Mode
	if mode == Off && by.RequireToken {
		mode = Any
	}
	known := listed || strings.HasPrefix(by.Token, "company:") || by.Claims != nil && !by.Claims.expired(now)
	switch {
	case mode == Off:
		return nil
	case by.Token == "":
		return deny(http.StatusUnauthorized, "", denied)
	case mode == Any && (known || len(c.Companies) == 0):
		return nil
	case mode == Any, by.Claims == nil:
		return deny(http.StatusUnauthorized, ` error="invalid_token"`, denied)
	case by.Claims.expired(now):
		return deny(http.StatusUnauthorized, ` error="invalid_token", error_description="The token expired"`, denied)
	case c.Company(by.Claims.Tenant) == "":
		return deny(http.StatusUnauthorized, ` error="invalid_token", error_description="The token is not for a company"`, denied)
	case c.Company(by.Claims.Tenant) != by.Company:
		return deny(http.StatusForbidden, "", "The token is for another company.")
	case !by.AnyScope && !by.Claims.allow(by.scope()):
		return deny(http.StatusForbidden, ` error="insufficient_scope", scope="`+by.scope()+`"`, "The token lacks the scope "+by.scope()+".")
	}
	return nil
}

// scope is the one that a call needs.
func (by *Caller) scope() string {
	switch by.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return scopeRead
	case http.MethodDelete:
		return scopeDelete
	case http.MethodPost:
		if !route.IsAction(by.Path) {
			return scopeCreate
		}
	}
	return scopeUpdate
}

func (c *Claims) allow(scope string) bool {
	_, right, _ := strings.Cut(scope, ":")
	return slices.Contains(c.Scope, scope) || slices.Contains(c.Scope, interactive+right)
}
