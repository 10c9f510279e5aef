package erp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/erp"
)

// How do I read an invoice?
func Example() {
	ctx := context.Background()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"AAAAAAB3K9E="`)
		io.WriteString(w, `{"referenceNumber":"300142","status":"Balanced","customer":{"number":"10045"},"note":null}`)
	}))
	defer srv.Close()

	api, err := erp.NewClientWithResponses(srv.URL)
	if err != nil {
		panic(err)
	}
	resp, err := api.GetCustomerInvoiceWithResponse(ctx, "300142", nil)
	if err != nil {
		panic(err)
	}
	invoice := resp.JSON200
	fmt.Println(invoice.ReferenceNumber, invoice.Status, invoice.Customer.Number, *resp.Headers200.ETag)
	// Output: 300142 Balanced 10045 "AAAAAAB3K9E="
}

// How do I create an invoice, and learn its number?
func ExampleClientWithResponses_CreateCustomerInvoiceWithResponse() {
	ctx := context.Background()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, string(body))
		w.Header().Set("Location", "https://api.finance.visma.net/v1/customerinvoice/300142")
		w.WriteHeader(http.StatusCreated)
	}))
	defer srv.Close()

	api, err := erp.NewClientWithResponses(srv.URL)
	if err != nil {
		panic(err)
	}
	resp, err := api.CreateCustomerInvoiceWithResponse(ctx, nil, erp.CustomerInvoiceUpdate{
		CustomerNumber: openapi.Set("10045"),
		DocumentDate:   openapi.Set("2026-09-01"),
		InvoiceLines: []erp.CustomerInvoiceUpdateLine{{
			Operation:       openapi.LineOperationInsert,
			InventoryNumber: openapi.Set("SYK-01"),
			Quantity:        openapi.Set(2.0),
		}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.StatusCode(), *resp.Headers201.Location)
	// Output:
	// POST /v2/customerinvoice {"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"invoiceLines":[{"inventoryNumber":{"value":"SYK-01"},"operation":"Insert","quantity":{"value":2}}]}
	// 201 https://api.finance.visma.net/v1/customerinvoice/300142
}

// What do I see of a refusal?
func ExampleClientWithResponses_ReleaseCustomerInvoiceWithResponse() {
	ctx := context.Background()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"message":"The invoice is already released."}`)
	}))
	defer srv.Close()

	api, err := erp.NewClientWithResponses(srv.URL)
	if err != nil {
		panic(err)
	}
	version := `"AAAAAAB3K9E="`
	resp, err := api.ReleaseCustomerInvoiceWithResponse(ctx, "300142", &erp.ReleaseCustomerInvoiceParams{IfMatch: &version})
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.StatusCode(), resp.JSON400.Message)
	// Output: 400 The invoice is already released.
}
