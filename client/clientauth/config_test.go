package clientauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client/clientauth"
	"golang.org/x/oauth2"
)

func TestNewNamesEveryWrongField(t *testing.T) {
	_, err := clientauth.New(clientauth.Config{
		BaseURLs: []string{"http://api.example.com", "https://user:hunter2@api.example.com"},
		ClientID: " app", Scopes: []string{"a b"}, TokenURL: "https://token.example.com/?x=1",
		Params: url.Values{"tenant_id": {"x"}}, RefreshBefore: -1, CallTimeout: -1, RetryFor: -1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, field := range []string{
		"BaseURLs[0]: want https", "BaseURLs[1]: must not hold a user", "ClientID: has white space", "ClientSecret: missing", "TenantID: missing",
		"Scopes[0]:", "TokenURL: must not hold a query", "Params: tenant_id", "RefreshBefore:", "CallTimeout:", "RetryFor:",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%q is not named in\n%v", field, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password in %v", err)
	}
}

func TestNewWantsOneWayToGetATokenAndAPlaceForIt(t *testing.T) {
	fixed := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "x"})
	for name, cfg := range map[string]clientauth.Config{
		"BaseURLs: must name": {ClientID: "a", ClientSecret: "b", TenantID: "c"},
		"TokenSource: excl":   {BaseURLs: []string{erpBase}, ClientID: "a", TokenSource: fixed},
	} {
		if _, err := clientauth.New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
	for _, cfg := range []clientauth.Config{
		{BaseURLs: []string{erpBase}, TokenSource: fixed},
		{BaseURLs: []string{clientauth.BaseURL, clientauth.FormerBaseURL}, ClientID: "a", ClientSecret: "b", TenantID: "c"},
		{BaseURLs: []string{"http://127.0.0.1:8080", "http://[::1]/x", "http://localhost"}, TokenSource: fixed},
		{BaseURLs: []string{"http://erp.test"}, AllowHTTP: true, TokenURL: "http://token.test/t", ClientID: "a", ClientSecret: "b", TenantID: "c"},
	} {
		if _, err := clientauth.New(cfg); err != nil {
			t.Error(err)
		}
	}
}

// TestNothingPrintsTheSecret prints a configuration and a source in every way
// there is.
func TestNothingPrintsTheSecret(t *testing.T) {
	cfg := config(&endpoint{})
	cfg.HTTPClient = nil
	cfg.BaseURLs = []string{"https://user:hunter2@erp.mock"}
	shown := map[string]any{"config": cfg, "pointer": &cfg, "in a struct": struct{ Auth clientauth.Config }{cfg}}
	cfg.BaseURLs = []string{erpBase}
	shown["source"] = mustNew(t, cfg)
	for name, v := range shown {
		var out bytes.Buffer
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			fmt.Fprintf(&out, format+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		if data, err := json.Marshal(v); err == nil {
			out.Write(data)
		}
		for _, hidden := range []string{secret, url.QueryEscape(secret), "hunter2"} {
			if strings.Contains(out.String(), hidden) {
				t.Errorf("%s: %q in\n%s", name, hidden, &out)
			}
		}
		if name == "source" && !strings.Contains(out.String(), `client "app", tenant "company", secret [redacted]`) {
			t.Errorf("says too little: %s", &out)
		}
	}
}

func TestTheFormIsWhatTheEndpointAsksFor(t *testing.T) {
	tests := []struct {
		name   string
		change func(*clientauth.Config)
		form   string // without the scope
		basic  string
		scope  string
	}{
		{
			"defaults",
			func(*clientauth.Config) {},
			"client_id=app&client_secret=" + url.QueryEscape(secret) + "&grant_type=client_credentials&tenant_id=company",
			":",
			"vismanet_erp_service_api:read vismanet_erp_service_api:create vismanet_erp_service_api:update vismanet_erp_service_api:delete",
		},
		{
			"everything set",
			func(c *clientauth.Config) {
				c.SecretInHeader = true
				c.Scopes = []string{clientauth.ScopeRead}
				c.Params = url.Values{"audience": {"erp"}}
			},
			"audience=erp&grant_type=client_credentials&tenant_id=company",
			"app:" + url.QueryEscape(secret),
			clientauth.ScopeRead,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &endpoint{}
			cfg := config(e)
			tt.change(&cfg)
			want(t, mustNew(t, cfg), "token-1")
			form := e.forms[0]
			if got := form.Get("scope"); got != tt.scope {
				t.Errorf("scope %q, want %q", got, tt.scope)
			}
			form.Del("scope")
			if got := form.Encode(); got != tt.form {
				t.Errorf("form\n%s, want\n%s", got, tt.form)
			}
			if e.basic[0] != tt.basic {
				t.Errorf("basic %q, want %q", e.basic[0], tt.basic)
			}
		})
	}
}

func TestASourceIsNotChangedThroughItsConfig(t *testing.T) {
	e := &endpoint{}
	cfg := config(e)
	cfg.Scopes = []string{clientauth.ScopeRead}
	cfg.Params = url.Values{"a": {"b"}}
	before := *cfg.HTTPClient
	s := mustNew(t, cfg)
	cfg.Scopes[0], cfg.Params["a"] = "other", []string{"other"}
	want(t, s, "token-1")
	if form := e.forms[0]; form.Get("scope") != clientauth.ScopeRead || form.Get("a") != "b" {
		t.Errorf("form %v", form)
	}
	if cfg.HTTPClient.CheckRedirect != nil || cfg.HTTPClient.Transport != before.Transport || cfg.HTTPClient.Timeout != time.Duration(0) {
		t.Error("the given http.Client was changed")
	}
}
