package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver/upstream"
	"github.com/vismanet-go/background/mockserver/upstream/cassette"
)

// A served is an erpmock within the test that is ended by it.
type served struct {
	t      *testing.T
	base   string
	stop   func()
	ended  chan int
	stderr *bytes.Buffer
}

func serveUntilEnd(t *testing.T, flags ...string) *served {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	r := &served{t: t, stop: stop, ended: make(chan int, 1), stderr: &bytes.Buffer{}}
	go func() {
		r.ended <- run(ctx, append([]string{"--listen", "127.0.0.1:0", "--quiet"}, flags...), stdout, r.stderr)
		_ = stdout.Close()
	}()
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("it ended with %d: %s", <-r.ended, r.stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	r.base = strings.TrimSpace(strings.TrimPrefix(first, "erpmock listens on "))
	return r
}

// end ends the program, and returns its status and what it said.
func (r *served) end() (int, string) {
	r.t.Helper()
	r.stop()
	status := <-r.ended
	return status, r.stderr.String()
}

func (r *served) call(method, path, background string) (*http.Response, string) {
	r.t.Helper()
	body := ""
	if method != http.MethodGet {
		body = "{}"
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if background != "" {
		req.Header.Set("erp-api-background", background)
	}
	req.Header.Set("Authorization", "Bearer t0p-s3cret-token")
	return get(r.t, req)
}

// What is behind the program is called, recorded, and then replayed without it.
func TestAnAPIBehindTheProgram(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+"/things/7")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s", r.Method, r.URL)
	}))
	defer api.Close()
	tape := filepath.Join(t.TempDir(), "tape.yaml")
	p := serveUntilEnd(t, "--upstream", api.URL, "--no-erp", "--record", tape)
	for range 2 {
		resp, body := p.call("POST", "/v1/customerinvoice?x=1", "")
		if resp.StatusCode != 201 || body != "POST /v1/customerinvoice?x=1" || resp.Header.Get("Location") != p.base+"/things/7" {
			t.Errorf("got %d %s, %v", resp.StatusCode, body, resp.Header)
		}
	}
	resp, _ := p.call("PUT", "/things/7", "none")
	at := strings.TrimPrefix(resp.Header.Get("Location"), p.base)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		_, body := p.call("GET", at, "")
		if strings.Contains(body, `"statusCode":201`) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("never ended: %s", body)
		}
	}
	if status, said := p.end(); status != 0 || said != "" {
		t.Errorf("ended with %d: %s", status, said)
	}
	api.Close()

	p = serveUntilEnd(t, "--no-erp", "--replay", tape)
	if resp, body := p.call("POST", "/v1/customerinvoice?x=1", ""); resp.StatusCode != 201 || body != "POST /v1/customerinvoice?x=1" || resp.Header.Get("Location") != p.base+"/things/7" {
		t.Errorf("replayed: got %d %s, %v", resp.StatusCode, body, resp.Header)
	}
	if resp, body := p.call("POST", "/v1/customerinvoice?x=2", ""); resp.StatusCode != 502 || !strings.Contains(body, `the nearest is POST /v1/customerinvoice?x=1 at line`) {
		t.Errorf("missing: got %d %s", resp.StatusCode, body)
	}
	if _, body := p.call("GET", "/__mock/v1/cassette", ""); strings.TrimSpace(body) != `{"unused":[{"line":20,"method":"POST","url":"/v1/customerinvoice?x=1"},{"line":35,"method":"PUT","url":"/things/7"}]}` {
		t.Errorf("the control lists %s", body)
	}
	if status, said := p.end(); status != 1 || !strings.Contains(said, "tape.yaml: 2 of its answers were not asked for:") || !strings.Contains(said, "line 35: PUT /things/7") {
		t.Errorf("ended with %d: %s, want 1 and what was not asked for", status, said)
	}
}

// Events pass through the program one by one.
func TestEventsPassThroughTheProgram(t *testing.T) {
	next := make(chan string)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for text := range next {
			fmt.Fprintf(w, "data: %s\n\n", text)
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer api.Close()
	p := serveUntilEnd(t, "--upstream", api.URL)
	defer p.end()
	go func() { next <- "first" }() // the answer begins with it
	resp, err := http.Get(p.base + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for _, want := range []string{"first", "second"} {
		if !lines.Scan() || lines.Text() != "data: "+want {
			t.Fatalf("got %q, want %s", lines.Text(), want)
		}
		if lines.Scan(); want == "first" {
			next <- "second" // only sent because the first has come
		}
	}
	close(next)
}

func TestTheFlagsOfWhatIsBehind(t *testing.T) {
	s, err := parse([]string{
		"--upstream", "https://api.test/base", "--no-erp", "--upstream-drop", "ipp-*", "--upstream-drop", "x-a", "--upstream-forwarded", "--upstream-repeat", "idempotent",
		"--upstream-repeat-key", "Idempotency-Key", "--upstream-max-content", "1000", "--upstream-max-wait", "0", "--upstream-fail-on", "502", "--upstream-fail-on", "504",
		"--upstream-finish-unanswered", "--record", "a", "--replay", "b", "--match", "loose", "--redact", "x-secret", "--exec-timeout", "3h",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := upstream.Config{
		URL: "https://api.test/base", Drop: []string{"ipp-*", "x-a"}, Forwarded: true, Repeat: upstream.RepeatIdempotent, RepeatKey: "Idempotency-Key",
		MaxContent: 1000, NoWait: true, FailOn: []int{502, 504}, FinishUnanswered: true,
		Cassette: cassette.Config{Record: "a", Replay: "b", Loose: true, Redact: []string{"x-secret"}},
	}
	if !reflect.DeepEqual(s.behind.api, want) || !s.mock.NoERP || s.mock.ExecTimeout != 3*time.Hour {
		t.Errorf("got %+v\nwant %+v", s.behind.api, want)
	}
	for _, tt := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--upstream", "api.test"}, `--upstream "api.test": want http(s)://host`},
		{[]string{"--record", "x"}, "--upstream: name the root of an API"},
		{[]string{"--upstream", "http://a", "--upstream-drop", "a b"}, `--upstream-drop: "a b" is no name of a header`},
		{[]string{"--upstream", "http://a", "--upstream-fail-on", "99"}, "--upstream-fail-on: 99 is no status of an answer"},
		{[]string{"--replay", "nowhere.yaml"}, "--replay: open nowhere.yaml: no such file or directory"},
		{[]string{"--upstream", "http://a", "--record", "x", "--redact", "a b"}, `--redact: "a b" is no name`},
		{[]string{"--upstream", "http://a", "--upstream-ca", "nowhere.pem"}, "--upstream-ca: open nowhere.pem"},
		{[]string{"--upstream-repeat", "all"}, `--upstream-repeat "all": want safe or idempotent`},
		{[]string{"--match", "x"}, `--match "x": want strict or loose`},
		{[]string{"--upstream-max-content", "0"}, `--upstream-max-content "0": want a number of bytes above 0`},
	} {
		var out bytes.Buffer
		if status := run(t.Context(), slices.Concat([]string{"--listen", "127.0.0.1:0"}, tt.flags), io.Discard, &out); status != 2 || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%q: got %d %s, want 2 and %s", tt.flags, status, &out, tt.want)
		}
	}
}
