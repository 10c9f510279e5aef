package mockserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// AuthMode says which credentials will do.
type AuthMode string

// Modes of authorization.
const (
	AuthOff    AuthMode = ""       // any token and none; it only tells the company
	AuthAny    AuthMode = "any"    // some token; if Config.Companies has entries, one that the mock knows
	AuthStrict AuthMode = "strict" // one of the token endpoint, not expired, for a known tenant, with the scope of the call
)

// Auth configures the token endpoint, POST /connect/token, and how the tokens
// of requests are checked. The endpoint is there in every mode.
type Auth struct {
	Mode AuthMode

	// Clients are the applications that may get a token, by client id. Empty:
	// any id and secret will do, which AuthStrict refuses.
	Clients map[string]AuthClient

	// Tenants maps tenant ids to companies. A token for another tenant is
	// issued, as the vendor does for the tenant of a customer, and AuthStrict
	// answers its calls 401. Empty: a tenant's id is the company's number.
	Tenants map[string]string

	// TokenLife is how long a token is good. Default: 1 h.
	TokenLife time.Duration

	// SigningKey signs the tokens; mocks with the same key take each other's.
	// Default: derived from Config.Seed, or random.
	SigningKey string
}

// An AuthClient is one application.
type AuthClient struct {
	Secret string

	// Scopes are those it may ask for, and gets if it names none. Default:
	// ScopeRead, ScopeCreate, ScopeUpdate and ScopeDelete.
	Scopes []string
}

// The scopes of service applications. Which one guards which call is not
// documented; AuthStrict wants read for GET, create for POST, update for PUT
// and actions, delete for DELETE, and takes vismanet_erp_interactive_api for
// vismanet_erp_service_api.
const (
	ScopeRead   = "vismanet_erp_service_api:read"
	ScopeCreate = "vismanet_erp_service_api:create"
	ScopeUpdate = "vismanet_erp_service_api:update"
	ScopeDelete = "vismanet_erp_service_api:delete"
)

func (a Auth) withDefaults(seed uint64) Auth {
	if a.TokenLife == 0 {
		a.TokenLife = time.Hour
	}
	switch {
	case a.SigningKey != "":
	case seed != 0:
		a.SigningKey = "seed " + strconv.FormatUint(seed, 10)
	default:
		a.SigningKey = rand.Text()
	}
	return a
}

func (a Auth) validate() error {
	errs := []error{notNegative("Auth.TokenLife", a.TokenLife)}
	switch a.Mode {
	case AuthOff, AuthAny:
	case AuthStrict:
		if len(a.Clients) == 0 {
			errs = append(errs, errors.New("Auth.Clients: AuthStrict needs at least one"))
		}
	default:
		errs = append(errs, fmt.Errorf("Auth.Mode: %q is not one of its values", a.Mode))
	}
	for _, id := range slices.Sorted(maps.Keys(a.Clients)) {
		if id == "" || a.Clients[id].Secret == "" {
			errs = append(errs, fmt.Errorf("Auth.Clients[%q]: neither id nor Secret may be empty", id))
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(a.Tenants)) {
		if tenant == "" || a.Tenants[tenant] == "" {
			errs = append(errs, fmt.Errorf("Auth.Tenants[%q]: neither tenant nor company may be empty", tenant))
		}
	}
	return errors.Join(errs...)
}

// company is the one of a tenant; empty: no company's tenant.
func (a Auth) company(tenant string) string {
	if len(a.Tenants) == 0 {
		return tenant
	}
	return a.Tenants[tenant]
}

// tenant is the id of a company's tenant in notifications.
func (c Config) tenant(company string) string {
	if sub := c.subscription(company); sub.TenantID != "" {
		return sub.TenantID
	}
	for _, tenant := range slices.Sorted(maps.Keys(c.Auth.Tenants)) {
		if c.Auth.Tenants[tenant] == company {
			return tenant
		}
	}
	return wire.DerivedGUID(0, "tenant\x00"+company, 1)
}

// claims are what a token of the endpoint says.
type claims struct {
	Issuer   string   `json:"iss"`
	Client   string   `json:"client_id"`
	Tenant   string   `json:"tenant_id,omitempty"`
	Scope    []string `json:"scope"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
}

func (c *claims) expired(now time.Time) bool { return now.Unix() >= c.Expires }

// token signs claims, as a JWT.
func (a Auth) token(c claims) string {
	text := jwtPart([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + jwtPart(wire.JSON(c))
	return text + "." + jwtPart(a.mac(text))
}

func jwtPart(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a Auth) mac(text string) []byte {
	m := hmac.New(sha256.New, []byte(a.SigningKey))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// read returns what a token says, nil if it is not one of the endpoint's.
func (a Auth) read(token string) *claims {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return nil
	}
	mac, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || !hmac.Equal(mac, a.mac(token[:dot])) {
		return nil
	}
	_, body, _ := strings.Cut(token[:dot], ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	var c claims
	if err != nil || json.Unmarshal(text, &c) != nil {
		return nil
	}
	return &c
}

// authorize refuses a request whose credentials will not do, and tells whether
// they do.
func (s *Server) authorize(w http.ResponseWriter, in *incoming) bool {
	const denied = "Authorization has been denied for this request."
	now := s.clocks.Now(in.company)
	deny := func(status int, detail, message string) bool {
		w.Header().Set("WWW-Authenticate", "Bearer"+detail)
		s.cfg.Profile.refuse(w, status, message)
		return false
	}
	_, listed := s.cfg.Companies[in.token]
	known := listed || strings.HasPrefix(in.token, "company:") || in.claims != nil && !in.claims.expired(now)
	switch {
	case s.cfg.Auth.Mode == AuthOff:
		return true
	case in.token == "":
		return deny(http.StatusUnauthorized, "", denied)
	case s.cfg.Auth.Mode == AuthAny && (known || len(s.cfg.Companies) == 0):
		return true
	case s.cfg.Auth.Mode == AuthAny, in.claims == nil:
		return deny(http.StatusUnauthorized, ` error="invalid_token"`, denied)
	case in.claims.expired(now):
		return deny(http.StatusUnauthorized, ` error="invalid_token", error_description="The token expired"`, denied)
	case s.cfg.Auth.company(in.claims.Tenant) == "":
		return deny(http.StatusUnauthorized, ` error="invalid_token", error_description="The token is not for a company"`, denied)
	case s.cfg.Auth.company(in.claims.Tenant) != in.company:
		return deny(http.StatusForbidden, "", "The token is for another company.")
	case !s.cfg.Profile.AnyScope && !in.claims.allow(in.scope()):
		return deny(http.StatusForbidden, ` error="insufficient_scope", scope="`+in.scope()+`"`, "The token lacks the scope "+in.scope()+".")
	}
	return true
}

// scope is the one that a request needs.
func (in *incoming) scope() string {
	switch in.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return ScopeRead
	case http.MethodDelete:
		return ScopeDelete
	case http.MethodPost:
		if !isAction(in.path) {
			return ScopeCreate
		}
	}
	return ScopeUpdate
}

// isAction tells whether a path is that of an action.
func isAction(path string) bool { return strings.Contains(strings.ToLower(path), "/action/") }

func (c *claims) allow(scope string) bool {
	_, right, _ := strings.Cut(scope, ":")
	return slices.Contains(c.Scope, scope) || slices.Contains(c.Scope, interactive+right)
}

// interactive begins the scopes of applications that a user logs in to.
const interactive = "vismanet_erp_interactive_api:"
