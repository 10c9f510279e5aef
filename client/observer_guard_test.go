package client_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// wild is an observer of which one method, or the function that it returns,
// does not return.
type wild struct {
	method string
	fail   func()
}

func (w wild) do(method string) {
	if w.method == method {
		w.fail()
	}
}

func (w wild) Submit(ctx context.Context, _ client.Submission) (context.Context, string, func(client.Submitted)) {
	w.do("Submit")
	return ctx, "link", func(client.Submitted) { w.do("the end of Submit") }
}

func (w wild) Wait(ctx context.Context, _ client.Waiting) (context.Context, func(client.Waited)) {
	w.do("Wait")
	return ctx, func(client.Waited) { w.do("the end of Wait") }
}
func (w wild) Call(context.Context, client.Call)       { w.do("Call") }
func (w wild) Settled(context.Context, client.Settled) { w.do("Settled") }
func (w wild) Handle(ctx context.Context, _ client.Handling) (context.Context, func(client.Handled)) {
	w.do("Handle")
	return ctx, func(client.Handled) { w.do("the end of Handle") }
}
func (w wild) Attention(context.Context, client.Attention) { w.do("Attention") }

var wayward = map[string]func(){"panics": func() { panic("boom") }, "ends its goroutine": runtime.Goexit}

// TestAnObserverThatDoesNotReturnLosesNothing has each method of an observer
// fail each time: ids, results, handlers and Run are as without one.
func TestAnObserverThatDoesNotReturnLosesNothing(t *testing.T) {
	methods := []string{"Submit", "the end of Submit", "Wait", "the end of Wait", "Call", "Settled", "Handle", "the end of Handle", "Attention"}
	for how, fail := range wayward {
		for _, method := range methods {
			t.Run(method+" "+how, func(t *testing.T) {
				log, lines := logTo()
				var handled atomic.Int32
				cc := client.Config{Observer: wild{method, fail}, Logger: log, OnComplete: map[string]client.Handler{
					"k": func(context.Context, client.Completion) error { handled.Add(1); return nil },
				}}
				drops := fault.Rule{On: fault.OnIntake, Times: 1, Do: fault.Answer{Process: true, Drop: true}}
				play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second), Faults: []fault.Rule{drops}}, cc, func(w *world) {
					stop := start(w.T, w.client)
					lost, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
					if lost == nil {
						w.Fatalf("lost: got %v, want the uncertain operation", err)
					}
					time.Sleep(time.Minute)
					op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Kind: "k", Key: "order-1"})
					if op.ID() == "" {
						w.Error("got no id of an operation that was accepted")
					}
					if res, err := op.Wait(testkit.Within(w.T, time.Hour)); err != nil || res.StatusCode != 201 {
						w.Errorf("got %+v, %v, want the result", res, err)
					}
					time.Sleep(time.Minute)
					if s, err := op.State(w.Context()); err != nil || s.Phase != store.Acknowledged || handled.Load() != 1 {
						w.Errorf("got %+v, %v after %d runs, want it handled once", s, err, handled.Load())
					}
					if err := stop(); err != nil {
						w.Error(err)
					}
					if n := w.calls("POST", "/v2/customerinvoice"); n != 2 {
						w.Errorf("got %d submits, want 2", n)
					}
				})
				if n := strings.Count(lines.String(), "the observer did not return"); n != 1 || !strings.Contains(lines.String(), "Config.Observer: "+method) {
					t.Errorf("got %d lines, want one about %s:\n%s", n, method, lines)
				}
			})
		}
	}
}

// TestOnAcceptedThatDoesNotReturn has the call go on to its answer.
func TestOnAcceptedThatDoesNotReturn(t *testing.T) {
	for how, fail := range wayward {
		t.Run(how, func(t *testing.T) {
			log, lines := logTo()
			bubble(t, client.Config{Logger: log}, accepting(write(200, ended("201"))), func(t *testing.T, c *client.Client, n *hits) {
				tr := c.Transport()
				tr.OnAccepted = func(context.Context, *client.Operation) { fail() }
				resp, err := (&http.Client{Transport: tr}).Do(request("POST", base+"/v2/customerinvoice", invoice))
				if err != nil || resp.StatusCode != 201 || n.of("POST") != 1 {
					t.Fatalf("got %v, %v after %d requests, want the answer of the only one", resp, err, n.of("POST"))
				}
				resp.Body.Close()
				if !strings.Contains(lines.String(), "OnAccepted did not return") || !strings.Contains(lines.String(), id1) {
					t.Errorf("got %s, want a line with the id", lines)
				}
			})
		})
	}
}
