package dashboard_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/dashboard"
)

const token = "a-token-for-this-test"

// start returns the root of a mock with the dashboard, below a prefix of a proxy.
func start(t *testing.T) string {
	t.Helper()
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	control, err := admin.Mount(srv, admin.Config{Page: dashboard.Page(), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/erp/", stripped("/erp", srv))
	proxy := httptest.NewServer(mux)
	t.Cleanup(proxy.Close)
	t.Cleanup(control.Close)
	return proxy.URL + "/erp"
}

// stripped hands on what is below a prefix, as a proxy does.
func stripped(prefix string, next http.Handler) http.Handler {
	return http.StripPrefix(prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RequestURI = strings.TrimPrefix(r.RequestURI, prefix)
		next.ServeHTTP(w, r)
	}))
}

func get(t *testing.T, c *http.Client, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

var imported = regexp.MustCompile(`(?m)(?:from|import|src=|href=) ?["']([^"'#:]+\.(?:js|css))["']`)

// Everything that the page loads is there, below a prefix too, and keeps the policy.
func TestThePageAndAllThatItLoads(t *testing.T) {
	root := start(t)
	for _, path := range []string{"/", "/__mock", "/__mock/"} {
		resp, body := get(t, http.DefaultClient, root+path)
		if got, want := resp.Request.URL.String(), root+"/__mock/"; got != want || resp.StatusCode != http.StatusOK || !strings.Contains(body, "page/main.js") {
			t.Errorf("%s leads to %s: %d %.80s; want the page at %s", path, got, resp.StatusCode, body, want)
		}
	}
	seen := map[string]bool{}
	var load func(url string)
	load = func(url string) {
		if seen[url] {
			return
		}
		seen[url] = true
		resp, body := get(t, http.DefaultClient, url)
		if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d with the policy %q", url, resp.StatusCode, resp.Header.Get("Content-Security-Policy"))
		}
		if strings.HasSuffix(url, "vendor.js") {
			return
		}
		for _, m := range imported.FindAllStringSubmatch(body, -1) {
			next, err := resp.Request.URL.Parse(m[1])
			if err != nil {
				t.Fatal(err)
			}
			load(next.String())
		}
	}
	load(root + "/__mock/")
	if len(seen) < 15 {
		t.Errorf("%d files are loaded, want the page, its modules and those that are shared", len(seen))
	}
	if resp, _ := get(t, http.DefaultClient, root+"/__mock/page/missing.js"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a file that is missing is answered %d, want 404", resp.StatusCode)
	}
}

// The page is shown to anybody, and the mock's state to nobody without the token.
func TestTheTokenOpensASession(t *testing.T) {
	root := start(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	elsewhere := []string{"X-Forwarded-For", "203.0.113.7"}
	if resp, _ := get(t, c, root+"/__mock/", elsewhere...); resp.StatusCode != http.StatusOK {
		t.Errorf("the page is answered %d, want 200", resp.StatusCode)
	}
	if resp, body := get(t, c, root+"/__mock/v1/operations", elsewhere...); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token operations are answered %d %s, want 401", resp.StatusCode, body)
	}
	resp, err := c.Post(root+"/__mock/v1/session", "application/json", bytes.NewReader([]byte(`{"token":"`+token+`"}`)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("the token is answered %d, want 204", resp.StatusCode)
	}
	if resp, body := get(t, c, root+"/__mock/v1/operations", elsewhere...); resp.StatusCode != http.StatusOK {
		t.Errorf("with the session operations are answered %d %s, want 200", resp.StatusCode, body)
	}
	if resp, _ := get(t, c, root+"/v1/background/none", elsewhere...); resp.Request.Header.Get("Cookie") != "" {
		t.Error("the session is sent to the ERP too, want it for the control only")
	}
}
