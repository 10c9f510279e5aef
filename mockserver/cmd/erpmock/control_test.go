package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A running mock, and the commands that ask it.
type running struct {
	t    *testing.T
	port string // file
}

// serve runs erpmock serve within the test until that ends.
func serve(t *testing.T, flags ...string) *running {
	t.Helper()
	r := &running{t: t, port: filepath.Join(t.TempDir(), "port")}
	ctx, stop := context.WithCancel(t.Context())
	out, ready := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0", "--port-file", r.port, "--quiet"}, flags...), ready, io.Discard)
		_ = ready.Close()
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("serve ended with status %d", status)
		}
	})
	first := make([]byte, 1)
	if _, err := out.Read(first); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return r
}

// ask runs a command, which must end with a status, and returns what it printed.
func (r *running) ask(status int, args ...string) string {
	r.t.Helper()
	return r.piped("", status, args...)
}

func (r *running) piped(input string, status int, args ...string) string {
	r.t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(input), stdout: &out, stderr: &errs, environ: []string{"ERPMOCK_PORT_FILE=" + r.port}}
	if got := a.run(r.t.Context(), args); got != status {
		r.t.Fatalf("erpmock %v: status %d, want %d\n%s%s", args, got, status, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// shows wants texts in what a command printed.
func (r *running) shows(printed string, texts ...string) {
	r.t.Helper()
	for _, want := range texts {
		if !regexp.MustCompile(want).MatchString(printed) {
			r.t.Errorf("no %q in\n%s", want, printed)
		}
	}
}

// From a trigger to what became of it, by commands alone.
func TestTheCommandsOfARunningMock(t *testing.T) {
	got := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	defer hook.Close()
	r := serve(t, "--exec-time", "1h", "--subscription-url", hook.URL)

	r.shows(r.ask(0, "ready"), "^ready\n$")
	r.shows(r.ask(0, "clock", "freeze"), "company 1000001, stands")
	id := strings.TrimSpace(r.ask(0, "trigger"))
	r.shows(r.ask(0, "ops"), id+"  1000001  Running  -  POST /v2/customerinvoice")
	r.shows(r.ask(1, "wait", "operation", "state=Finished", "--timeout", "1ms"), "erpmock: .*", "close: .*POST /v2/customerinvoice.*")
	r.shows(r.ask(0, "deliveries", "hold", id), "Waiting")
	r.shows(r.ask(0, "clock", "show"), "T.*operation POST /v2/customerinvoice")
	r.shows(r.ask(0, "clock", "advance", "1h"), "company 1000001, stands")
	r.shows(r.ask(0, "wait", "operation", "state=Finished", "statusCode=201"), "1 found")
	r.shows(r.ask(0, "deliveries"), id+"  1000001  Held .*no attempt yet")
	r.shows(r.piped(`{"body": "edited"}`, 0, "deliveries", "edit", id, "-"), "edited")
	r.ask(0, "deliveries", "release", id)
	r.shows(r.ask(0, "wait", "delivery", "operationId="+id, "state=Delivered"), "1 found")
	if body := <-got; body != "edited" {
		t.Errorf("the receiver got %q", body)
	}
	r.shows(r.ask(0, "deliveries", "redeliver", id), "attempt 2  .*answered 200")
	r.shows(r.ask(0, "ops", "show", id), "Finished  201", "accepted", "ended", "answered 200", "notification: Delivered")
	r.shows(r.ask(0, "ops", "show", id, "--json"), `(?s)^{\n  "delivery": .*"timeline"`)
	r.shows(r.ask(0, "verify", "request", "method=POST", "path=/v2/customerinvoice", "--times", "1"), "1 as expected")
	r.shows(r.ask(1, "verify", "request", "method=PUT"), "expectation 1: ", "close: ")
	r.shows(r.piped("- delivery: {state: Delivered}\n  atLeast: 1\n- operation: {statusCode: 201}\n  times: 1\n", 0, "verify", "-"), "2 as expected")
	r.shows(r.ask(0, "ops", "expire", id), "Expired|"+id)

	r.shows(r.ask(0, "faults", "add", `{"name": "busy", "on": "intake", "do": {"status": 503}}`), "busy  matched 0  hit 0")
	r.shows(r.ask(1, "trigger"), "the mock answered 503 Service Unavailable and not 202")
	r.shows(r.ask(0, "faults"), "busy  matched 1  hit 1")
	r.shows(r.ask(0, "faults", "hits"), "busy  intake")
	if printed := r.ask(0, "faults", "remove", "busy"); printed != "" {
		t.Errorf("printed %q", printed)
	}
	r.ask(0, "faults", "add", file(t, "rules.json", twoRules))
	r.shows(r.ask(0, "faults", "clear"), "2 removed")
	r.shows(r.ask(0, "clock", "run", "60"), "runs, 60 seconds in a real one")
	r.shows(r.ask(0, "clock", "idle"), "runs")
}

// What is wrong is told in a line, with what to do.
func TestWrongCommands(t *testing.T) {
	r := serve(t)
	for _, tt := range []struct {
		args   string
		status int
		want   string
	}{
		{"ops shwo", 2, `want erpmock ops .*there is no "shwo"; did you mean show`},
		{"ops show", 2, "want erpmock ops show ID: it takes 1 arguments, and got 0"},
		{"ops show x", 1, "x"},
		{"ops --stat Running", 2, "there is no flag --stat; did you mean --state"},
		{"clock advance soon", 2, `"soon": want a time such as "24h"`},
		{"clock run fast", 2, "want a number above 0"},
		{"clock step", 1, ""},
		{"faults add /nonexistent.json", 2, "open /nonexistent.json"},
		{`faults add {"on":"intak"}`, 1, "intak"},
		{"faults remove zzz", 1, "zzz"},
		{"wait", 2, "want erpmock wait WHAT"},
		{"wait operatoin", 2, "did you mean operation"},
		{"wait operation stat=Finished", 2, `operation has no field "stat"; did you mean state`},
		{"wait operation state", 2, "want FIELD=VALUE"},
		{"wait operation statusCode=x", 2, "statusCode: want a whole number"},
		{"verify journal", 2, "journal|open"},
		{"verify /nonexistent.yaml", 2, "open /nonexistent.yaml"},
		{"trigger POST", 2, "want erpmock trigger"},
		{"trigger POST customerinvoice", 2, "want one such as /v2/customerinvoice"},
		{"trigger GET /v1/nothing", 1, "answered 404"},
		{"ops --server ftp://x", 2, `--server "ftp://x": want http`},
		{"ops --server http://127.0.0.1:1", 1, "no mock answers at http://127.0.0.1:1: start one with erpmock"},
		{"ready --server http://127.0.0.1:1 --timeout 1ms", 1, "not ready after 1ms: no mock answers"},
		{"ops --port-file /nonexistent", 2, "--port-file: open /nonexistent"},
		{"ops --token-file /nonexistent", 2, "--token-file: open /nonexistent"},
		{"ops --server-ca /nonexistent", 2, "--server-ca: open /nonexistent"},
	} {
		r.shows(r.ask(tt.status, strings.Fields(tt.args)...), "^erpmock: .*"+tt.want)
	}
	r.shows(r.piped("{", 2, "verify", "-"), "want a list of expectations")
}

// A mock on HTTPS is reached by whoever trusts its certificate.
func TestCommandsOverHTTPS(t *testing.T) {
	cert := filepath.Join(t.TempDir(), "cert.pem")
	r := serve(t, "--tls-self-signed", "--tls-cert", cert)
	r.ask(0, "ops", "--server-ca", cert)
	port, err := os.ReadFile(r.port)
	if err != nil {
		t.Fatal(err)
	}
	r.shows(r.ask(1, "ops", "--server", "https://127.0.0.1:"+strings.TrimSpace(string(port))), "--server-ca FILE has it trusted")
}

// Switches of the profile are turned by a file.
func TestSwitchesOfTheProfile(t *testing.T) {
	r := serve(t, "--profile-json", file(t, "p.json", `{"FinishedStatus": "Completed"}`), "--exec-time", "1ms")
	r.ask(0, "trigger")
	r.ask(0, "wait", "operation", "state=Finished")
	port, err := os.ReadFile(r.port)
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(r.ask(0, "trigger", "--notify", "none", "GET", "/v1/customerinvoice/003501"))
	r.ask(0, "wait", "operation", "id="+id, "state=Finished")
	req, _ := http.NewRequest("GET", "http://127.0.0.1:"+strings.TrimSpace(string(port))+"/v1/background/"+id, nil)
	if resp, body := get(t, req); resp.StatusCode != 200 || !strings.Contains(body, `"status":"Completed"`) {
		t.Errorf("got %s %s", resp.Status, body)
	}
}
