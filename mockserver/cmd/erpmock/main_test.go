package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_RUN_ERPMOCK") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// run is the program within the test.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{stdin: strings.NewReader(""), stdout: stdout, stderr: stderr}
	return a.run(ctx, args)
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
	p := &program{t: t, cmd: exec.Command(os.Args[0], append([]string{"--listen", "127.0.0.1:0", "--port-file", file, "--quiet"}, flags...)...)}
	p.cmd.Env = append(os.Environ(), "TEST_RUN_ERPMOCK=1")
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
	if slices.Contains(flags, "--tls-self-signed") {
		p.base = "https" + strings.TrimPrefix(p.base, "http")
	}
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
	p := start(t, "--exec-time", "1ms", "--auth", "any", "--subscription-url", hook.URL, "--signing-key", "k", "--tenant-id", "t")

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

// The port file is for everybody to read, and gone when the program is, unless
// another one has written it meanwhile.
func TestThePortFileEndsWithTheProgram(t *testing.T) {
	for name, other := range map[string]string{"own": "", "of another": "1\n"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "port")
			ctx, stop := context.WithCancel(t.Context())
			out, ready := io.Pipe()
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, []string{"--listen", "127.0.0.1:0", "--port-file", file}, ready, io.Discard)
				_ = ready.Close()
			}()
			line, err := bufio.NewReader(out).ReadString('\n')
			go func() { _, _ = io.Copy(io.Discard, out) }()
			text, readErr := os.ReadFile(file)
			if err != nil || readErr != nil || !strings.HasSuffix(strings.TrimSpace(line), ":"+strings.TrimSpace(string(text))) {
				t.Errorf("printed %q, %v; the file has %q, %v", line, err, text, readErr)
			}
			if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o644 {
				t.Errorf("got %v, %v; want a file that everybody may read", info, err)
			}
			if other != "" {
				if err := os.WriteFile(file, []byte(other), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			stop()
			if status := <-ended; status != 0 {
				t.Errorf("status %d", status)
			}
			if text, err := os.ReadFile(file); string(text) != other || (err != nil) != (other == "") {
				t.Errorf("left behind: %q, %v; want %q", text, err, other)
			}
		})
	}
}

func TestThePrintedCurlLineWorks(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil || runtime.GOOS == "windows" {
		if strict := os.Getenv("STRICT"); strict != "" && strict != "0" {
			t.Fatal("no curl: on Debian, apt-get install curl")
		}
		t.Skip("no curl: on Debian, apt-get install curl")
	}
	for _, flags := range [][]string{nil, {"--auth", "any"}, {"--profile", "strict"}, {"--profile", "legacy-2022"}} {
		p := start(t, flags...)
		out, err := exec.Command("sh", "-c", p.curl+" -s").CombinedOutput()
		if err != nil || !bytes.HasPrefix(out, []byte("HTTP/1.1 202 Accepted")) {
			t.Errorf("%s: %v\n%s", p.curl, err, out)
		}
		p.stop(os.Interrupt)
	}
}

// An error names the flag as it is written, and is one line.
func TestWrongFlags(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"unknown flag":     {[]string{"--nope"}, 2, "there is no flag --nope; erpmock serve --help lists them"},
		"misspelt flag":    {[]string{"--prot-file=x"}, 2, "there is no flag --prot-file; did you mean --port-file?"},
		"as a variable":    {[]string{"-exec_time", "1s"}, 2, "there is no flag --exec_time; did you mean --exec-time?"},
		"no value":         {[]string{"--workers"}, 2, "--workers: a value is missing: want a number: operations of one company"},
		"no number":        {[]string{"--workers", "many"}, 2, `--workers "many": want a whole number`},
		"too large":        {[]string{"--seed", "99999999999999999999"}, 2, `--seed "99999999999999999999": want a whole number that is not negative`},
		"no time":          {[]string{"--retention", "24"}, 2, `--retention "24": want a time such as "1m30s"`},
		"no switch":        {[]string{"--verbose=loud"}, 2, `--verbose "loud": want true or false`},
		"a secret":         {[]string{"--client", "s3cret"}, 2, "--client: want id:secret"},
		"faults":           {[]string{"--faults", "/nonexistent.json"}, 2, `--faults "/nonexistent.json": open /nonexistent.json: `},
		"argument":         {[]string{"sevre"}, 2, `there is no command "sevre"; did you mean serve?`},
		"serve and more":   {[]string{"serve", "x"}, 2, `want erpmock serve; "x" is one argument too many`},
		"of serve":         {[]string{"serve", "--prot-file=x"}, 2, "there is no flag --prot-file; did you mean --port-file?"},
		"no such command":  {[]string{"zzz"}, 2, `there is no command "zzz"; erpmock --help lists what there is`},
		"switch":           {[]string{"--profile-json", file(t, "p.json", `{"MaxPagSize": 3}`)}, 2, "p.json: MaxPagSize: there is no such switch; did you mean MaxPageSize?"},
		"no switches":      {[]string{"--profile-json", "/nonexistent.json"}, 2, "--profile-json: open /nonexistent.json"},
		"short token":      {[]string{"--admin-token", "x"}, 2, "--admin-token: want at least 16"},
		"origin":           {[]string{"--cors-origin", "x"}, 2, `--cors-origin[0]: "x": want scheme://host`},
		"wrong setting":    {[]string{"--workers", "-1"}, 2, "--workers: must not be negative"},
		"wrong URL":        {[]string{"--subscription-url", "x"}, 2, `--subscription-url "x": want http(s)://host`},
		"wrong spread":     {[]string{"--exec-time", "lognormal:median=2s"}, 2, "--exec-time Sigma: want either it or P95"},
		"no client":        {[]string{"--auth", "strict"}, 2, "--client: AuthStrict needs at least one"},
		"seed with data":   {[]string{"--data", t.TempDir(), "--seed", "1"}, 2, "--seed: a shared Queue needs ids"},
		"wrong durability": {[]string{"--data", t.TempDir(), "--durability", "much"}, 2, `--durability: "much" is neither`},
		"wrong lease":      {[]string{"--data", t.TempDir(), "--lease", "1ms"}, 2, "--lease: must be at least 100 ms"},
		"wrong directory":  {[]string{"--data", file(t, "f", "x")}, 1, "--data: open queue in "},
		"address":          {[]string{"--listen", "256.0.0.1:1"}, 1, `--listen "256.0.0.1:1": `},
		"no port":          {[]string{"--listen", "8787"}, 1, "; want host:port, such as 127.0.0.1:8787"},
		"address in use":   {[]string{"--listen", busy.Addr().String()}, 1, "any free port is taken, and --port-file tells which"},
		"unwritable file":  {[]string{"--listen", "127.0.0.1:0", "--port-file", "/nonexistent/dir/port"}, 1, "--port-file: open /nonexistent/dir"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if got := run(t.Context(), tt.args, &out, &errs); got != tt.status || !strings.Contains(errs.String(), tt.says) {
				t.Errorf("got %d, %q; want %d, %q", got, errs.String(), tt.status, tt.says)
			}
			if lines := strings.Count(errs.String(), "\n"); lines != 1 {
				t.Errorf("%d lines, want one:\n%s", lines, errs.String())
			}
		})
	}
	var out, errs bytes.Buffer
	if got := run(t.Context(), []string{"-h"}, &out, &errs); got != 0 || !strings.Contains(out.String(), "--subscription-url") || errs.Len() > 0 {
		t.Errorf("got %d, %q, %q; want the help", got, out.String(), errs.String())
	}
	errs.Reset()
	if got := run(t.Context(), []string{"--workers", "-1", "--subscription-url", "x"}, &out, &errs); got != 2 || strings.Count(errs.String(), "--") != 2 {
		t.Errorf("got %d, %q; want both flags", got, errs.String())
	}
}

func TestDefaultsOfTheFlags(t *testing.T) {
	o, err := parse(nil, nil)
	if err != nil || o.listen != "127.0.0.1:8787" || o.mock.RateLimit.Limit != 15000 || o.mock.Retention != 24*time.Hour {
		t.Errorf("got %+v, %v", o, err)
	}
}
