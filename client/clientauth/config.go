package clientauth

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/vismanet-go/background/client/internal/charge"
	"github.com/vismanet-go/background/internal/httpx"
)

// The API roots of Visma.net ERP.
const (
	// BaseURL is the API's root.
	BaseURL = "https://api.finance.visma.net"
	// FormerBaseURL is its root on the old host.
	FormerBaseURL = "https://integration.visma.net/API/controller/api"
)

// DefaultTokenURL is the vendor's token endpoint.
const DefaultTokenURL = "https://connect.visma.com/connect/token"

// The scopes of service applications.
const (
	ScopeRead   = "vismanet_erp_service_api:read"
	ScopeCreate = "vismanet_erp_service_api:create"
	ScopeUpdate = "vismanet_erp_service_api:update"
	ScopeDelete = "vismanet_erp_service_api:delete"
)

// Config configures a [Source]. BaseURLs is required, and either ClientID,
// ClientSecret and TenantID or TokenSource. Any other zero field means the
// default named in its comment. However it is printed, logged or marshalled, a
// Config shows no secret.
type Config struct {
	// BaseURLs are the API roots that get the token: [BaseURL], or
	// [FormerBaseURL], or both while work on the old host is pending. They
	// must be https, or http on a loopback address.
	BaseURLs []string

	// AllowHTTP permits http on any host, for BaseURLs and TokenURL. Secret
	// and tokens then travel in the clear.
	AllowHTTP bool

	// ClientID and ClientSecret are those of the service application.
	ClientID     string
	ClientSecret string

	// TenantID is the tenant of the company. With that of the customer a
	// token is issued too, and the ERP answers every call with 401.
	TenantID string

	// Scopes are asked for. The application must have been granted all of
	// them. Default: read, create, update and delete.
	Scopes []string

	// TokenURL is the token endpoint. Default: [DefaultTokenURL].
	TokenURL string

	// SecretInHeader sends ClientID and ClientSecret by HTTP Basic instead of
	// in the form.
	SecretInHeader bool

	// Params are more form fields for the token endpoint.
	Params url.Values

	// TokenSource gives the tokens instead of a client id and a secret, for
	// example that of a user who has logged in. Its Token is called by one
	// goroutine at a time, and must return: it gets no context. A source that
	// keeps its own token until that expires cannot be made to replace one that
	// the ERP refused; then the error of [Source.Refresh] says so.
	TokenSource oauth2.TokenSource

	// HTTPClient calls the token endpoint. A copy is used that follows no
	// redirects, which would take the secret elsewhere. Default: one with the
	// default Transport.
	HTTPClient *http.Client

	// Transport sends the calls to the ERP. Default: a copy of
	// [http.DefaultTransport] that closes a connection of HTTP/2 which has died
	// silently. One of your own does so if it sets SendPingTimeout and
	// PingTimeout of [http.HTTP2Config].
	Transport http.RoundTripper

	// RefreshBefore is how long before its expiry a token is renewed, but at
	// most a fifth of its life before. Default: 5 min.
	RefreshBefore time.Duration

	// CallTimeout bounds each call to the token endpoint. Default: 15 s.
	CallTimeout time.Duration

	// RetryFor bounds the time for which somebody waits while a call that
	// failed for a passing reason (no connection, 408, 429, 5xx) is repeated.
	// The context of the one who waits may end it sooner. Default: 1 min.
	//
	// While the endpoint fails, the pauses between two calls grow to a minute
	// or more, however many callers wait. During a pause that is longer than
	// RetryFor a caller gets the last error at once. A Retry-After of the
	// endpoint is obeyed, up to an hour.
	RetryFor time.Duration

	// Logger gets Debug for each new token, Warn for what will be repeated,
	// and Error for what a person has to mend. Default: silent.
	Logger *slog.Logger
}

// withDefaults checks the configuration and fills in the defaults. It reports
// every fault at once, each named by its field, and shows no value that may
// be a secret.
func (c Config) withDefaults() (Config, []origin, error) {
	origins, errs := c.origins()
	errs = append(errs, c.checkGrant()...)
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"RefreshBefore", c.RefreshBefore}, {"CallTimeout", c.CallTimeout}, {"RetryFor", c.RetryFor}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s: must not be negative", f.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return c, nil, fmt.Errorf("clientauth config: %w", err)
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{ScopeRead, ScopeCreate, ScopeUpdate, ScopeDelete}
	}
	c.Scopes = slices.Clone(c.Scopes)
	c.Params = maps.Clone(c.Params)
	c.TokenURL = cmp.Or(c.TokenURL, DefaultTokenURL)
	c.RefreshBefore = cmp.Or(c.RefreshBefore, 5*time.Minute)
	c.CallTimeout = cmp.Or(c.CallTimeout, 15*time.Second)
	c.RetryFor = cmp.Or(c.RetryFor, time.Minute)
	standard := httpx.Default()
	c.HTTPClient = tokenClient(c.HTTPClient, standard)
	if c.Transport == nil {
		c.Transport = standard
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, origins, nil
}

// tokenClient returns a copy of a client that is fit for the token endpoint.
func tokenClient(given *http.Client, standard http.RoundTripper) *http.Client {
	c := http.Client{}
	if given != nil {
		c = *given
	}
	if c.Transport == nil {
		c.Transport = standard
	}
	c.Transport = answers{bounded{charge.Transport{Next: c.Transport}}}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func (c Config) origins() (list []origin, errs []error) {
	if len(c.BaseURLs) == 0 {
		errs = append(errs, errors.New("BaseURLs: must name the API root that gets the token"))
	}
	for i, base := range c.BaseURLs {
		o, err := parseOrigin(base, c.AllowHTTP)
		if err != nil {
			errs = append(errs, fmt.Errorf("BaseURLs[%d]: %w", i, err))
		}
		list = append(list, o)
	}
	return list, errs
}

// checkGrant checks what a token is got with.
func (c Config) checkGrant() (errs []error) {
	if c.TokenSource != nil {
		if c.ClientID != "" || c.ClientSecret != "" || c.TenantID != "" {
			errs = append(errs, errors.New("TokenSource: excludes ClientID, ClientSecret and TenantID"))
		}
		return errs
	}
	for _, f := range []struct{ name, value string }{{"ClientID", c.ClientID}, {"ClientSecret", c.ClientSecret}, {"TenantID", c.TenantID}} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("%s: missing", f.name))
		} else if f.value != strings.TrimSpace(f.value) {
			errs = append(errs, fmt.Errorf("%s: has white space around it", f.name))
		}
	}
	for i, scope := range c.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
			errs = append(errs, fmt.Errorf("%s[%d]: must be one scope", "Scopes", i))
		}
	}
	if c.TokenURL != "" {
		if _, err := parseOrigin(c.TokenURL, c.AllowHTTP); err != nil {
			errs = append(errs, fmt.Errorf("TokenURL: %w", err))
		}
	}
	for _, name := range []string{"grant_type", "client_id", "client_secret", "scope", "tenant_id"} {
		if c.Params.Has(name) {
			errs = append(errs, fmt.Errorf("%s: %s is set by this package", "Params", name))
		}
	}
	return errs
}

// String describes the configuration without secrets.
func (c Config) String() string {
	grant := fmt.Sprintf("client %q, tenant %q, secret %s", c.ClientID, c.TenantID, hidden(c.ClientSecret))
	if c.TokenSource != nil {
		grant = "a TokenSource"
	}
	roots := make([]string, len(c.BaseURLs))
	for i, base := range c.BaseURLs {
		roots[i] = "[unreadable]"
		if u, err := url.Parse(base); err == nil {
			roots[i] = u.Scheme + "://" + u.Host + u.Path // a user and a password are a mistake, and secret
		}
	}
	return fmt.Sprintf("clientauth.Config{%s, for %q}", grant, roots)
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// LogValue describes the configuration without secrets.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes what String says, because structured logs marshal what
// they do not know.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

func hidden(secret string) string {
	if secret == "" {
		return "missing"
	}
	return redacted
}

const redacted = "[redacted]"
