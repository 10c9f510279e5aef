package cookbook

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// A handler panics each time. Its operation ends among the dead letters; once
// the cause is mended, it is replayed.
func TestPoisonHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		var runs atomic.Int32
		var mended atomic.Bool
		c := newClient(t, erp, client.Config{MaxAttempts: 4, OnComplete: map[string]client.Handler{
			"invoice": func(context.Context, client.Completion) error {
				if runs.Add(1); !mended.Load() {
					panic("out of paper")
				}
				return nil
			},
		}})
		go func() { _ = c.Run(t.Context()) }()
		if _, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Kind: "invoice"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := runs.Load(); got != 4 {
			t.Errorf("the handler ran %d times, want MaxAttempts, 4", got)
		}

		mended.Store(true)
		dead := 0
		for op, err := range c.Dead(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			dead++
			if state, err := op.State(t.Context()); err != nil || !strings.Contains(state.Reason, "out of paper") {
				t.Errorf("it is dead for %q, %v; want the panic", state.Reason, err)
			}
			if err := op.Replay(t.Context()); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Hour)
		if got := runs.Load(); dead != 1 || got != 5 {
			t.Errorf("%d dead letters and %d runs, want one that ran once more", dead, got)
		}
	})
}

// noteInvoice is a handler under test: it notes the numbers of invoices.
func noteInvoice(book map[string]string) client.Handler {
	return func(_ context.Context, done client.Completion) error {
		if done.Err != nil {
			return client.Discard(done.Err) // no retry can mend it
		}
		book[done.Metadata["order"]] = done.Result.CreatedID()
		return nil
	}
}

// A handler is tested without a client and without the ERP: a completion is
// plain data.
func TestHandlerAlone(t *testing.T) {
	book := map[string]string{}
	done := client.Completion{
		Metadata: map[string]string{"order": "4711"},
		Result:   &client.Result{StatusCode: 201, Header: http.Header{"Location": {"/v2/customerinvoice/003549"}}},
	}
	if err := noteInvoice(book)(t.Context(), done); err != nil || book["4711"] != "003549" {
		t.Errorf("noted %v, %v; want 003549 for the order 4711", book, err)
	}
	done.Err, done.Result = &client.OperationError{StatusCode: 400}, nil
	if err := noteInvoice(book)(t.Context(), done); err == nil {
		t.Error("a failed operation was noted")
	}
}

// A deploy cuts off a handler in its work; the next process does it again.
func TestDeployInTheMiddleOfAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		st := store.NewMemory(store.MemoryConfig{}) // the disk, which outlives both processes
		slow := func(ctx context.Context, _ client.Completion) error { <-ctx.Done(); return ctx.Err() }
		before := newClient(t, erp, client.Config{Store: st, OnComplete: map[string]client.Handler{"invoice": slow}})
		ctx, sigterm := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- before.Run(ctx) }()
		if _, err := before.Submit(t.Context(), newInvoice(), client.SubmitOptions{Kind: "invoice"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // it is in the handler
		sigterm()
		if err := <-ended; !errors.Is(err, client.ErrDrainTimeout) {
			t.Errorf("Run returned %v, want ErrDrainTimeout", err)
		}

		done := make(chan int, 1)
		after := newClient(t, erp, client.Config{Store: st, OnComplete: map[string]client.Handler{
			"invoice": func(_ context.Context, c client.Completion) error { done <- c.Attempt; return nil },
		}})
		go func() { _ = after.Run(t.Context()) }()
		if attempt := <-done; attempt != 1 {
			t.Errorf("it was attempt %d, want 1: a run that a deploy cut off does not count", attempt)
		}
	})
}
