package cookbook

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

const signingKey = "a key as the portal shows it"

// newERP starts a mock of the ERP that goes wrong as the rules say, and ends
// with the test.
func newERP(t *testing.T, rules ...fault.Rule) *mockservertest.Server {
	return mockservertest.Start(t, mockserver.Config{
		Subscription: mockserver.Subscription{SigningKey: signingKey},
		Faults:       rules,
	})
}

// newClient returns a client of that ERP, and has its receiver take the
// webhooks.
func newClient(t *testing.T, erp *mockservertest.Server, cfg client.Config) *client.Client {
	t.Helper()
	if cfg.Store == nil {
		cfg.Store = store.NewMemory(store.MemoryConfig{}) // on disk in a service: sqlitestore
	}
	rcv, err := receiver.New(receiver.Config{Store: cfg.Store, SigningKeys: []string{signingKey}})
	if err != nil {
		t.Fatal(err)
	}
	erp.Hook.Forward(rcv)

	cfg.BaseURL, cfg.Tenant = erp.URL(), "1000001"
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = erp.Client()
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// newInvoice is the request of these tests: two services of a bicycle.
func newInvoice() *http.Request {
	req, err := http.NewRequest("POST", "/v2/customerinvoice", strings.NewReader(`{
		"customerNumber": {"value": "10045"}, "documentDate": {"value": "2026-09-01"},
		"invoiceLines": [{"operation": "Insert", "inventoryNumber": {"value": "SYK-01"}, "quantity": {"value": 2}}]}`))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}

// release is an action: it releases an invoice of the mock.
func release(number string) *http.Request {
	req, err := http.NewRequest("POST", "/v1/customerinvoice/"+number+"/action/release", nil)
	if err != nil {
		panic(err)
	}
	return req
}

// accepted counts what the ERP has accepted.
func accepted(t *testing.T, erp *mockservertest.Server, want int) {
	t.Helper()
	if got := len(erp.Operations()); got != want {
		t.Errorf("the ERP accepted %d operations, want %d", got, want)
	}
}
