package clientauth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/vismanet-go/background/client/clientauth"
	"golang.org/x/oauth2"
)

func fixed(bases ...string) clientauth.Config {
	return clientauth.Config{
		BaseURLs: bases, TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token-1"}),
	}
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheTokenGoesBelowTheConfiguredRootsOnly(t *testing.T) {
	var got string
	cfg := fixed(clientauth.BaseURL, clientauth.FormerBaseURL, "http://localhost:8080")
	cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.Header.Get("Authorization")
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})
	rt := mustNew(t, cfg).HTTPClient().Transport
	tests := []struct {
		url, host string
		want      bool
	}{
		{url: "https://api.finance.visma.net/v1/account", want: true},
		{url: "https://api.finance.visma.net", want: true},
		{url: "https://API.Finance.Visma.Net:443/v1/inventory/b64(Oi8_I1tdQCYqKzs)?a=..", want: true},
		{url: "https://integration.visma.net/API/controller/api/v1/account", want: true},
		{url: "https://integration.visma.net/api/Controller/API/v1/account", want: true},
		{url: "http://localhost:8080/x", want: true},
		{url: "https://api.finance.visma.net/v1/x", host: "api.finance.visma.net", want: true},

		{url: "http://api.finance.visma.net/v1/account"},
		{url: "https://api.finance.visma.net:8443/v1/account"},
		{url: "https://api.finance.visma.net.example.com/v1/account"},
		{url: "https://evil-api.finance.visma.net/v1/account"},
		{url: "https://finance.visma.net/v1/account"},
		{url: "https://api.finance.visma.net@example.com/v1/account"},
		{url: "https://x:y@api.finance.visma.net/v1/account"},
		{url: "https://api.finance.visma.net/v1/x", host: "example.com"},
		{url: "https://integration.visma.net/v1/account"},
		{url: "https://integration.visma.net/API/controller/apis/v1"},
		{url: "https://integration.visma.net/API/controller/api/../../other"},
		{url: "https://integration.visma.net/API/controller/api/%2e%2e/other"},
		{url: "https://integration.visma.net/API/controller/api/..%2fother"},
		{url: "https://integration.visma.net/API/controller/api/x%2f..%2f..%2fother"},
		{url: `https://integration.visma.net/API/controller/api/..%5cother`},
		{url: "http://localhost:8081/x"},
		{url: "http://127.0.0.1:8080/x"},
		{url: "https://localhost:8080/x"},
	}
	for _, tt := range tests {
		req, err := http.NewRequest("GET", tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.host != "" {
			req.Host = tt.host
		}
		if _, err := rt.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		if (got != "") != tt.want {
			t.Errorf("%s (host %q): sent %q, want a token: %v", tt.url, tt.host, got, tt.want)
		}
		if req.Header.Get("Authorization") != "" {
			t.Error("the caller's request was changed")
		}
	}
}

func TestTheCallersOwnHeaderAndRequestAreLeftAlone(t *testing.T) {
	var got http.Header
	cfg := fixed(erpBase)
	cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.Header
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
	})
	hc := mustNew(t, cfg).HTTPClient()
	req, _ := http.NewRequest("GET", erpBase+"/x", nil)
	req.Header.Set("Authorization", "Bearer mine")
	if _, err := hc.Do(req); err != nil || got.Get("Authorization") != "Bearer mine" {
		t.Errorf("sent %v, %v", got, err)
	}
	req, _ = http.NewRequest("GET", erpBase+"/x", nil)
	req.Header = nil
	resp, err := hc.Transport.RoundTrip(req)
	if err != nil || got.Get("Authorization") != "Bearer token-1" || req.Header != nil {
		t.Errorf("sent %v, left %v, %v", got, req.Header, err)
	}
	if resp.Request != req {
		t.Error("the answer's request shows the token")
	}
}

// recorder is a listener that writes down all that it gets.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex // guards seen
	seen []string
}

func listen(t *testing.T, h http.HandlerFunc) *recorder {
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.seen = append(r.seen, fmt.Sprint(req.Method, " ", req.URL, " ", req.Header, " ", string(body)))
		r.mu.Unlock()
		if h != nil {
			h(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.seen, "\n")
}

// TestNoCredentialLeavesTheOrigin redirects every call, that for the token
// too, to a listener on another port of the same host. net/http would keep
// the Authorization header there: it compares host names only.
func TestNoCredentialLeavesTheOrigin(t *testing.T) {
	elsewhere := listen(t, nil)
	for _, status := range []int{301, 302, 303, 307, 308} {
		redirect := func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
		}
		erp := listen(t, redirect)
		hc := mustNew(t, fixed(erp.URL)).HTTPClient()
		for _, method := range []string{"GET", "POST"} {
			req, _ := http.NewRequest(method, erp.URL+"/v1/x", strings.NewReader("{}"))
			resp, err := hc.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		if n := strings.Count(erp.all(), "Bearer token-1"); n != 2 {
			t.Errorf("%d: the ERP got %d tokens, want 2:\n%s", status, n, erp.all())
		}

		token := listen(t, redirect)
		s := mustNew(t, clientauth.Config{
			BaseURLs: []string{erp.URL}, TokenURL: token.URL + "/token", ClientID: "app", ClientSecret: secret, TenantID: "company",
		})
		if _, err := s.Token(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint("answered ", status)) {
			t.Errorf("%d at the token endpoint: got %v", status, err)
		}
		if !strings.Contains(token.all(), "client_secret=") {
			t.Error("the token endpoint got no secret")
		}
	}
	seen := elsewhere.all()
	if seen == "" {
		t.Error("no redirect was followed: the test shows nothing")
	}
	for _, hidden := range []string{"token-1", "Authorization", "client_secret", "s3cr3t"} {
		if strings.Contains(seen, hidden) {
			t.Errorf("%q left the origin:\n%s", hidden, seen)
		}
	}
}

func TestARedirectInsideTheRootsKeepsTheToken(t *testing.T) {
	var old *recorder
	fresh := listen(t, nil)
	old = listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, fresh.URL+"/v1/x", http.StatusPermanentRedirect)
	})
	resp, err := mustNew(t, fixed(old.URL+"/api", fresh.URL)).HTTPClient().Get(old.URL + "/api/v1/x")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for name, r := range map[string]*recorder{"old": old, "new": fresh} {
		if !strings.Contains(r.all(), "Bearer token-1") {
			t.Errorf("the %s host got no token: %s", name, r.all())
		}
	}
}
