package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// output is what a command has printed so far. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// listened runs erpmock listen within the test; it returns where that listens and
// what it prints.
func listened(t *testing.T, environ []string, flags ...string) (base string, out *output) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out = &output{}
	ended := make(chan int, 1)
	a := &app{stdin: strings.NewReader(""), stdout: out, stderr: out, environ: environ}
	go func() { ended <- a.run(ctx, append([]string{"listen", "--listen", "127.0.0.1:0"}, flags...)) }()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("listen ended with status %d:\n%s", status, out)
		}
	})
	at := regexp.MustCompile(`listens for notifications on (\S+)\n`)
	testkit.Eventually(t, "it listens", func() bool {
		select {
		case status := <-ended:
			ended <- status
			t.Fatalf("it ended with status %d:\n%s", status, out)
		default:
		}
		return at.MatchString(out.String())
	})
	return at.FindStringSubmatch(out.String())[1], out
}

// A target notes what it gets.
func target(t *testing.T, status int) (url string, got func() []string) {
	var mu sync.Mutex
	var all []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, r.URL.Path+" "+r.Header.Get("X-Vwd-Signature-V1")+" "+string(body))
		mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/hook", func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// A mock that runs notifies listen, which verifies and forwards, and the mock hears
// what the targets say.
func TestListenVerifiesAndForwards(t *testing.T) {
	one, first := target(t, 202)
	two, second := target(t, 200)
	r := serve(t, "--exec-time", "1ms")
	_, out := listened(t, []string{"ERPMOCK_PORT_FILE=" + r.port, "ERPMOCK_SIGNING_KEY=s3cret-s3cret-s3cret"}, "--subscribe", "--forward-to", one, "--forward-to", two)
	testkit.Eventually(t, "it has subscribed", func() bool {
		return strings.Contains(out.String(), "subscribed")
	})
	id := strings.TrimSpace(r.ask(0, "trigger"))
	r.ask(0, "wait", "delivery", "operationId="+id, "state=Delivered")
	r.shows(r.ask(0, "deliveries", "show", id), "answered 202")
	testkit.Eventually(t, "its line", func() bool { return strings.Contains(out.String(), two+": 200\n") })
	r.shows(out.String(), `(?m)^\d\d:\d\d:\d\d notification of `+id+`, status 201: signature good; answered 202$`, "  -> "+one+": 202\n")
	a, b := first(), second()
	if len(a) != 1 || len(b) != 1 || a[0] != b[0] || !strings.HasPrefix(a[0], "/hook ") || !strings.Contains(a[0], id) {
		t.Errorf("the targets got %q and %q", a, b)
	}
	_, rest, _ := strings.Cut(a[0], " ")
	signature, body, _ := strings.Cut(rest, " ")
	if signature != wire.Sign("s3cret-s3cret-s3cret", []byte(body)) {
		t.Error("the signature does not hold any more where it was forwarded to")
	}
}

const testKey = "a-key-for-tests-only"

// What listen says of notifications, and answers.
func TestWhatListenSaysOfNotifications(t *testing.T) {
	const body = `{"id":"1f9a3ab4-4e5f-4d4c-8f1e-6a5d5c5b4a39","statusCode":200,"stateLocation":"https://erp.test/v1/background/1f9a3ab4-4e5f-4d4c-8f1e-6a5d5c5b4a39"}`
	refusing, _ := target(t, 503)
	taking, _ := target(t, 200)
	for name, tt := range map[string]struct {
		flags     []string
		signature string
		body      string
		status    int
		says      string
		times     int
	}{
		"good":       {[]string{"--signing-key", testKey}, wire.Sign(testKey, []byte(body)), body, 200, "signature good; answered 200", 1},
		"again":      {[]string{"--signing-key", testKey}, wire.Sign(testKey, []byte(body)), body, 200, "signature good, seen before; answered 200", 2},
		"old key":    {[]string{"--signing-key", "new-new-new-new-new", "--signing-key", testKey}, wire.Sign(testKey, []byte(body)), body, 200, "signature good", 1},
		"wrong":      {[]string{"--signing-key", testKey}, wire.Sign("x", []byte(body)), body, 401, "signature WRONG; answered 401", 1},
		"missing":    {[]string{"--signing-key", testKey}, "", body, 401, "signature MISSING; answered 401", 1},
		"unchecked":  {nil, "", body, 200, "signature not verified; answered 200", 1},
		"no JSON":    {nil, "", "<x/>", 200, `POST /a\?b=c \(4 bytes\): signature not verified, NOT UNDERSTOOD`, 1},
		"on demand":  {[]string{"--answer", "500"}, "", body, 500, "answered 500", 1},
		"refused":    {[]string{"--forward-to", taking, "--forward-to", refusing}, "", body, 503, "answered 503", 1},
		"gone":       {[]string{"--forward-to", "http://127.0.0.1:1/hook"}, "", body, 502, "answered 502\n  -> http://127.0.0.1:1/hook: .*refused", 1},
		"wrong, but": {[]string{"--signing-key", testKey, "--forward-to", taking}, wire.Sign("x", []byte(body)), body, 200, "signature WRONG; answered 200", 1},
	} {
		t.Run(name, func(t *testing.T) {
			base, out := listened(t, nil, tt.flags...)
			for range tt.times {
				req, _ := http.NewRequest("POST", base+"/a?b=c", strings.NewReader(tt.body))
				req.Header.Set("Content-Type", "application/json")
				if tt.signature != "" {
					req.Header.Set("X-Vwd-Signature-V1", tt.signature)
				}
				if resp, text := get(t, req); resp.StatusCode != tt.status {
					t.Errorf("answered %s %s, want %d", resp.Status, text, tt.status)
				}
			}
			testkit.Eventually(t, fmt.Sprintf("%q", tt.says), func() bool { return regexp.MustCompile(tt.says).MatchString(out.String()) })
		})
	}
}

// Keys forward the last notification again, show it, and quit.
func TestKeysOfListen(t *testing.T) {
	url, got := target(t, 200)
	var out output
	quit := false
	l := &listener{out: &out, isTerminal: true, targets: []string{url}, client: http.DefaultClient}
	obey := func(keys string) { l.obeyKeys(t.Context(), strings.NewReader(keys), func() { quit = true }) }
	obey("r")
	l.last = &notification{method: "POST", target: "/x", header: http.Header{"X-Vwd-Signature-V1": {"sig"}}, body: []byte(`{"id":"7","statusCode":201}`)}
	obey("xdr")
	if quit {
		t.Error("it quits although no key says so")
	}
	obey("qr")
	if !quit {
		t.Error("q does not quit")
	}
	if want := []string{`/hook sig {"id":"7","statusCode":201}`}; len(got()) != 1 || got()[0] != want[0] {
		t.Errorf("the target got %q, want %q", got(), want)
	}
	want := regexp.MustCompile(`^.{8} there is no notification yet\r\n.{8} POST /x\r\n  X-Vwd-Signature-V1: sig\r\n  \{"id":"7","statusCode":201\}\r\n` +
		`.{8} notification of 7, status 201, again\r\n  -> ` + url + `: 200\r\n$`)
	if !want.MatchString(out.String()) {
		t.Errorf("got %q", out.String())
	}
	l.targets, quit = nil, false
	obey("r\x03")
	if !quit || !strings.Contains(out.String(), "--forward-to URL names a target") {
		t.Errorf("Ctrl-C: %v, %q", quit, out.String())
	}
}

func TestListenOnHTTPS(t *testing.T) {
	cert := filepath.Join(t.TempDir(), "cert.pem")
	base, _ := listened(t, nil, "--tls-self-signed", "--tls-cert", cert)
	r := serve(t, "--webhook-ca", cert, "--exec-time", "1ms")
	id := strings.TrimSpace(r.ask(0, "trigger", "--notify", base+"/hook"))
	r.ask(0, "wait", "delivery", "operationId="+id, "state=Delivered")
}

func TestWrongFlagsOfListen(t *testing.T) {
	for args, want := range map[string]string{
		"--forward-to x":             `--forward-to "x": want http`,
		"--answer 99":                `--answer "99": want a status from 200 to 599`,
		"--listen 256.0.0.1:1":       `--listen "256.0.0.1:1": `,
		"--tls-key x":                "--tls-key: --tls-cert is missing",
		"x":                          "want erpmock listen",
		"--signing-key k":            "--signing-key: has 1 bytes, want at least 16",
		"--subscribe --server ftp:x": `--server "ftp:x": want http`,
	} {
		var out, errs strings.Builder
		if status := run(t.Context(), append([]string{"listen", "--listen", "127.0.0.1:0"}, strings.Fields(args)...), &out, &errs); status == 0 || !strings.HasPrefix(errs.String(), "erpmock: "+want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%s: got %d, %q; want %q", args, status, errs.String(), want)
		}
	}
}
