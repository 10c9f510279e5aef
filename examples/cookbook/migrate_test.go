package cookbook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
)

const invoice = `{"customerNumber": {"value": "10045"}, "documentDate": {"value": "2026-09-01"},
	"invoiceLines": [{"operation": "Insert", "inventoryNumber": {"value": "SYK-01"}, "quantity": {"value": 2}}]}`

// byHand is the loop that most integrations begin with.
func byHand(ctx context.Context, erp *http.Client, root string) (number string, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", root+"/v2/customerinvoice", strings.NewReader(invoice))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("erp-api-background", "none")
	resp, err := erp.Do(req)
	if err != nil {
		return "", err // is there an invoice now?
	}
	defer resp.Body.Close()
	var accepted struct{ StateLocation string }
	if err := json.NewDecoder(resp.Body).Decode(&accepted); err != nil {
		return "", err // what if it was a 429?
	}
	for {
		time.Sleep(2 * time.Second) // for how long?
		resp, err := erp.Get(accepted.StateLocation)
		if err != nil {
			return "", err // and now the id is lost
		}
		var state struct {
			Status          string
			ResponseHeaders map[string]string
		}
		err = json.NewDecoder(resp.Body).Decode(&state)
		resp.Body.Close()
		if err != nil {
			return "", err // a page of a proxy
		}
		if state.Status == "Finished" { // also for a 400
			return path.Base(state.ResponseHeaders["Location"]), nil
		}
	}
}

// byTransport is the same call without the loop.
func byTransport(ctx context.Context, c *client.Client, root string) (number string, err error) {
	erp := &http.Client{Transport: c.Transport()}
	ctx = client.InBackground(ctx, client.SubmitOptions{Key: "order-4711"})
	req, err := http.NewRequestWithContext(ctx, "POST", root+"/v2/customerinvoice", strings.NewReader(invoice))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := erp.Do(req)
	if err != nil {
		return "", err // *client.UncertainError says that it may have been accepted
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the ERP answered %s", resp.Status)
	}
	return path.Base(resp.Header.Get("Location")), nil
}

func TestMigrating(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		number, err := byHand(t.Context(), erp.Client(), erp.URL())
		if err != nil || number != "003549" {
			t.Errorf("by hand: %q, %v; want 003549", number, err)
		}
		number, err = byTransport(t.Context(), newClient(t, erp, client.Config{}), erp.URL())
		if err != nil || number != "003550" {
			t.Errorf("by the transport: %q, %v; want 003550", number, err)
		}
	})
}

// What the old loop left is taken over by its id, from a log or a table.
func TestTakeOverByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		req, err := http.NewRequest("POST", erp.URL()+"/v2/customerinvoice", strings.NewReader(invoice))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("erp-api-background", "none")
		resp, err := erp.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		id := erp.Operations()[0].ID // what the old program wrote down

		c := newClient(t, erp, client.Config{})
		op, err := c.Operation(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil || res.CreatedID() != "003549" {
			t.Errorf("wait: %+v, %v; want the invoice 003549", res, err)
		}
	})
}
