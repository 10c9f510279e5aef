package otelclient_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// play runs f in virtual time with a mock, and with a function that makes
// observed clients which share a store, as replicas of one application do.
func play(t *testing.T, mc mockserver.Config, f func(*testing.T, func(*watched) *client.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		mock, err := mockserver.New(mc)
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		st := store.NewMemory(store.MemoryConfig{})
		defer st.Close()
		f(t, func(w *watched) *client.Client {
			header := http.Header{"Authorization": {"Bearer token-leak"}}
			c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Header: header, Store: st, Observer: w})
			if err != nil {
				t.Fatal(err)
			}
			return c
		})
	})
}

func request(method, path, body string) *http.Request {
	req, err := http.NewRequest(method, path, bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err)
	}
	return req
}

func TestATraceSurvivesARestart(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, func(t *testing.T, replica func(*watched) *client.Client) {
		w := watch(t, nil)
		first := replica(w)
		ctx, span := w.tracer.Tracer("app").Start(t.Context(), "order")
		if _, err := first.Submit(ctx, request("GET", "/v1/customerinvoice/300142?note=query-leak", ""), client.SubmitOptions{Kind: "invoice"}); err != nil {
			t.Fatal(err)
		}
		span.End()
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}

		second := replica(w)
		defer second.Close()
		n := 0
		for op, err := range second.Pending(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := op.Wait(t.Context()); err != nil && !isOperation(err) {
				t.Fatal(err)
			}
			n++
		}
		got := w.show()
		for _, part := range []string{
			"#1 background.submit client below #2\n", "#2 order internal\n",
			"#3 background.operation internal linked to #1\n", "#4 background.wait internal linked to #1\n",
			"url.template=/v1/customerinvoice/{}\n", "background.kind=invoice\n", "background.verdict=accepted\n", "background.phase=settled\n",
		} {
			if !strings.Contains(got, part) {
				t.Errorf("no %q in\n%s", part, got)
			}
		}
		got += w.measure(t)
		for _, hidden := range []string{"token-leak", "query-leak"} {
			if strings.Contains(got, hidden) {
				t.Errorf("%q in\n%s", hidden, got)
			}
		}
		for _, part := range []string{
			"background.client.submits {operation} {background.notify=none,background.verdict=accepted,http.request.method=GET,url.template=/v1/customerinvoice/{}} 1",
			"background.client.calls {call} {background.call=submit,background.status_class=2xx,http.request.method=GET} 1",
			"background.client.waits.active {wait} {} 0",
			"background.client.operation.duration s {background.status_class=4xx,http.request.method=GET,url.template=/v1/customerinvoice/{}} count 1 sum 60.000",
			"background.client.operations {operation} {background.late=false,background.outcome=failed,background.settled_by=poll,http.request.method=GET,url.template=/v1/customerinvoice/{}} 1",
		} {
			if !strings.Contains(got, part) {
				t.Errorf("no %q in\n%s", part, got)
			}
		}
		if n != 1 {
			t.Errorf("%d operations were pending", n)
		}
	})
}

// TestAChainOfStepsIsOneTraceAfterTheOther has a handler submit the next step.
func TestAChainOfStepsIsOneTraceAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		w := watch(t, nil)
		c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Observer: w, MaxAttempts: 1, OnComplete: map[string]client.Handler{
			"first": func(ctx context.Context, done client.Completion) error {
				_, err := done.Client.Submit(ctx, request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "second"})
				return err
			},
			"second": func(context.Context, client.Completion) error { return errors.New("words-leak") },
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Submit(t.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "first"}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := c.Run(ctx); err != nil {
			t.Fatal(err)
		}
		got := w.show()
		for _, part := range []string{
			"#1 background.submit client\n", "#2 background.operation internal linked to #1\n", "#3 background.submit client below #4\n",
			"#4 background.handle consumer linked to #1\n  Unset \"\"\n", "#5 background.operation internal linked to #3\n",
			"#6 background.handle consumer linked to #3\n  Error \"_OTHER\"\n", "background.outcome=dead\n",
		} {
			if !strings.Contains(got, part) {
				t.Errorf("no %q in\n%s", part, got)
			}
		}
		if span := w.spans.GetSpans()[1]; span.EndTime.Sub(span.StartTime) < time.Minute {
			t.Errorf("the operation took %v, want the minute and more", span.EndTime.Sub(span.StartTime))
		}
		got += w.measure(t)
		for _, part := range []string{
			"background.client.operations {operation} {background.late=false,background.outcome=succeeded,background.settled_by=poll,http.request.method=GET,url.template=/v1/customerinvoice} 2",
			"background.client.runs {run} {background.kind=first,background.outcome=acknowledged} 1",
			"background.client.runs {run} {background.kind=second,background.outcome=dead} 1",
			"background.client.run.delay s {background.kind=first} count 1 sum 0.000",
		} {
			if !strings.Contains(got, part) {
				t.Errorf("no %q in\n%s", part, got)
			}
		}
		if strings.Contains(got, "leak") {
			t.Errorf("a handler's words in\n%s", got)
		}
	})
}

func isOperation(err error) bool {
	_, ok := errors.AsType[*client.OperationError](err)
	return ok
}

func TestEachVerdictIsCounted(t *testing.T) {
	answer := http.StatusServiceUnavailable
	mc := mockserver.Config{Faults: []fault.Rule{{On: fault.OnIntake, Method: "POST", Do: fault.Func(func(fault.Event) fault.Effect {
		return fault.Answer{Status: answer}
	})}}}
	play(t, mc, func(t *testing.T, replica func(*watched) *client.Client) {
		w := watch(t, nil)
		c := replica(w)
		defer c.Close()
		for _, answer = range []int{503, 403} {
			if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", `{"a":"body-leak"}`), client.SubmitOptions{}); err == nil {
				t.Fatal("no error")
			}
		}
		for range 2 {
			if _, err := c.Submit(t.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Key: "k"}); err != nil {
				t.Fatal(err)
			}
		}
		metrics := w.measure(t)
		for _, verdict := range []string{"uncertain", "rejected", "accepted", "known"} {
			if !strings.Contains(metrics, "background.client.submits {operation} {background.notify=none,background.verdict="+verdict+",") {
				t.Errorf("no %s in\n%s", verdict, metrics)
			}
		}
		spans := w.show()
		for _, part := range []string{`Error "uncertain"`, `Error "rejected"`, "http.response.status_code=503", "http.response.status_code=403"} {
			if !strings.Contains(spans, part) {
				t.Errorf("no %q in\n%s", part, spans)
			}
		}
		if strings.Contains(spans+metrics, "leak") {
			t.Errorf("a secret in\n%s%s", spans, metrics)
		}
	})
}
