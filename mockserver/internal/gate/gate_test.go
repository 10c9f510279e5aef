package gate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/route"
)

var now = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func form(text string) (*http.Request, []byte) {
	r := httptest.NewRequest(http.MethodPost, route.TokenPath, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r, []byte(text)
}

// issue gets a token, or the code of the refusal.
func issue(c *Credentials, text string) string {
	g, refused := ParseGrant(form(text))
	var token Token
	if refused == nil {
		token, refused = c.Issue(g, 401, now, func(kind, company string) string { return kind + " of " + company })
	}
	if refused != nil {
		return refused.Code
	}
	return token.AccessToken
}

func TestCredentials(t *testing.T) {
	c := &Credentials{
		Clients: map[string]Client{"app": {Secret: "s"}}, Tenants: map[string]string{"t-1": "1", "t-2": "2"},
		Companies: map[string]string{"listed": "1"}, Standard: "9", TokenLife: time.Hour, SigningKey: "k",
	}
	const ask = "grant_type=client_credentials&client_id=app&client_secret=s&tenant_id="
	all, read, other, nobody := issue(c, ask+"t-1"), issue(c, ask+"t-1&scope="+scopeRead), issue(c, ask+"t-2"), issue(c, ask+"t-3")
	forged := (&Credentials{SigningKey: "another"}).sign(Claims{Tenant: "t-1", Expires: now.Unix() + 1})
	for _, tt := range []struct {
		mode   Mode
		token  string
		method string
		path   string
		after  time.Duration
		want   int // 0: it will do
	}{
		{Off, "", "GET", "/v1/x", 0, 0},
		{Any, "", "GET", "/v1/x", 0, 401},
		{Any, "listed", "GET", "/v1/x", 0, 0},
		{Any, "company:7", "GET", "/v1/x", 0, 0},
		{Any, "unknown", "GET", "/v1/x", 0, 401},
		{Any, all, "GET", "/v1/x", time.Hour, 401},
		{Strict, "listed", "GET", "/v1/x", 0, 401},
		{Strict, forged, "GET", "/v1/x", 0, 401},
		{Strict, all, "POST", "/v1/x", time.Hour - time.Second, 0},
		{Strict, all, "POST", "/v1/x", time.Hour, 401},
		{Strict, nobody, "GET", "/v1/x", 0, 401},
		{Strict, other, "GET", "/v1/x", 0, 0}, // for its own company
		{Strict, read, "GET", "/v1/x", 0, 0},
		{Strict, read, "POST", "/v1/x", 0, 403},
		{Strict, read, "DELETE", "/v1/x", 0, 403},
		{Strict, all, "POST", "/v1/x/Action/release", 0, 0},
	} {
		c.Mode = tt.mode
		claims := c.Read(tt.token)
		by := Caller{Token: tt.token, Claims: claims, Company: c.CompanyOf(tt.token, claims, ""), Method: tt.method, Path: tt.path}
		got := 0
		if refused := c.Check(by, now.Add(tt.after)); refused != nil {
			got = refused.Status
			if !strings.HasPrefix(refused.Challenge, "Bearer") || refused.Message == "" {
				t.Errorf("%s %s %s: refused with %+v", tt.mode, tt.method, tt.path, refused)
			}
		}
		if got != tt.want {
			t.Errorf("mode %q, %s %s of %.12q, after %v: got %d, want %d", tt.mode, tt.method, tt.path, tt.token, tt.after, got, tt.want)
		}
	}
	c.Mode = Strict
	if refused := c.Check(Caller{Token: all, Claims: c.Read(all), Company: "2", Method: "GET"}, now); refused == nil || refused.Status != 403 {
		t.Errorf("a token for another company: %+v", refused)
	}
}

func TestTheCompanyOfACall(t *testing.T) {
	c := &Credentials{Companies: map[string]string{"listed": "1"}, Standard: "9"}
	for _, tt := range []struct {
		token, named, want string
		claims             *Claims
	}{
		{"", "", "9", nil},
		{"listed", "", "1", nil},
		{"company:7", "", "7", nil},
		{"x", "", "3", &Claims{Tenant: "3"}},
		{"company:7", " 5 ", "5", nil},
	} {
		if got := c.CompanyOf(tt.token, tt.claims, tt.named); got != tt.want {
			t.Errorf("token %q, header %q: got %q, want %q", tt.token, tt.named, got, tt.want)
		}
	}
}

func TestWhoGetsNoToken(t *testing.T) {
	c := &Credentials{Clients: map[string]Client{"app": {Secret: "s", Scopes: []string{scopeRead}}}, SigningKey: "k"}
	for text, want := range map[string]string{
		"client_id=app&client_secret=s":                                                            "invalid_request",
		"grant_type=client_credentials&client_id=app&client_secret=s&client_id=app":                "invalid_request",
		"grant_type=client_credentials&client_id=app&client_secret=x":                              "invalid_client",
		"grant_type=client_credentials&client_id=other&client_secret=s":                            "invalid_client",
		"grant_type=password&client_id=app&client_secret=s":                                        "unsupported_grant_type",
		"grant_type=client_credentials&client_id=app&client_secret=s&scope=" + scopeCreate:         "invalid_scope",
		"grant_type=client_credentials&client_id=app&client_secret=s&scope=" + scopeRead + "%20oh": "invalid_scope",
	} {
		if got := issue(c, text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	limits := Limits{Limit: 2, Window: time.Minute, Policy: "p", Block: 5 * time.Minute, Body: "wait {seconds}"}
	l := NewLimiter(func(string) Limits { return limits })
	var got []string
	for _, call := range []struct {
		company string
		free    bool
		at      time.Duration
	}{
		{"1", true, 0},
		{"1", false, 0},
		{"1", false, time.Second},
		{"2", false, time.Second},
		{"1", false, 2 * time.Second},
		{"1", false, 2 * time.Minute},
		{"1", false, 8 * time.Minute},
	} {
		at := now.Add(call.at)
		q := l.Take(call.company, call.free, at)
		w := httptest.NewRecorder()
		if q.Describe(w.Header(), at); q.Exceeded {
			q.Refuse(w, at)
		}
		got = append(got, fmt.Sprintf("%d %s %s %s", q.Remaining, w.Header()["X-Ratelimit-Reset"][0], w.Header().Get("Retry-After"), w.Body))
	}
	want := []string{"2 60  ", "1 60  ", "0 59  ", "1 60  ", "0 300 300 wait 300", "0 300 300 wait 300", "1 60  "}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	l.Reset("1")
	if q := l.Take("1", true, now.Add(8*time.Minute)); q.Remaining != 2 {
		t.Errorf("after a reset %d remain", q.Remaining)
	}
}

// A token of the endpoint that has expired is none of the known ones.
func TestAnExpiredTokenIsNotAnyToken(t *testing.T) {
	c := &Credentials{Mode: Any, Companies: map[string]string{"known": "1"}, Standard: "1"}
	for _, tt := range []struct {
		expires time.Time
		want    int
	}{{now.Add(time.Second), 0}, {now, http.StatusUnauthorized}, {now.Add(-time.Hour), http.StatusUnauthorized}} {
		got := 0
		if refused := c.Check(Caller{Token: "x", Claims: &Claims{Tenant: "1", Expires: tt.expires.Unix()}, Company: "1"}, now); refused != nil {
			got = refused.Status
		}
		if got != tt.want {
			t.Errorf("a token that expires at %v, at %v: got %d, want %d", tt.expires, now, got, tt.want)
		}
	}
}
