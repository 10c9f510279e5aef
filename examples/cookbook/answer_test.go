package cookbook

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver/fault"
)

// The ERP accepts the call, and the connection breaks before its 202 arrives.
// The webhook finds the operation again.
func TestLost202(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{On: fault.OnIntake, Times: 1, Do: fault.Answer{Process: true, Drop: true}})
		c := newClient(t, erp, client.Config{Notify: client.Subscription()})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"})
		if _, lost := errors.AsType[*client.UncertainError](err); !lost {
			t.Fatalf("submit: %v, want an *UncertainError", err)
		}
		res, err := op.Wait(t.Context())
		if err != nil || res.CreatedID() != "003549" {
			t.Errorf("wait: %+v, %v; want the invoice 003549", res, err)
		}
		accepted(t, erp, 1) // nobody sent it again
	})
}

// The same without webhooks: a person looks in the ERP and tells.
func TestLost202WithoutAWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{On: fault.OnIntake, Times: 1, Do: fault.Answer{Process: true, Drop: true}})
		c := newClient(t, erp, client.Config{Notify: client.NoNotification()})

		op, _ := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"})
		_, err := op.Wait(t.Context())
		if _, lost := errors.AsType[*client.UncertainError](err); !lost {
			t.Fatalf("wait: %v, want an *UncertainError", err)
		}
		found := client.Answer{StatusCode: 201, Header: http.Header{"Location": {"/v2/customerinvoice/003549"}}}
		if err := op.Resolve(t.Context(), client.EndedWith(found, "seen in the ERP")); err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil || res.CreatedID() != "003549" || res.Told != "seen in the ERP" {
			t.Errorf("wait: %+v, %v; want the invoice that was told", res, err)
		}
		accepted(t, erp, 1)
	})
}

// A caller submits the same order twice.
func TestSubmittedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		c := newClient(t, erp, client.Config{})

		first, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"})
		if err != nil || again.ID() != first.ID() {
			t.Errorf("submitted again: %v, %v; want %v", again, err, first)
		}
		accepted(t, erp, 1)
	})
}

// The states of the operation cannot be read for an hour: the ERP is down.
func TestERPIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{On: fault.OnState, Between: fault.Span{To: time.Hour}, Do: fault.Answer{Status: 502, Body: "<html>Bad Gateway</html>"}})
		c := newClient(t, erp, client.Config{})

		begin := time.Now()
		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Errorf("wait: %v", err)
		}
		if took := time.Since(begin); took < time.Hour || took > 2*time.Hour {
			t.Errorf("the wait took %v, want it to end soon after the hour", took)
		}
	})
}

// The stored answer breaks off in the middle; it is read again.
func TestContentBreaksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Name: "cut", On: fault.OnContent, Times: 2, Do: fault.Answer{CutAfter: 100}})
		c := newClient(t, erp, client.Config{})

		req, err := http.NewRequest("GET", "/v1/customerinvoice?pageSize=10", nil)
		if err != nil {
			t.Fatal(err)
		}
		op, err := c.Submit(t.Context(), req, client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := client.Decode[[]struct{ ReferenceNumber string }](t.Context(), res)
		if err != nil || len(rows) != 10 {
			t.Errorf("got %d rows, %v; want 10", len(rows), err)
		}
		if got := erp.Faults().Count("cut", "").Hits; got != 2 {
			t.Errorf("the answer broke off %d times, want 2", got)
		}
	})
}
