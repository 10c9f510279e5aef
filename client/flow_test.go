package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/store"
)

func TestListIsPolledAndDecoded(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice?pageNumber=1&pageSize=5", ""), client.SubmitOptions{})
		res := w.wait(op)
		rows, err := client.Decode[[]openapi.CustomerInvoice](w.Context(), res)
		if err != nil || len(rows) != 5 || res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Type"), "json") {
			t.Errorf("%d rows, status %d, type %q, error %v", len(rows), res.StatusCode, res.Header.Get("Content-Type"), err)
		}
		if w.calls("GET", "/v1/background/") != 2 || w.calls("GET", "/v1/customerinvoice") != 1 {
			t.Errorf("%d background calls, want the state and the content once each", w.calls("GET", "/v1/background/"))
		}
		if res.ID != op.ID() || res.Received.IsZero() || res.Finished.Before(res.Started) {
			t.Errorf("result %+v", res)
		}
	})
}

func TestPollsSlowDown(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(5 * time.Minute)}, client.Config{}, func(w *world) {
		start := time.Now()
		w.wait(w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{}))
		took, polls := time.Since(start), w.calls("GET", "/v1/background/")
		if took < 5*time.Minute || took > 6*time.Minute || polls > 20 {
			t.Errorf("took %v and %d polls", took, polls)
		}
	})
}

func TestCreatedInvoiceIsNamedByLocation(t *testing.T) {
	for name, notify := range map[string]client.Notify{
		"subscription": client.Subscription(client.Pair{Name: "order", Value: "4711"}),
		"url":          client.WebhookURL(hookBase+"/erp", secret),
		"none":         client.NoNotification(),
	} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, client.Config{Notify: notify}, func(w *world) {
				start := time.Now()
				res := w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
				if res.StatusCode != 201 || !strings.Contains(res.Header.Get("Location"), "/v1/customerinvoice/") || res.Header.Get("Etag") == "" || res.HasContent() {
					t.Errorf("result %+v", res)
				}
				if w.calls("POST", "/v2/customerinvoice") != 1 {
					t.Error("sent more than once")
				}
				if name == "none" {
					return
				}
				if took := time.Since(start); took > time.Minute+time.Second {
					t.Errorf("took %v: the notification did not wake the wait", took)
				}
			})
		})
	}
}

func TestLostNotificationCostsOnlyDelay(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Faults: []fault.Rule{{Do: fault.Notify{Drop: true}}}}
	play(t, mc, client.Config{Notify: client.Subscription()}, func(w *world) {
		start := time.Now()
		w.wait(w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{}))
		if took := time.Since(start); took > 100*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestNotificationBeforeThe202IsNotLost(t *testing.T) {
	mc := mockserver.Config{Faults: []fault.Rule{{Do: fault.Notify{Early: true, Duplicates: 3}}}}
	play(t, mc, client.Config{Notify: client.Subscription()}, func(w *world) {
		start := time.Now()
		w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
		if n := w.calls("GET", "/v1/background/"); n != 1 {
			t.Errorf("%d polls for one operation that was notified four times", n)
		}
	})
}

func TestForgedNotificationIsNotBelieved(t *testing.T) {
	mc := mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Faults: []fault.Rule{{Do: fault.Notify{Forge: true}}}}
	play(t, mc, client.Config{Notify: client.Subscription()}, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		// One with a good signature that claims the end too early.
		if _, err := w.store.Notify(w.Context(), store.Notification{Ref: op.Ref(), ID: op.ID(), StatusCode: 201, Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		w.wait(op)
		if took := time.Since(start); took < time.Minute {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestFinishedIsNotFine(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice", `{"customerNumber":{"value":"no such"}}`), client.SubmitOptions{})
		res, err := op.Wait(w.Context())
		failed, ok := errors.AsType[*client.OperationError](err)
		if !ok || res == nil || failed.StatusCode != 400 || failed.Status != "Finished" || failed.Message == "" || failed.ID != op.ID() {
			t.Fatalf("result %+v, error %#v", res, err)
		}
		if !strings.Contains(err.Error(), failed.Message) || !strings.Contains(err.Error(), op.ID()) {
			t.Errorf("error text %q", err)
		}
		if body, err := res.Bytes(w.Context()); err != nil || !strings.Contains(string(body), failed.Message) {
			t.Errorf("body %s, %v", body, err)
		}
		failed.Body[0] = 'X' // the error owns its bytes
		if body, _ := res.Bytes(w.Context()); body[0] == 'X' {
			t.Error("error and result share memory")
		}
	})
}

func TestFailedMachineryIsAnError(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		w.mock.Handle("POST /v1/journal", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of paper") }))
		op := w.submit(request("POST", "/v1/journal", "{}"), client.SubmitOptions{})
		_, err := op.Wait(w.Context())
		failed, ok := errors.AsType[*client.OperationError](err)
		if !ok || failed.Status != "Failed" || failed.Message == "" {
			t.Errorf("got %#v", err)
		}
	})
}

func TestContextEndsTheWaitAndNotTheOperation(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, client.Config{}, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		_, err := op.Wait(testkit.Within(w.T, 10*time.Second))
		pending, ok := errors.AsType[*client.PendingError](err)
		if !ok || pending.ID != op.ID() || pending.Ref != op.Ref() || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		if res := w.wait(op); res.StatusCode != 201 {
			t.Errorf("status %d", res.StatusCode)
		}
		if w.calls("POST", "") != 1 {
			t.Error("sent again")
		}
	})
}

func TestManyWaitersShareThePolls(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, client.Config{}, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if i%2 == 0 { // half of them leave early, whatever goes on
					_, _ = op.Wait(testkit.Within(w.T, time.Duration(i)*time.Second))
					return
				}
				if res, err := op.Wait(w.Context()); err != nil || res.StatusCode != 201 {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if n := w.calls("GET", "/v1/background/"); n > 10 {
			t.Errorf("%d polls for 50 waiters", n)
		}
	})
}

func TestReplicasShareThePolls(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, client.Config{}, func(w *world) {
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		other, err := client.New(client.Config{BaseURL: base, HTTPClient: w.mock.Client(), Store: w.store})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		// The same work, submitted on the other replica: the first operation.
		same, err := other.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if err != nil || same.ID() != op.ID() {
			t.Fatalf("got %v, %v", same, err)
		}
		var wg sync.WaitGroup
		for _, o := range []*client.Operation{op, same} {
			wg.Go(func() {
				if res, err := o.Wait(w.Context()); err != nil || res.StatusCode != 201 {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if n := w.calls("GET", "/v1/background/"); n > 10 || w.calls("POST", "") != 1 {
			t.Errorf("%d polls, %d submits", n, w.calls("POST", ""))
		}
	})
}

func TestWatchTellsEachStep(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(20 * time.Second)}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		var steps []client.State
		for s, err := range op.Watch(w.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, s)
		}
		first, last := steps[0], steps[len(steps)-1]
		if first.Phase != store.Accepted || first.Status != "" || last.Phase != store.Settled || last.Status != "Finished" || last.StatusCode != 200 {
			t.Errorf("from %+v to %+v", first, last)
		}
		running := false
		for _, s := range steps {
			running = running || s.Status == "Started" && !s.Started.IsZero() && s.StatusCode == 0
		}
		if !running {
			t.Errorf("never seen running: %+v", steps)
		}
		for range op.Watch(w.Context()) {
			break // leaves nothing behind: the bubble would tell
		}
	})
}

func TestWatchEndsWithTheError(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		var last error
		for _, err := range op.Watch(testkit.Within(w.T, time.Minute)) {
			last = err
		}
		if _, ok := errors.AsType[*client.PendingError](last); !ok {
			t.Errorf("got %v", last)
		}
	})
}

func TestPollPollsNowAndStateDoesNot(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second)}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if s, err := op.State(w.Context()); err != nil || s.Status != "" || w.calls("GET", "/v1/background/") != 0 {
			t.Errorf("state %+v, %v", s, err)
		}
		if s, err := op.Poll(w.Context()); err != nil || s.Status != "Started" || s.Polls != 1 {
			t.Errorf("poll %+v, %v", s, err)
		}
		time.Sleep(11 * time.Second)
		if s, err := op.Poll(w.Context()); err != nil || s.Status != "Finished" || s.StatusCode != 200 || s.Polls != 2 {
			t.Errorf("poll %+v, %v", s, err)
		}
		before := w.calls("GET", "")
		if s, err := op.Poll(w.Context()); err != nil || s.Phase != store.Settled || w.calls("GET", "") != before {
			t.Errorf("poll of an ended operation %+v, %v", s, err)
		}
	})
}

func TestTypedClientRunsInTheBackground(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Minute)}, client.Config{Notify: client.Subscription()}, func(w *world) {
		api, err := erp.NewClientWithResponses(base, erp.WithHTTPClient(w.client))
		if err != nil {
			t.Fatal(err)
		}
		size := erp.PageSize(3)
		list, err := api.ListCustomerInvoicesWithResponse(w.Context(), &erp.ListCustomerInvoicesParams{PageSize: &size})
		if err != nil || list.JSON200 == nil || len(*list.JSON200) != 3 {
			t.Fatalf("list: %v, %+v", err, list)
		}
		if got := w.mock.Operations(); len(got) != 1 {
			t.Errorf("%d operations: it did not run in the background", len(got))
		}
		missing, err := api.GetCustomerInvoiceWithResponse(w.Context(), "999999", nil)
		if err != nil || missing.StatusCode() != 404 {
			t.Errorf("a Finished 404: %v, %v", missing, err)
		}
	})
}

func TestDoAcknowledgesWhenTheBodyIsClosed(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		resp, err := w.client.Do(request("GET", "/v1/customerinvoice", "").WithContext(w.Context()))
		if err != nil {
			t.Fatal(err)
		}
		phases := func() (got []store.Phase) {
			list, err := w.store.List(w.Context(), "default", store.Query{})
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range list {
				got = append(got, rec.Phase)
			}
			return got
		}
		if got := phases(); len(got) != 1 || got[0] != store.Settled {
			t.Errorf("before closing: %v", got)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		resp.Body.Close()
		if got := phases(); got[0] != store.Acknowledged {
			t.Errorf("after closing: %v", got)
		}
	})
}

func TestDoBehavesAsNetHTTPDoes(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		w.mock.Handle("POST /v1/broken", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of paper") }))
		for _, tt := range []struct {
			req  *http.Request
			code int
			text string
		}{
			{request("POST", "/v2/customerinvoice", invoice), 201, ""},
			{request("POST", "/v2/customerinvoice", `{}`), 400, "message"},
			{request("POST", base+"/v1/broken", `{}`), 500, "message"},
			{request("POST", "/v2/nosuchroute", `{}`), 404, ""}, // refused at once
		} {
			resp, err := w.client.Do(tt.req)
			if err != nil {
				t.Errorf("%s: %v", tt.req.URL, err)
				continue
			}
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.code || !strings.Contains(string(body), tt.text) || err != nil {
				t.Errorf("%s: status %d, body %s, %v", tt.req.URL, resp.StatusCode, body, err)
			}
			resp.Body.Close()
		}
	})
}

func TestCloseEndsEveryWait(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := op.Wait(context.Background()); !errors.Is(err, client.ErrClosed) {
					t.Errorf("got %v", err)
				}
			})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.client.Close()
		wg.Wait()
		w.client.Close()
		if _, err := w.client.Submit(w.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{}); !errors.Is(err, client.ErrClosed) {
			t.Errorf("submit on a closed client: %v", err)
		}
		if _, err := op.Poll(w.Context()); !errors.Is(err, client.ErrClosed) {
			t.Errorf("poll on a closed client: %v", err)
		}
	})
}
