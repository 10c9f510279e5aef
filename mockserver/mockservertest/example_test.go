package mockservertest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/mockservertest"
)

// order is the code under test: it sends an order as an invoice, and wants to
// be notified.
func order(erp *http.Client, url, customer string) {
	req, _ := http.NewRequest("POST", url+"/v2/customerinvoice", strings.NewReader(
		`{"customerNumber":{"value":"`+customer+`"},"documentDate":{"value":"2026-09-01"},`+
			`"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`))
	req.Header.Set("erp-api-background", "subscription:order=4711")
	resp, err := erp.Do(req)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
}

// A printer stands for the *testing.T of a test; it prints what fails.
type printer struct{ testing.TB }

func (printer) Helper()                      {}
func (printer) Cleanup(func())               {}
func (printer) Context() context.Context     { return context.Background() }
func (printer) Fatalf(f string, args ...any) { fmt.Printf(f+"\n", args...) }

// How do I test that my code submits the right thing, and is told when it is
// done?
func Example() {
	var t printer // in a test: its *testing.T
	srv := mockservertest.Start(t, mockserver.Config{})
	defer srv.Close() // in a test: done at its end

	order(srv.Client(), srv.URL(), "10045")

	mockservertest.RequireRequest(t, srv, mockservertest.Request{
		Method: "POST", Path: "/v2/customerinvoice", Body: `{"customerNumber":{"value":"10045"}}`,
	})
	d := mockservertest.RequireDelivered(t, srv, mockservertest.Delivery{Header: map[string]string{"order": "4711"}})
	op := mockservertest.RequireOperation(t, srv, mockservertest.Operation{ID: d.OperationID})
	mockservertest.RequireNoMore(t, srv, mockservertest.Request{}, mockservertest.Delivery{})
	fmt.Println(op.State, op.StatusCode)
	// Output: Finished 201
}

// What does a test say that fails?
func ExampleRequireRequest() {
	var t printer // in a test: its *testing.T
	srv := mockservertest.Start(t, mockserver.Config{})
	defer srv.Close()

	order(srv.Client(), srv.URL(), "10099")

	mockservertest.RequireRequest(t, srv, mockservertest.Request{
		Method: "POST", Path: "/v2/customerinvoice", Body: `{"customerNumber":{"value":"10045"}}`, Within: 1,
	})
	// Output:
	// mockserver: no request fits {Method: POST, Path: /v2/customerinvoice, Body: {"customerNumber":{"value":"10045"}}} within 1ns
	// closest of 1 request: POST /v2/customerinvoice, answered 202
	// 	Body.customerNumber.value: got "10099", want "10045"
}
