package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
)

// The page is entered once, by the code, and by nobody from elsewhere.
func TestTheConsoleIsEnteredByItsCode(t *testing.T) {
	dir := t.TempDir()
	cmd := process(t, "console", "--mock")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	first, err := bufio.NewReader(out).ReadString('\n')
	go func() { ended <- cmd.Wait() }()
	root, code, found := strings.Cut(strings.TrimSpace(first), "/#code=")
	if err != nil || !found || code == "" {
		t.Fatalf("got %q, %v, want an address with a code", first, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	ask := func(c *http.Client, method, path, body, host string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, root+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if host != "" {
			req.Host = host
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	for _, tt := range []struct {
		who                      string
		c                        *http.Client
		method, path, body, host string
		status                   int
		want                     string
	}{
		{"nobody", browser, "GET", "/console/", "", "", 401, ""},
		{"nobody", browser, "GET", "/", "", "", 200, "entry.js"},
		{"a wrong code", browser, "POST", "/enter", `{"code":"x"}`, "", 403, "not right, or was used"},
		{"an empty code", browser, "POST", "/enter", `{"code":""}`, "", 403, ""},
		{"a name that leads here", browser, "POST", "/enter", `{"code":"` + code + `"}`, "evil.test", 403, ""},
		{"the browser", browser, "POST", "/enter", `{"code":"` + code + `"}`, "", 200, ""},
		{"a second browser", http.DefaultClient, "POST", "/enter", `{"code":"` + code + `"}`, "", 403, "was used"},
		{"the browser", browser, "GET", "/console/", "", "", 200, "page/main.js"},
		{"the browser", browser, "GET", "/console/api/session", "", "", 200, `"canAct":true`},
		{"the browser", browser, "GET", "/console/api/overview", "", "", 200, `"Uncertain":0`},
		{"another one", http.DefaultClient, "GET", "/console/api/session", "", "", 401, ""},
		{"a name that leads here", browser, "GET", "/console/api/session", "", "evil.test", 403, ""},
	} {
		if status, text := ask(tt.c, tt.method, tt.path, tt.body, tt.host); status != tt.status || !strings.Contains(text, tt.want) {
			t.Errorf("%s, %s %s: got %d %q, want %d %q", tt.who, tt.method, tt.path, status, text, tt.status, tt.want)
		}
	}
}

func TestTheConsoleListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":8080", "192.0.2.1:80", "example.com:80", "x"} {
		var errs bytes.Buffer
		a := newApp(nil, io.Discard, &errs, nil)
		if status := a.Run(t.Context(), []string{"console", "--listen", address}); status != 2 || !strings.Contains(errs.String(), "on loopback") {
			t.Errorf("%s: got %d %s, want it refused", address, status, errs.String())
		}
	}
}
