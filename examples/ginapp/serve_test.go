package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

func TestTheDemoShowsWhatTheServiceDoes(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--demo"}, func(string) string { return "" }, &out, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	text := out.String()
	t.Log(text)
	for _, want := range []string{
		`POST /orders: an order\n  202 {"order":"1001","status":"/orders/1001"}\n`,
		`  {"order":"1001","state":"done","invoice":"003549"}\n`,
		`POST /orders: the same order again\n  202 `,
		`POST /orders: another order with its number\n  409 {"errors":\["number: another order has it"\]}\n`,
		`  {"order":"1002","state":"failed","step":"invoice","problem":"Customer '99999' cannot be found in the system."}\n`,
		`POST /orders: the same order, corrected\n  202 `,
		`  {"order":"1002","state":"done","invoice":"003550"}\n`,
		`  {"order":"1003","state":"uncertain","step":"invoice","problem":"no answer: .*","attention":"wait some minutes for a notification; look in the ERP for an invoice with the external reference 1003 .*"}\n`,
		`  {"order":"1003","state":"done","invoice":"003551"}\n`,
		`\nGET /attention: what waits for a person\n  200 {"orders":\[{"order":"1004","state":"uncertain","step":"invoice",.*"key":"1004","phase":"uncertain","since":"20`,
		`\na person looks in the ERP: invoice 003552 has the external reference 1004\n`,
		`\nPOST /attention/1004: {"outcome":"done","invoice":"003552","reason":"seen in the ERP"}\n  200 {"order":"1004","state":"(waiting|done)"`,
		`  {"order":"1004","state":"done","invoice":"003552"}\n`,
		`  {"order":"1007","state":"queued","step":"invoice","problem":"it waits for the orders before it in the sequence bikes"}\n`,
		`\nGET /attention: what waits for a person\n  200 {"orders":\[{"order":"1006","state":"failed",.*"sequence":"bikes","behind":1}\]}\n`,
		`\nPOST /attention/1006: {"outcome":"skip","reason":"the customer is no longer ours"}\n  200 {"order":"1006","state":"failed"`,
		`  {"order":"1007","state":"done","invoice":"003553"}\n`,
		`POST /orders: no order\n  400 {"errors":\["customer: `,
		`  background_client_settled_total{by="notification",kind="invoice",late="false",outcome="failed"} 2\n`,
		`  background_client_settled_total{by="notification",kind="invoice",late="false",outcome="succeeded"} 4\n`,
		`  background_client_settled_total{by="notification",kind="release",late="false",outcome="succeeded"} 5\n`,
		`  background_client_settled_total{by="person",kind="invoice",late="false",outcome="succeeded"} 1\n`,
		`\nstopped cleanly\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("nothing matches %s", want)
		}
	}
}

// serving runs a service on sockets of this machine, in real time, and stops
// it with the test. It returns the addresses of its two servers.
func serving(t *testing.T, mc mockserver.Config, logs io.Writer) (base, ops string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	cfg := testConfig("")
	cfg.addr, cfg.opsAddr = "127.0.0.1:0", "127.0.0.1:0"
	public, internal, err := listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- withMock(&cfg, public.Addr().String(), func(m *mock) error {
			cfg.apiToken = apiToken
			if err := m.Faults().Add(mc.Faults...); err != nil {
				return err
			}
			return open(ctx, cfg, m.access, slog.New(slog.NewJSONHandler(logs, nil)), func(a *app) error { return a.serve(ctx, public, internal) })
		})
	}()
	t.Cleanup(stop)
	return "http://" + public.Addr().String(), "http://" + internal.Addr().String(), stop, done
}

// call makes a call over a socket.
func call(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(data)
}

func TestAShutdownAnswersTheRequestUnderWayAndTakesNoMore(t *testing.T) {
	t.Parallel()
	var logs safeBuffer
	slow := fault.Rule{Name: "slow", On: fault.OnIntake, Path: invoices, Do: fault.Answer{Delay: 2 * time.Second}}
	base, ops, stop, ended := serving(t, mockserver.Config{Faults: []fault.Rule{slow}}, &logs)
	testkit.Eventually(t, "ready", func() bool { code, _ := call(t, http.MethodGet, ops+"/readyz", ""); return code == http.StatusOK })

	body, rest := io.Pipe() // a caller that is slow to post
	answer := make(chan string, 1)
	go func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/orders", body)
		if err != nil {
			answer <- err.Error()
			return
		}
		req.Header.Set("Authorization", "Bearer "+apiToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answer <- err.Error()
			return
		}
		resp.Body.Close()
		answer <- resp.Status
	}()
	if _, err := io.WriteString(rest, good[:10]); err != nil {
		t.Fatal(err)
	}
	if code, text := call(t, http.MethodPost, base+"/orders", strings.Replace(good, "4711", "4712", 1)); code != http.StatusAccepted {
		t.Fatalf("answered %d %s", code, text)
	}
	testkit.Eventually(t, "another order is being sent", func() bool {
		_, text := call(t, http.MethodGet, ops+"/metrics", "")
		return strings.Contains(text, `background_client_operations{phase="sending"} 1`)
	})
	stop() // as SIGTERM does
	testkit.Eventually(t, "not ready, and says why", func() bool {
		code, text := call(t, http.MethodGet, ops+"/readyz", "")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "shutting down")
	})
	if code, text := call(t, http.MethodGet, base+"/orders/4711", ""); code != 0 {
		t.Errorf("a new request is answered %d %s", code, text)
	}
	if _, err := io.WriteString(rest, good[10:]); err != nil {
		t.Error(err)
	}
	rest.Close()
	if got := <-answer; !strings.HasPrefix(got, "202 ") {
		t.Errorf("the request under way was answered %s", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if code, _ := call(t, http.MethodGet, ops+"/healthz", ""); code != 0 {
		t.Errorf("health is still served: %d", code)
	}
	for text := range strings.Lines(logs.String()) {
		if !json.Valid([]byte(text)) {
			t.Errorf("not structured: %s", text)
		}
	}
}

func TestTheHealthCheckAsksTheService(t *testing.T) {
	t.Parallel()
	_, ops, stop, ended := serving(t, mockserver.Config{}, io.Discard)
	address := strings.TrimPrefix(ops, "http://")
	check := func(args ...string) error {
		env := func(name string) string { return map[string]string{"OPS_ADDR": address}[name] }
		return run(t.Context(), append([]string{"healthcheck"}, args...), env, io.Discard, io.Discard)
	}
	testkit.Eventually(t, "healthy", func() bool { return check() == nil })
	_, port, _ := strings.Cut(address, ":")
	for _, any := range []string{":" + port, "0.0.0.0:" + port, "[::]:" + port} {
		if err := check("-ops-addr", any); err != nil {
			t.Errorf("%s: %v", any, err)
		}
	}
	if err := check("-ops-addr", "nonsense"); err == nil || !strings.HasPrefix(err.Error(), "OPS_ADDR: ") {
		t.Errorf("got %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if check() == nil {
		t.Error("a service that ended is healthy")
	}
}
