package admin_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin"
)

// A farListener takes connections as if they had come to another address.
type farListener struct {
	net.Listener
	at net.Addr
}

type farConn struct {
	net.Conn
	at net.Addr
}

func (l farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return farConn{c, l.at}, err
}

func (c farConn) LocalAddr() net.Addr { return c.at }

// listen has a mock with a control listen, at another address than loopback if
// that is given. It returns the address to call.
func listen(t *testing.T, cfg mockserver.Config, control admin.Config, at string) (root string, a *admin.Admin) {
	t.Helper()
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	if a, err = admin.Mount(srv, control); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(srv)
	if at != "" {
		s.Listener = farListener{s.Listener, &net.TCPAddr{IP: net.ParseIP(at), Port: 8787}}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, a
}

// knock makes a call with a host and headers, and returns the status and what is
// said of it.
func knock(t *testing.T, root, method, path, host, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, root+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("%s %s is open to pages of %q", method, path, got)
	}
	if resp.StatusCode >= 400 {
		var problem struct{ Error, Field, Remedy string }
		if json.Unmarshal(data, &problem) != nil || problem.Error == "" || problem.Remedy == "" && resp.StatusCode != 404 {
			t.Errorf("%s %s with host %q, %q: a refusal without reason or remedy: %s", method, path, host, headers, data)
		}
		return resp.StatusCode, problem.Field
	}
	return resp.StatusCode, ""
}

const (
	inJSON  = "application/json"
	pause   = "/__mock/v1/queue/pause"
	profile = "/__mock/v1/profile"
)

func TestWhoMayControlTheMockOverLoopback(t *testing.T) {
	root, a := listen(t, mockserver.Config{CORSOrigins: []string{"*"}}, admin.Config{Hosts: []string{"erpmock"}}, "")
	own := strings.TrimPrefix(root, "http://")
	for _, tt := range []struct {
		what                     string
		method, path, host, body string
		headers                  []string
		want                     int
		field                    string
	}{
		{"its own address", "POST", pause, "", "", nil, 200, ""},
		{"localhost", "POST", pause, "localhost:1", "", nil, 200, ""},
		{"localhost without a port", "GET", profile, "LOCALHOST", "", nil, 200, ""},
		{"the name's end is a dot", "GET", profile, "localhost.:80", "", nil, 200, ""},
		{"a name below localhost", "GET", profile, "erp.localhost", "", nil, 200, ""},
		{"IPv6", "GET", profile, "[::1]:8787", "", nil, 200, ""},
		{"a name that was configured", "GET", profile, "ERPmock:8787", "", nil, 200, ""},
		{"a name that leads here", "GET", profile, "evil.test", "", nil, 403, "Host"},
		{"one that ends like ours", "GET", profile, "evil-localhost", "", nil, 403, "Host"},
		{"one that begins like ours", "GET", profile, "127.0.0.1.evil.test", "", nil, 403, "Host"},
		{"another address", "GET", profile, "10.0.0.1", "", nil, 403, "Host"},
		{"a page elsewhere", "POST", pause, "", "", []string{"Origin", "https://evil.test"}, 403, "Origin"},
		{"a page elsewhere, as browsers say it", "POST", pause, "", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, "Origin"},
		{"a page of another port", "PATCH", profile, "", "{}", []string{"Origin", "http://127.0.0.1:1", "Content-Type", inJSON}, 403, "Origin"},
		{"a page that hides where it is", "POST", pause, "", "", []string{"Origin", "null"}, 403, "Origin"},
		{"a page of the mock", "POST", pause, "", "", []string{"Origin", "http://" + own}, 200, ""},
		{"a page of the mock, as browsers say it", "POST", pause, "", "", []string{"Sec-Fetch-Site", "same-origin"}, 200, ""},
		{"a form", "PATCH", profile, "", `{"SignURL":true}`, []string{"Content-Type", "text/plain"}, 415, "Content-Type"},
		{"no content type", "PATCH", profile, "", `{"SignURL":true}`, nil, 415, "Content-Type"},
		{"JSON in another charset", "PATCH", profile, "", `{}`, []string{"Content-Type", inJSON + "; charset=utf-16"}, 415, "Content-Type"},
		{"JSON", "PATCH", profile, "", `{}`, []string{"Content-Type", inJSON + "; charset=UTF-8"}, 200, ""},
		{"forwarded from elsewhere", "GET", profile, "", "", []string{"X-Forwarded-For", "10.1.2.3"}, 401, "Authorization"},
		{"forwarded, with the token", "GET", profile, "", "", []string{"Forwarded", "for=10.1.2.3", "Authorization", "Bearer " + a.Token()}, 200, ""},
		{"nobody's path", "GET", "/__mock/v1/nothing", "", "", nil, 404, ""},
		{"a method too many", "DELETE", pause, "", "", nil, 405, ""},
	} {
		status, field := knock(t, root, tt.method, tt.path, tt.host, tt.body, tt.headers...)
		if status != tt.want || field != tt.field {
			t.Errorf("%s: got %d for %q, want %d for %q", tt.what, status, field, tt.want, tt.field)
		}
	}
}

func TestWhoMayControlTheMockFromElsewhere(t *testing.T) {
	root, a := listen(t, mockserver.Config{}, admin.Config{}, "10.1.2.3")
	const here = "10.1.2.3:8787"
	for _, tt := range []struct {
		what, path string
		headers    []string
		want       int
	}{
		{"nothing", profile, nil, 401},
		{"a guess", profile, []string{"Authorization", "Bearer guess"}, 401},
		{"an empty token", profile, []string{"Authorization", "Bearer "}, 401},
		{"another scheme", profile, []string{"Authorization", "Basic " + a.Token()}, 401},
		{"the token in the URL", profile + "?token=" + a.Token(), nil, 401},
		{"the token", profile, []string{"Authorization", "Bearer " + a.Token()}, 200},
		{"the cookie", profile, []string{"Cookie", "erpmock-session=" + a.Token()}, 200},
		{"another cookie", profile, []string{"Cookie", "erpmock-session=guess"}, 401},
		{"a probe", "/__mock/v1/ready", nil, 200},
		{"a reader", "/__mock/v1/openapi.yaml", nil, 200},
	} {
		if status, _ := knock(t, root, "GET", tt.path, here, "", tt.headers...); status != tt.want {
			t.Errorf("%s: got %d, want %d", tt.what, status, tt.want)
		}
	}
	if status, _ := knock(t, root, "GET", profile, "10.9.9.9", "", "Authorization", "Bearer "+a.Token()); status != 403 {
		t.Errorf("by another address: got %d, want 403", status)
	}
}

func TestTheTokenIsOnesOwnOrRandom(t *testing.T) {
	_, first := listen(t, mockserver.Config{}, admin.Config{}, "")
	_, second := listen(t, mockserver.Config{}, admin.Config{}, "")
	if first.Token() == second.Token() || len(first.Token()) < 26 {
		t.Errorf("the tokens are %q and %q", first.Token(), second.Token())
	}
	_, own := listen(t, mockserver.Config{}, admin.Config{Token: "0123456789abcdef"}, "")
	if own.Token() != "0123456789abcdef" {
		t.Errorf("the token is %q", own.Token())
	}
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	_, err = admin.Mount(srv, admin.Config{Token: "short", Hosts: []string{"ok", "http://x"}, MaxBody: -1, Scenarios: scenarios})
	for _, want := range []string{"Token: ", "Hosts[1]: ", "MaxBody: ", "Scenarios and RunScenario: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
}

func TestTheDocumentsAreThereWithoutANetwork(t *testing.T) {
	root, _ := listen(t, mockserver.Config{}, admin.Config{}, "10.1.2.3")
	get := func(path string) (string, string) {
		resp, err := http.Get(root + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 {
			t.Errorf("%s: got %s", path, resp.Status)
		}
		return resp.Request.URL.Path, string(data)
	}
	for path, want := range map[string]string{
		"/__mock/openapi.yaml":     "openapi: 3.0.3",
		"/__mock/openapi-3.1.yaml": "openapi: 3.1.0",
		"/__mock/erp.yaml":         "title: Visma.net ERP API in the foreground",
		"/__mock/openapi.json":     `"openapi":"3.0.3"`,
		"/__mock/v1/openapi.yaml":  "title: erpmock, under control",
		"/__mock/v1/openapi.json":  `"erpmock, under control"`,
		"/__mock/docs":             "<title>Visma.net ERP API in the background</title>",
		"/__mock/v1/docs":          "<title>erpmock, under control</title>",
		"/__mock/health":           `"ok"`,
	} {
		if _, body := get(path); !strings.Contains(body, want) {
			t.Errorf("%s: %.100q does not have %q", path, body, want)
		}
	}
	for _, path := range []string{"/__mock/openapi.json", "/__mock/v1/openapi.json"} {
		if _, body := get(path); !json.Valid([]byte(body)) {
			t.Errorf("%s is no JSON: %.100q", path, body)
		}
	}
	for _, path := range []string{"/", "/__mock", "/__mock/", "/__mock/docs/"} {
		if end, _ := get(path); end != "/__mock/docs" {
			t.Errorf("%s leads to %s", path, end)
		}
	}
	_, page := get("/__mock/v1/docs")
	if strings.Contains(page, "BackgroundNotification") || strings.Count(page, "Redoc.init(") != 1 || !strings.Contains(page, `"/clock/advance"`) {
		t.Error("the page of the control has what is the ERP's, or lacks its own document")
	}
}
