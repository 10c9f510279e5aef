package background_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/background"
)

// How does a queued call look without the help of package client?
func Example() {
	ctx := context.Background()
	const id = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
	mux := http.NewServeMux()
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			fmt.Printf("%s %s, header %q\n", r.Method, r.URL.Path, r.Header.Get("erp-api-background"))
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	mux.Handle("GET /v1/customerinvoice", answer(http.StatusAccepted, `{"id":"`+id+`"}`))
	mux.Handle("GET /v1/background/"+id, answer(http.StatusOK, `{"id":"`+id+`","status":"Finished","statusCode":200,"hasResponseContent":true}`))
	mux.Handle("GET /v1/background/"+id+"/content", answer(http.StatusOK, `[{"referenceNumber":"003547"},{"referenceNumber":"300142"}]`))
	srv := httptest.NewServer(mux)
	defer srv.Close()

	api, err := background.NewClientWithResponses(srv.URL)
	if err != nil {
		panic(err)
	}
	queued, err := api.ListCustomerInvoicesWithResponse(ctx, &background.ListCustomerInvoicesParams{ERPAPIBackground: "none"})
	if err != nil {
		panic(err)
	}
	state, err := api.GetBackgroundStateWithResponse(ctx, queued.JSON202.ID, nil)
	if err != nil {
		panic(err)
	}
	if s := state.JSON200; s.Status != openapi.StatusFinished || s.StatusCode != http.StatusOK {
		panic(s.Status)
	}
	content, err := api.GetBackgroundContentWithResponse(ctx, queued.JSON202.ID, nil)
	if err != nil {
		panic(err)
	}
	var invoices []openapi.CustomerInvoice
	if err := json.Unmarshal(content.Body, &invoices); err != nil {
		panic(err)
	}
	for _, invoice := range invoices {
		fmt.Println(invoice.ReferenceNumber)
	}
	// Output:
	// GET /v1/customerinvoice, header "none"
	// GET /v1/background/2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10, header ""
	// GET /v1/background/2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10/content, header ""
	// 003547
	// 300142
}
