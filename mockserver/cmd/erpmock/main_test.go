package main

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program.
func TestMain(m *testing.M) {
	if os.Getenv("ERPMOCK_TEST_RUN") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A program is a running erpmock.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string // as the port file tells
	curl string // the line it printed
	errs bytes.Buffer
}

// start runs erpmock with the given flags until it has said where it is.
func start(t *testing.T, flags ...string) *program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "port")
	p := &program{t: t, cmd: exec.Command(os.Args[0], append([]string{"--listen", "127.0.0.1:0", "--port-file", file}, flags...)...)}
	p.cmd.Env = append(os.Environ(), "ERPMOCK_TEST_RUN=1")
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // only matters if the test failed before stop
	var first string
	for lines, last := bufio.NewScanner(out), ""; !strings.HasPrefix(last, "Reference: "); {
		if !lines.Scan() {
			t.Fatalf("it ended: %v", p.cmd.Wait())
		}
		last = strings.TrimSpace(lines.Text())
		first = cmp.Or(first, last)
		if strings.HasPrefix(last, "curl ") {
			p.curl = last
		}
	}
	port, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p.base = "http://127.0.0.1:" + strings.TrimSpace(string(port))
	if first != "erpmock listens on "+p.base {
		t.Errorf("printed %q, listens on %s", first, p.base)
	}
	return p
}

// stop sends a signal, which must end the program well.
func (p *program) stop(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil || p.errs.Len() > 0 {
		p.t.Errorf("ended with %v\n%s", err, p.errs.String())
	}
}

func get(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
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

func TestTheProgramServesUntilASignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	notified := make(chan *http.Request, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { notified <- r }))
	defer hook.Close()
	p := start(t, "--exec-time", "1ms", "--require-token", "--subscription-url", hook.URL, "--signing-key", "k", "--tenant-id", "t")

	req, _ := http.NewRequest("GET", p.base+"/__mock/health", nil)
	if resp, body := get(t, req); resp.StatusCode != 200 || body != `{"status":"ok"}` {
		t.Errorf("health: %s %s", resp.Status, body)
	}
	req, _ = http.NewRequest("GET", p.base+"/__mock/docs", nil)
	if resp, body := get(t, req); resp.StatusCode != 200 || !strings.Contains(body, "Visma.net ERP API in the background") {
		t.Errorf("docs: %s", resp.Status)
	}
	req, _ = http.NewRequest("GET", p.base+"/v1/customerinvoice/003501", nil)
	if resp, _ := get(t, req); resp.StatusCode != 401 {
		t.Errorf("without a token: %s", resp.Status)
	}
	req.Header.Set("Authorization", "Bearer x")
	req.Header.Set("erp-api-background", "subscription")
	resp, body := get(t, req)
	if resp.StatusCode != 202 || !strings.Contains(body, `"stateLocation":"`+p.base+"/v1/background/") {
		t.Errorf("got %s %s", resp.Status, body)
	}
	select {
	case n := <-notified:
		if n.Header.Get("X-Vwd-Signature-V1") == "" || n.Header.Get("X-Vwd-Tenant-Id") != "t" {
			t.Errorf("notification %v", n.Header)
		}
	case <-time.After(20 * time.Second):
		t.Error("no notification")
	}
	p.stop(syscall.SIGTERM)
}

func TestThePrintedCurlLineWorks(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil || runtime.GOOS == "windows" {
		if strict := os.Getenv("STRICT"); strict != "" && strict != "0" {
			t.Fatal("no curl: on Debian, apt-get install curl")
		}
		t.Skip("no curl: on Debian, apt-get install curl")
	}
	for _, flags := range [][]string{nil, {"--require-token"}, {"--auth", "any"}, {"--profile", "strict"}, {"--profile", "legacy-2022"}} {
		p := start(t, flags...)
		out, err := exec.Command("sh", "-c", p.curl+" -s").CombinedOutput()
		if err != nil || !bytes.HasPrefix(out, []byte("HTTP/1.1 202 Accepted")) {
			t.Errorf("%s: %v\n%s", p.curl, err, out)
		}
		p.stop(os.Interrupt)
	}
}

func TestWrongFlags(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"unknown flag":    {[]string{"--nope"}, 2, "-nope"},
		"argument":        {[]string{"serve"}, 2, `unexpected argument "serve"`},
		"wrong setting":   {[]string{"--workers", "-1", "--subscription-url", "x"}, 2, "Workers"},
		"help":            {[]string{"-h"}, 0, "-subscription-url"},
		"address in use":  {[]string{"--listen", "256.0.0.1:1"}, 1, "256.0.0.1"},
		"unwritable file": {[]string{"--listen", "127.0.0.1:0", "--port-file", "/nonexistent/dir/port"}, 1, "/nonexistent/dir"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run(t.Context(), tt.args, &out, &errs); got != tt.status || !strings.Contains(errs.String(), tt.says) {
				t.Errorf("got %d, %q; want %d, %q", got, errs.String(), tt.status, tt.says)
			}
		})
	}
}

func TestDefaultsOfTheFlags(t *testing.T) {
	o, err := parse(nil, io.Discard, none)
	if err != nil || o.listen != "127.0.0.1:8787" || o.mock.RateLimit.Limit != 15000 || o.mock.Retention != 24*time.Hour {
		t.Errorf("got %+v, %v", o, err)
	}
}
