package cookbook

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// Nobody polls for a day, and the ERP forgets the operation. A person finds its
// end in the ERP.
func TestDayOldOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		st := store.NewMemory(store.MemoryConfig{}) // the disk
		friday := newClient(t, erp, client.Config{Store: st})
		op, err := friday.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"})
		if err != nil {
			t.Fatal(err)
		}
		_ = friday.Close()
		time.Sleep(3 * 24 * time.Hour)

		monday := newClient(t, erp, client.Config{Store: st})
		op, err = monday.OperationByKey(t.Context(), op.Key())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); !errors.Is(err, client.ErrExpired) {
			t.Fatalf("wait: %v, want ErrExpired", err)
		}
		found := client.Answer{StatusCode: 201, Header: http.Header{"Location": {"/v2/customerinvoice/003549"}}}
		if err := op.Resolve(t.Context(), client.EndedWith(found, "seen in the ERP")); err != nil {
			t.Fatal(err)
		}
		if res, err := op.Wait(t.Context()); err != nil || res.CreatedID() != "003549" {
			t.Errorf("wait: %+v, %v; want the invoice that was told", res, err)
		}
	})
}

// An action fails: the operation is Finished, and its answer is a 400.
func TestFailedAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		c := newClient(t, erp, client.Config{})

		var err error
		for range 2 { // the second time it is released already
			op, submitted := c.Submit(t.Context(), release("003547"), client.SubmitOptions{})
			if submitted != nil {
				t.Fatal(submitted)
			}
			_, err = op.Wait(t.Context())
		}
		failed, ok := errors.AsType[*client.OperationError](err)
		if !ok || failed.Status != "Finished" || failed.StatusCode != http.StatusBadRequest || failed.Message == "" {
			t.Errorf("wait: %v, want a Finished 400 with the ERP's message", err)
		}
	})
}

// An action fails and is answered 200: its body says so.
func TestFailedActionWith200(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{On: fault.OnContent, Do: fault.Answer{
			Set: map[string]any{"actionResult": "Failed", "errorInfo": "The period is closed."},
		}})
		c := newClient(t, erp, client.Config{})

		op, err := c.Submit(t.Context(), release("003547"), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = op.Wait(t.Context())
		failed, ok := errors.AsType[*client.OperationError](err)
		if !ok || failed.StatusCode != http.StatusOK || failed.Message != "The period is closed." {
			t.Errorf("wait: %v, want an *OperationError with the errorInfo", err)
		}
	})
}

// The ERP's background machinery fails: the call may have had no effect.
func TestFailedMachinery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Do: fault.Queue{Fail: "The queue is out of disk."}})
		c := newClient(t, erp, client.Config{})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{Key: "order-4711"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = op.Wait(t.Context())
		failed, ok := errors.AsType[*client.OperationError](err)
		if !ok || failed.Status != "Failed" || failed.Message != "The queue is out of disk." {
			t.Errorf("wait: %v, want a Failed with the ERP's message", err)
		}
	})
}

// The ERP ends an operation with a word that nobody knows. It passes for
// neither success nor failure: a person tells.
func TestUnknownStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{On: fault.OnState, Do: fault.Answer{Set: map[string]any{"status": "Archived"}}})
		c := newClient(t, erp, client.Config{})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = op.Wait(t.Context())
		unclear, ok := errors.AsType[*client.UnclearError](err)
		if !ok || unclear.Status != "Archived" || unclear.StatusCode != http.StatusCreated {
			t.Errorf("wait: %v, want an *UnclearError with the word and the 201", err)
		}
	})
}
