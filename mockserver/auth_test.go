package mockserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

const tokenURL = "https://connect.visma.com/connect/token"

func strict() mockserver.Config {
	return mockserver.Config{Auth: mockserver.Auth{
		Mode: mockserver.AuthStrict,
		Clients: map[string]mockserver.AuthClient{
			"app":    {Secret: "s3cret"},
			"reader": {Secret: "other", Scopes: []string{mockserver.ScopeRead}},
			"person": {Secret: "third", Scopes: []string{"vismanet_erp_interactive_api:read", "vismanet_erp_interactive_api:update"}},
		},
		Tenants: map[string]string{"t-7": "7", "t-8": "8"},
	}}
}

// form encodes pairs of name and value.
func form(pairs ...string) string {
	v := make(url.Values)
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func (h *harness) askToken(body string, headers ...string) answer {
	h.t.Helper()
	return h.do("POST", tokenURL, body, append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

// token gets a token and returns it as an Authorization header.
func (h *harness) token(client, secret, tenant string) string {
	h.t.Helper()
	a := h.askToken(form("grant_type", "client_credentials", "client_id", client, "client_secret", secret, "tenant_id", tenant))
	if a.status != 200 {
		h.t.Fatalf("token: %d %s", a.status, a.body)
	}
	return "Bearer " + decode[map[string]any](h.t, a.body)["access_token"].(string)
}

func TestTheTokenEndpoint(t *testing.T) {
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
	}
	all := strings.Join([]string{mockserver.ScopeRead, mockserver.ScopeCreate, mockserver.ScopeUpdate, mockserver.ScopeDelete}, " ")
	good := form("grant_type", "client_credentials", "client_id", "app", "client_secret", "s3cret", "tenant_id", "t-7")
	tests := []struct {
		name, body string
		header     []string
		status     int
		want       string // scope, or error
	}{
		{"all scopes by default", good, nil, 200, all},
		{"one scope", good + "&" + form("scope", mockserver.ScopeRead), nil, 200, mockserver.ScopeRead},
		{"two scopes", good + "&" + form("scope", mockserver.ScopeUpdate+" "+mockserver.ScopeRead), nil, 200, mockserver.ScopeUpdate + " " + mockserver.ScopeRead},
		{"by Basic", form("grant_type", "client_credentials", "tenant_id", "t-7"), []string{"Authorization", basic("app", "s3cret")}, 200, all},
		{"the tenant of a customer", form("grant_type", "client_credentials", "client_id", "app", "client_secret", "s3cret", "tenant_id", "no company"), nil, 200, all},
		{"no tenant", form("grant_type", "client_credentials", "client_id", "app", "client_secret", "s3cret"), nil, 200, all},
		{"unknown client", form("grant_type", "client_credentials", "client_id", "nobody", "client_secret", "s3cret"), nil, 401, "invalid_client"},
		{"no client", form("grant_type", "client_credentials"), nil, 401, "invalid_client"},
		{"wrong secret", form("grant_type", "client_credentials", "client_id", "app", "client_secret", "x"), nil, 401, "invalid_client"},
		{"wrong secret by Basic", form("grant_type", "client_credentials"), []string{"Authorization", basic("app", "x")}, 401, "invalid_client"},
		{"no secret", form("grant_type", "client_credentials", "client_id", "app"), nil, 401, "invalid_client"},
		{"two ways", good, []string{"Authorization", basic("app", "s3cret")}, 400, "invalid_request"},
		{"no grant type", form("client_id", "app", "client_secret", "s3cret"), nil, 400, "invalid_request"},
		{"twice", good + "&client_id=app", nil, 400, "invalid_request"},
		{"no form", "%zz", nil, 400, "invalid_request"},
		{"JSON", `{}`, []string{"Content-Type", "application/json"}, 400, "invalid_request"},
		{"another grant", form("grant_type", "password", "client_id", "app", "client_secret", "s3cret"), nil, 400, "unsupported_grant_type"},
		{"unknown scope", good + "&scope=moon", nil, 400, "invalid_scope"},
		{"not its scope", form("grant_type", "client_credentials", "client_id", "reader", "client_secret", "other", "scope", mockserver.ScopeDelete), nil, 400, "invalid_scope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, strict())
			a := h.askToken(tt.body, tt.header...)
			body := decode[map[string]any](t, a.body)
			if a.status != tt.status || tt.status == 200 && body["scope"] != tt.want || tt.status != 200 && body["error"] != tt.want {
				t.Fatalf("got %d %s, want %d %s", a.status, a.body, tt.status, tt.want)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", a.header)
			}
			asked := strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic")
			if want := tt.status == 401 && tt.header != nil; asked != want {
				t.Errorf("WWW-Authenticate %q", a.header.Get("WWW-Authenticate"))
			}
			if tt.status == 200 && (body["token_type"] != "Bearer" || body["expires_in"] != 3600.0) {
				t.Errorf("got %s", a.body)
			}
			list := h.Journal().Requests("")
			if r := list[0]; r.Path != "/connect/token" || r.StatusCode != tt.status || r.Body != nil || r.Header.Get("Authorization") != "" {
				t.Errorf("the journal has secrets, or nothing: %+v", r)
			}
		})
	}
	h := start(t, strict())
	h.want(405, "GET", tokenURL, "")
}

func TestATokenIsAJWT(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, strict())
		parts := strings.Split(strings.TrimPrefix(h.token("reader", "other", "t-7"), "Bearer "), ".")
		if len(parts) != 3 {
			t.Fatalf("%d parts", len(parts))
		}
		part := func(i int) (m map[string]any) {
			text, err := base64.RawURLEncoding.DecodeString(parts[i])
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &m); err != nil {
				t.Fatal(err)
			}
			return m
		}
		if head := part(0); head["alg"] != "HS256" || head["typ"] != "JWT" {
			t.Errorf("header %v", head)
		}
		now := float64(time.Now().Unix())
		if c := part(1); c["client_id"] != "reader" || c["tenant_id"] != "t-7" || c["iat"] != now || c["exp"] != now+3600 || c["jti"] == "" {
			t.Errorf("claims %v", c)
		}
	})
}

func TestStrictAuthorization(t *testing.T) {
	const one = "/v1/customerinvoice/003501"
	synctest.Test(t, func(t *testing.T) {
		h := start(t, strict())
		app, reader, person := h.token("app", "s3cret", "t-7"), h.token("reader", "other", "t-7"), h.token("person", "third", "t-7")
		customer, none := h.token("app", "s3cret", "no company"), h.token("app", "s3cret", "")
		foreign, err := mockserver.New(mockserver.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer foreign.Close()
		theirs := (&harness{Server: foreign, t: t, client: foreign.Client()}).token("app", "s3cret", "t-7")
		tests := []struct {
			name, method, path, token string
			want                      int
			challenge                 string
		}{
			{"read", "GET", one, app, 200, ""},
			{"read as reader", "GET", one, reader, 200, ""},
			{"read as a person", "GET", one, person, 200, ""},
			{"list operations' state", "GET", "/v1/background/x", reader, 404, ""},
			{"create as reader", "POST", "/v2/customerinvoice", reader, 403, "insufficient_scope"},
			{"update as reader", "PUT", one, reader, 403, "insufficient_scope"},
			{"delete as reader", "DELETE", one, reader, 403, "insufficient_scope"},
			{"act as reader", "POST", one + "/action/release", reader, 403, ":update"},
			{"act as a person", "POST", one + "/action/release", person, 400, ""}, // it is released already
			{"create as a person", "POST", "/v2/customerinvoice", person, 403, ":create"},
			{"delete", "DELETE", "/v1/customerinvoice/003547", app, 204, ""},
			{"no token", "GET", one, "", 401, "Bearer"},
			{"some token", "GET", one, "Bearer x", 401, "invalid_token"},
			{"named company", "GET", one, "Bearer company:7", 401, "invalid_token"},
			{"changed token", "GET", one, app + "A", 401, "invalid_token"},
			{"token of another server", "GET", one, theirs, 401, "invalid_token"},
			{"tenant of a customer", "GET", one, customer, 401, "not for a company"},
			{"no tenant", "GET", one, none, 401, "not for a company"},
			{"unknown route", "GET", "/v1/nothing", "", 404, ""},
		}
		for _, tt := range tests {
			a := h.do(tt.method, tt.path, "", "Authorization", tt.token)
			if challenge := a.header.Get("WWW-Authenticate"); a.status != tt.want || !strings.Contains(challenge, tt.challenge) {
				t.Errorf("%s: got %d %q, want %d %q", tt.name, a.status, challenge, tt.want, tt.challenge)
			}
		}
		h.want(403, "GET", one, "", "Authorization", app, "ipp-company-id", "8")
		h.want(200, "GET", one, "", "Authorization", app, "ipp-company-id", "7")

		// In the middle of polling the token expires.
		id := h.submit("none", "GET", one, "", "Authorization", app)
		time.Sleep(hour - 1)
		h.want(200, "GET", "/v1/background/"+id, "", "Authorization", app)
		h.want(403, "GET", "/v1/background/"+id, "", "Authorization", h.token("app", "s3cret", "t-8"))
		time.Sleep(time.Nanosecond)
		a := h.want(401, "GET", "/v1/background/"+id, "", "Authorization", app)
		if c := a.header.Get("WWW-Authenticate"); !strings.Contains(c, "expired") {
			t.Errorf("got %q", c)
		}
		h.want(200, "GET", "/v1/background/"+id, "", "Authorization", h.token("app", "s3cret", "t-7"))
	})
}

func TestTokensInTheOtherModes(t *testing.T) {
	h := start(t, mockserver.Config{})
	h.want(204, "DELETE", "/v1/customerinvoice/003547", "", "Authorization", h.token("any", "thing", "7"))
	h.want(404, "GET", "/v1/customerinvoice/003547", "", "ipp-company-id", "7")
	h.want(200, "GET", "/v1/customerinvoice/003547", "")

	h = start(t, mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, Companies: map[string]string{"known": "1"}})
	h.want(401, "GET", "/v1/customerinvoice", "")
	h.want(401, "GET", "/v1/customerinvoice", "", "Authorization", "Bearer x")
	h.want(200, "GET", "/v1/customerinvoice", "", "Authorization", "Bearer known")
	h.want(200, "GET", "/v1/customerinvoice", "", "Authorization", h.token("any", "thing", "7"))
}

func TestServersWithOneKeyTakeEachOthersTokens(t *testing.T) {
	cfg := strict()
	cfg.Auth.SigningKey, cfg.Auth.TokenLife = "shared", 90*time.Second
	one, two := start(t, cfg), start(t, cfg)
	two.want(200, "GET", "/v1/customerinvoice", "", "Authorization", one.token("app", "s3cret", "t-8"))
	a := one.askToken(form("grant_type", "client_credentials", "client_id", "app", "client_secret", "s3cret"))
	if life := decode[map[string]any](t, a.body)["expires_in"]; life != 90.0 {
		t.Errorf("expires in %v", life)
	}
}

func TestNotificationsCarryTheTenantOfTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := strict()
		cfg.Subscription = mockserver.Subscription{URL: "http://hook.test/erp"}
		h := start(t, cfg)
		h.submit("subscription", "GET", "/v1/customerinvoice", "", "Authorization", h.token("app", "s3cret", "t-8"))
		time.Sleep(time.Minute)
		if got := h.hook.all()[0].header.Get("X-Vwd-Tenant-Id"); got != "t-8" {
			t.Errorf("tenant %q", got)
		}
	})
}

func TestFaultsOfTheTokenEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := strict()
		rule := func(company string, f fault.Answer) fault.Rule {
			return fault.Rule{On: fault.OnToken, Company: company, Times: 1, Do: f}
		}
		cfg.Faults = []fault.Rule{
			rule("7", fault.Answer{Status: 503, RetryAfter: time.Second}),
			rule("7", fault.Answer{Delay: time.Minute, Set: map[string]any{"expires_in": 5}}),
			rule("8", fault.Answer{Drop: true}),
		}
		h := start(t, cfg)
		ask := func(tenant string) (answer, error) {
			return h.try("POST", tokenURL, form("grant_type", "client_credentials", "client_id", "app", "client_secret", "s3cret", "tenant_id", tenant),
				"Content-Type", "application/x-www-form-urlencoded")
		}
		if a, err := ask("t-7"); err != nil || a.status != 503 || a.header.Get("Retry-After") != "1" {
			t.Errorf("got %v, %v", a, err)
		}
		begin := time.Now()
		if a, err := ask("t-7"); err != nil || decode[map[string]any](t, a.body)["expires_in"] != 5.0 || time.Since(begin) != time.Minute {
			t.Errorf("got %v, %v", a, err)
		}
		_, err := ask("t-8")
		wantReset(t, err)
		for _, tenant := range []string{"t-7", "t-8", "t-9"} {
			if a, err := ask(tenant); err != nil || a.status != http.StatusOK {
				t.Errorf("got %v, %v", a, err)
			}
		}
	})
}

func TestValidationOfAuth(t *testing.T) {
	tests := map[string]mockserver.Auth{
		"Auth.Mode":           {Mode: "maybe"},
		"Auth.Clients:":       {Mode: mockserver.AuthStrict},
		`Auth.Clients["app"]`: {Clients: map[string]mockserver.AuthClient{"app": {}}},
		`Auth.Clients[""]`:    {Clients: map[string]mockserver.AuthClient{"": {Secret: "x"}}},
		`Auth.Tenants["t"]`:   {Tenants: map[string]string{"t": ""}},
		`Auth.Tenants[""]`:    {Tenants: map[string]string{"": "7"}},
		"Auth.TokenLife":      {TokenLife: -1},
	}
	for field, auth := range tests {
		if _, err := mockserver.New(mockserver.Config{Auth: auth}); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want %s", err, field)
		}
	}
}
