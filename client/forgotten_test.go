package client_test

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
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// found is the answer of who has found the invoice of an operation that expired.
var found = client.Answer{StatusCode: 201, Header: http.Header{"Location": {"/v2/customerinvoice/003549"}}}

// forgetting runs f with an operation that the ERP has forgotten, and a handler
// that answers what it is told of an expiry by expired.
func forgetting(t *testing.T, expired client.Handler, f func(*testing.T, *client.Client, *client.Operation, *diaryOf)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var runs diaryOf
		cc := client.Config{}
		if expired != nil {
			cc.OnComplete = map[string]client.Handler{"": func(ctx context.Context, done client.Completion) error {
				if errors.Is(done.Err, client.ErrExpired) {
					return expired(ctx, done)
				}
				runs.add("run %d: %s, %v", done.Attempt, done.Result.Told, done.Err)
				return nil
			}}
		}
		c, _ := serving(t, cc, accepting(write(404, ``)))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, c)
		if _, err := op.Wait(testkit.Within(t, 48*time.Hour)); !errors.Is(err, client.ErrExpired) {
			t.Fatalf("got %v, want ErrExpired", err)
		}
		time.Sleep(time.Minute)
		f(t, c, op, &runs)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestAPersonEndsWhatExpired tells the end of operations that the ERP has
// forgotten, whatever the application made of that.
func TestAPersonEndsWhatExpired(t *testing.T) {
	handled := func(context.Context, client.Completion) error { return nil }
	for name, tt := range map[string]struct {
		handler client.Handler
		before  func(*testing.T, *client.Operation)
		was     store.Phase
	}{
		"nobody took it":  {nil, nil, store.Expired},
		"acknowledged":    {nil, func(t *testing.T, op *client.Operation) { must(t, op.Ack(t.Context())) }, store.Acknowledged},
		"handled":         {handled, nil, store.Acknowledged},
		"handler failing": {func(context.Context, client.Completion) error { return errors.New("busy") }, nil, store.Expired},
		"dead":            {func(context.Context, client.Completion) error { return client.Discard(errors.New("what now")) }, nil, store.Dead},
		"dead, all tries": {
			func(context.Context, client.Completion) error { return errors.New("busy") },
			func(*testing.T, *client.Operation) { time.Sleep(24 * time.Hour) }, store.Dead,
		},
	} {
		t.Run(name, func(t *testing.T) {
			forgetting(t, tt.handler, func(t *testing.T, c *client.Client, op *client.Operation, runs *diaryOf) {
				if tt.before != nil {
					tt.before(t, op)
				}
				if s, err := op.State(t.Context()); err != nil || s.Phase != tt.was {
					t.Fatalf("got %+v, %v, want it %s", s, err, tt.was)
				}
				for _, r := range []client.Resolution{client.NotAccepted("not there"), client.GivenUp("nobody knows"), client.AcceptedAs(id2)} {
					if err := op.Resolve(t.Context(), r); err == nil || !strings.Contains(err.Error(), "EndedWith") || !strings.Contains(err.Error(), "Supersede") {
						t.Errorf("got %v, want it refused, with the remedy", err)
					}
				}
				must(t, op.Resolve(t.Context(), client.EndedWith(found, "invoice 003549 is there")))
				res, err := op.Wait(t.Context())
				if err != nil || res.StatusCode != 201 || res.CreatedID() != "003549" || res.Told != "invoice 003549 is there" || res.ID != id1 {
					t.Fatalf("got %+v, %v", res, err)
				}
				time.Sleep(time.Minute)
				if got, want := strings.Join(runs.list(), "; "), "run 1: invoice 003549 is there, <nil>"; tt.handler != nil && got != want {
					t.Errorf("the handler ran as %q, want %q", got, want)
				}
				want := map[bool]store.Phase{true: store.Acknowledged, false: store.Settled}[tt.handler != nil]
				if s, err := op.State(t.Context()); err != nil || s.Phase != want || s.Told == "" || !s.Late || s.Reason != "" {
					t.Errorf("got %+v, %v, want it %s and told", s, err, want)
				}
				_, err = c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: op.Ref()})
				if err == nil || !strings.Contains(err.Error(), "did not fail") {
					t.Errorf("superseded: got %v, want it refused, as a person told of a success", err)
				}
				if err := op.Resolve(t.Context(), client.EndedWith(client.Answer{StatusCode: 400}, "no")); err == nil {
					t.Error("told otherwise after it was told")
				}
			})
		})
	}
}

// TestAFailureToldOfWhatExpiredCanBeSuperseded tells that the work failed.
func TestAFailureToldOfWhatExpiredCanBeSuperseded(t *testing.T) {
	forgetting(t, nil, func(t *testing.T, c *client.Client, op *client.Operation, _ *diaryOf) {
		must(t, op.Resolve(t.Context(), client.EndedWith(client.Answer{StatusCode: 400}, "the customer was closed")))
		_, err := op.Wait(t.Context())
		if failed, ok := errors.AsType[*client.OperationError](err); !ok || failed.StatusCode != 400 {
			t.Errorf("got %v, want *OperationError", err)
		}
		again, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: op.Ref()})
		if again == nil || again.Ref() == op.Ref() { // the ERP of this test has but one id
			t.Errorf("got %v, %v, want another operation under the key", again, err)
		}
	})
}

// TestWhatWasSupersededIsToldWithoutItsKey tells the end after the work was
// submitted anew.
func TestWhatWasSupersededIsToldWithoutItsKey(t *testing.T) {
	forgetting(t, nil, func(t *testing.T, c *client.Client, op *client.Operation, _ *diaryOf) {
		again, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: op.Ref()})
		if again == nil {
			t.Fatal(err)
		}
		must(t, op.Resolve(t.Context(), client.EndedWith(found, "it is there")))
		if res, err := op.Wait(t.Context()); err != nil || res.Told == "" {
			t.Errorf("got %+v, %v", res, err)
		}
		if holder, err := c.OperationByKey(t.Context(), "order-1"); err != nil || holder.Ref() != again.Ref() {
			t.Errorf("the key is of %v, %v, want %s", holder, err, again.Ref())
		}
	})
}

// TestAHandlerOfAnExpiryIsCutOffByTheEnd has a person tell the end while the
// handler works on the expiry.
func TestAHandlerOfAnExpiryIsCutOffByTheEnd(t *testing.T) {
	var cut atomic.Value
	slow := func(ctx context.Context, _ client.Completion) error {
		<-ctx.Done()
		cut.Store(context.Cause(ctx))
		return nil // as if it had handled it
	}
	forgetting(t, slow, func(t *testing.T, _ *client.Client, op *client.Operation, runs *diaryOf) {
		must(t, op.Resolve(t.Context(), client.EndedWith(found, "it is there")))
		time.Sleep(time.Minute)
		if got := strings.Join(runs.list(), "; "); got != "run 1: it is there, <nil>" {
			t.Errorf("the handler ran as %q, want once with what was told", got)
		}
		if cut.Load() != store.ErrFenced {
			t.Errorf("the handler that did not know was ended by %v, want ErrFenced", cut.Load())
		}
		if s, err := op.State(t.Context()); err != nil || s.Phase != store.Acknowledged {
			t.Errorf("got %+v, %v, want it handled", s, err)
		}
	})
}

// TestAnIDOfAPersonThatExpiredIsWithdrawn names an id that the ERP never
// confirms, and tells the end after it expired.
func TestAnIDOfAPersonThatExpiredIsWithdrawn(t *testing.T) {
	withTold(t, client.Config{}, func(t *testing.T, _ *client.Client, e *told, op *client.Operation) {
		e.set(write(503, ``))
		must(t, op.Resolve(t.Context(), client.AcceptedAs(id1)))
		e.set(write(404, ``))
		if _, err := op.Wait(testkit.Within(t, 48*time.Hour)); !errors.Is(err, client.ErrExpired) {
			t.Fatalf("got %v, want ErrExpired", err)
		}
		must(t, op.Resolve(t.Context(), client.EndedWith(found, "it is there")))
		if res, err := op.Wait(t.Context()); err != nil || res.Told == "" || res.ID != "" {
			t.Errorf("got %+v, %v, want it told, without the id", res, err)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
