package mockserver_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// Close ends a Reset that waits for a handler which waits for it.
func TestCloseEndsAReset(t *testing.T) {
	h := start(t, mockserver.Config{})
	got := make(chan error, 1)
	h.Handle("POST /v1/own", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		got <- h.Reset(context.Background(), "1000001") // not with the request's context, which would be refused
	}))
	h.submit("none", "POST", "/v1/own", "{}")
	for h.Operations()[0].State == operation.Queued {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // for the handler to begin; without, less is tested
	closed := make(chan struct{})
	go func() { _ = h.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("Close waits for ever")
	}
	if err := <-got; !errors.Is(err, mockserver.ErrClosed) {
		t.Errorf("got %v", err)
	}
	for _, company := range []string{"", "7"} {
		if err := h.Reset(t.Context(), company); !errors.Is(err, mockserver.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// A request that a reset did not wait for adds nothing to what begins after it.
func TestALateRequestAddsNothing(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	h := start(t, mockserver.Config{ExecTime: mockserver.ExecTimeFunc(func(*http.Request) time.Duration {
		once.Do(func() { close(entered); <-leave })
		return time.Millisecond
	})})
	answers := make(chan answer, 1)
	go func() {
		a, err := h.try("GET", "/v1/customerinvoice/003501", "", "erp-api-background", "http://hook.test/")
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	<-entered
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no patience"))
	if h.Reset(ctx, "1000001") == nil {
		t.Fatal("nothing was under way")
	}
	close(leave)
	if a := <-answers; a.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	if ops, sent := h.Operations(), h.Deliveries(); len(ops)+len(sent) != 0 {
		t.Errorf("operations %+v, deliveries %+v", ops, sent)
	}
	h.submit("none", "GET", "/v1/customerinvoice/003501", "")
	if err := h.Clock("").Idle(testkit.Within(t, time.Minute)); err != nil {
		t.Error(err)
	}
}

// A redelivery to a receiver that hangs does not hold a reset up, and leaves
// nothing behind.
func TestAResetCutsARedeliveryOff(t *testing.T) {
	var mu sync.Mutex
	hang, hanging := false, make(chan struct{}, 9)
	hook := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		wait := hang
		mu.Unlock()
		if wait {
			hanging <- struct{}{}
			<-r.Context().Done()
		}
	})
	h := start(t, mockserver.Config{
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": hook}), URLRetry: mockserver.Retry{Timeout: time.Hour},
	})
	id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
	for len(h.Deliveries(operation.DeliveryFilter{State: operation.DeliveryDelivered})) == 0 {
		time.Sleep(time.Millisecond)
	}
	mu.Lock()
	hang = true
	mu.Unlock()
	redelivered := make(chan error, 1)
	go func() { redelivered <- h.Redeliver(t.Context(), id) }()
	<-hanging
	if err := h.Reset(testkit.Within(t, time.Minute), "1000001"); err != nil {
		t.Error(err)
	}
	if err := <-redelivered; !errors.Is(err, mockserver.ErrReset) || !errors.Is(err, mockserver.ErrNotDelivered) {
		t.Errorf("got %v", err)
	}
	if n := len(h.Journal().Entries()); n != 0 {
		t.Errorf("%d entries in the journal", n)
	}
}

// Redeliveries beside the attempts that are made anyway: what is sent is whole.
func TestRedeliveriesBesideAttempts(t *testing.T) {
	h := start(t, mockserver.Config{URLRetry: mockserver.Retry{Attempts: 50, Interval: time.Nanosecond}})
	h.hook.answer = func(n int) int {
		if n%5 == 0 {
			return 200
		}
		return 500
	}
	for range 20 {
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		for {
			err := h.Redeliver(t.Context(), id)
			if err == nil {
				break
			}
			if !errors.Is(err, mockserver.ErrNotEnded) && !errors.Is(err, mockserver.ErrNotDelivered) {
				t.Fatal(err)
			}
		}
	}
	for _, n := range h.hook.all() {
		if decode[map[string]any](t, n.body)["statusCode"] != 200.0 {
			t.Errorf("sent %s", n.body)
		}
	}
}
