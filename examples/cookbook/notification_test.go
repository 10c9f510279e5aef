package cookbook

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/store"
)

// The webhook never arrives; a poll finds the end.
func TestLostWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Do: fault.Notify{Drop: true}})
		c := newClient(t, erp, client.Config{Notify: client.Subscription()})

		begin := time.Now()
		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("without the webhook it took %v, want a minute at most", took)
		}
		if len(erp.Hook.Notifications()) != 0 {
			t.Error("a webhook arrived")
		}
	})
}

// The webhook overtakes the 202 and comes three times; one handler run is what
// follows.
func TestEarlyAndRepeatedWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Do: fault.Notify{Early: true, Duplicates: 2}})
		var runs atomic.Int32
		c := newClient(t, erp, client.Config{Notify: client.Subscription(), OnComplete: map[string]client.Handler{
			"invoice": func(context.Context, client.Completion) error { runs.Add(1); return nil },
		}})
		go func() { _ = c.Run(t.Context()) }()

		if _, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Kind: "invoice"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := runs.Load(); got != 1 || len(erp.Hook.Notifications()) != 3 {
			t.Errorf("%d webhooks made %d runs, want 3 and 1", len(erp.Hook.Notifications()), got)
		}
	})
}

// Somebody signs with another key: the receiver refuses it, and the client
// finds the end by itself.
func TestForgedWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Do: fault.Notify{Forge: true}})
		c := newClient(t, erp, client.Config{Notify: client.Subscription()})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		state, err := op.State(t.Context())
		if err != nil || !state.Notified.IsZero() {
			t.Errorf("the forgery counts as a notification: %+v, %v", state, err)
		}
		if got := erp.Deliveries()[0].Attempts[0].StatusCode; got != http.StatusUnauthorized {
			t.Errorf("the receiver answered %d, want 401", got)
		}
	})
}

// Somebody sends a recorded webhook of another operation under the headers of
// this one: only the body is signed. It binds nothing.
func TestReplayedWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{After: 1, Do: fault.Notify{Replay: true}})
		c := newClient(t, erp, client.Config{Notify: client.Subscription()})

		for _, want := range []string{"003549", "003550"} {
			op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			res, err := op.Wait(t.Context())
			if err != nil || res.CreatedID() != want || res.ID != op.ID() {
				t.Errorf("got %+v, %v; want its own invoice %s", res, err, want)
			}
		}
		if got := len(erp.Hook.Notifications()); got != 3 {
			t.Errorf("%d webhooks arrived, want the replayed one beside the two", got)
		}
	})
}

// storeThatFails cannot store notifications until it is well again.
type storeThatFails struct {
	store.Store
	well atomic.Bool
}

func (s *storeThatFails) Notify(ctx context.Context, n store.Notification) (store.Receipt, error) {
	if !s.well.Load() {
		return store.Receipt{}, errors.New("the disk is full")
	}
	return s.Store.Notify(ctx, n)
}

// Our store is down when the webhook comes: it is not acknowledged, so the ERP
// sends it again.
func TestOurStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		st := &storeThatFails{Store: store.NewMemory(store.MemoryConfig{})}
		c := newClient(t, erp, client.Config{Store: st, Notify: client.Subscription()})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		st.well.Store(true)
		d := mockservertest.RequireDelivered(t, erp, mockservertest.Delivery{OperationID: op.ID()})
		if d.State != operation.DeliveryDelivered || len(d.Attempts) != 2 || d.Attempts[0].StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %+v, want a 503 and then a second attempt", d)
		}
	})
}
