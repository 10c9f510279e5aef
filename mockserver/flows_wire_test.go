package mockserver_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/mockservertest"
)

// A caller makes a plain HTTP call; headers are pairs of name and value.
type caller func(method, url, body string, headers ...string) (answer, error)

// callers are the ways to call: net/http, and curl where it is installed. With
// STRICT in the environment it must be.
func callers(t *testing.T) map[string]caller {
	all := map[string]caller{"net/http": byNetHTTP}
	curl, err := exec.LookPath("curl")
	switch strict := os.Getenv("STRICT"); {
	case err == nil:
		all["curl"] = byCurl(curl)
	case strict != "" && strict != "0":
		t.Error("no curl: on Debian, apt-get install curl")
	default:
		t.Log("by net/http only: there is no curl")
	}
	return all
}

func byNetHTTP(method, url, body string, headers ...string) (answer, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	return readAnswer(resp)
}

func readAnswer(resp *http.Response) (answer, error) {
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(data)}, err
}

func byCurl(curl string) caller {
	return func(method, url, body string, headers ...string) (answer, error) {
		args := []string{"--silent", "--show-error", "--include", "--raw", "--noproxy", "*", "--max-time", "60", "--request", method, "--header", "Expect:"}
		for i := 0; i < len(headers); i += 2 {
			args = append(args, "--header", headers[i]+": "+headers[i+1])
		}
		if body != "" {
			args = append(args, "--data-binary", "@-")
		}
		cmd := exec.Command(curl, append(args, url)...)
		cmd.Stdin = strings.NewReader(body)
		out, err := cmd.Output()
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			return answer{}, fmt.Errorf("curl: %w: %s", err, failed.Stderr)
		}
		if err != nil {
			return answer{}, err
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(out)), &http.Request{Method: method})
		if err != nil {
			return answer{}, fmt.Errorf("%w in %q", err, out)
		}
		return readAnswer(resp)
	}
}

// A wireFlow is one of the flows, called in one of the ways.
type wireFlow struct {
	*mockservertest.Server
	t    *testing.T
	call caller
}

// want makes a call that is answered with a status.
func (f *wireFlow) want(status int, method, path, body string, headers ...string) answer {
	f.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = f.URL() + path
	}
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	a, err := f.call(method, path, body, headers...)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != status {
		f.t.Fatalf("%s %s: got %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// submit has a call run in the background and returns where its state is.
func (f *wireFlow) submit(background, method, path, body string, headers ...string) string {
	f.t.Helper()
	a := f.want(202, method, path, body, append(headers, "erp-api-background", background)...)
	got := decode[map[string]string](f.t, a.body)
	if want := f.URL() + "/v1/background/" + got["id"]; got["id"] == "" || got["stateLocation"] != want || a.header.Get("Location") != want {
		f.t.Fatalf("202 with Location %s and %s", a.header.Get("Location"), a.body)
	}
	return got["stateLocation"]
}

// ended polls a state until it is one.
func (f *wireFlow) ended(state, status string, statusCode float64, headers ...string) map[string]any {
	f.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		doc := decode[map[string]any](f.t, f.want(200, "GET", state, "", headers...).body)
		switch {
		case doc["status"] == "Started" && doc["statusCode"] == 0.0 && time.Now().Before(end):
		case doc["status"] == status && doc["statusCode"] == statusCode:
			return doc
		default:
			f.t.Fatalf("got %v, want %s %v", doc, status, statusCode)
		}
	}
}

// notified waits for the notification of an operation.
func (f *wireFlow) notified(state string, want mockservertest.Delivery) map[string]any {
	f.t.Helper()
	want.OperationID, want.Within = state[strings.LastIndex(state, "/")+1:], time.Minute
	d := mockservertest.RequireDelivered(f.t, f.Server, want)
	n := decode[map[string]any](f.t, string(d.Body))
	if n["id"] != d.OperationID || n["stateLocation"] != state {
		f.t.Errorf("notified of %s by %s", state, d.Body)
	}
	return n
}

// message is what an error answer says.
func (f *wireFlow) message(a answer) string {
	f.t.Helper()
	return decode[map[string]string](f.t, a.body)["message"]
}

// The flows that the vendor's pages describe, one by one, over a socket, as
// they are called from a shell.
func TestFlowsByPlainHTTP(t *testing.T) {
	for way, call := range callers(t) {
		for _, flow := range wireFlows() {
			t.Run(way+"/"+flow.name, func(t *testing.T) {
				t.Parallel()
				cfg := flow.cfg
				cfg.ExecTime = mockserver.Fixed(5 * time.Millisecond)
				cfg.Subscription.SigningKey = signingKey
				cfg.Subscription.Retry.Interval = 20 * time.Millisecond
				flow.run(&wireFlow{Server: mockservertest.StartSocket(t, cfg), t: t, call: call})
			})
		}
	}
}

// A wireCase is a flow: what the mock needs for it, and its steps.
type wireCase struct {
	name string
	cfg  mockserver.Config
	run  func(f *wireFlow)
}
