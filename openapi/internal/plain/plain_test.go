//go:build plain

// Package plain_test is run by `make verify`, which generates package plain and
// lays it over this directory; the tag keeps it from `go test ./...`.
package plain_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi/internal/plain"
)

// TestForeignGeneratedClientRunsThroughTheTransport takes a client that was
// generated with other options than ours, and changes nothing of it but the
// http.Client.
func TestForeignGeneratedClientRunsThroughTheTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		c, err := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		transport := c.Transport()
		transport.Match = client.MatchAll
		api, err := plain.NewClientWithResponses("https://erp.mock", plain.WithHTTPClient(&http.Client{Transport: transport}))
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()

		body := strings.NewReader(`{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
			"invoiceLines":[{"operation":"Insert","description":{"value":"Service"},"quantity":{"value":1},"unitPriceInCurrency":{"value":80}}]}`)
		made, err := api.CreateCustomerInvoiceWithBodyWithResponse(ctx, nil, "application/json", body)
		if err != nil || made.StatusCode() != 201 {
			t.Fatalf("create: %v, %+v", err, made)
		}
		location := made.HTTPResponse.Header.Get("Location")
		number := location[strings.LastIndex(location, "/")+1:]

		one, err := api.GetCustomerInvoiceWithResponse(ctx, number, nil)
		if err != nil || one.JSON200 == nil || one.HTTPResponse.Header.Get("Etag") == "" {
			t.Fatalf("get: %v, %+v", err, one)
		}
		list, err := api.ListCustomerInvoicesWithResponse(ctx, nil)
		if err != nil || list.JSON200 == nil || len(*list.JSON200) == 0 {
			t.Fatalf("list: %v, %+v", err, list)
		}
		stale := `"AAAAAAAAAAA="`
		changed, err := api.UpdateCustomerInvoiceWithBodyWithResponse(ctx, number, &plain.UpdateCustomerInvoiceParams{IfMatch: &stale},
			"application/json", strings.NewReader(`{"note":{"value":"x"}}`))
		if err != nil || changed.StatusCode() != 412 {
			t.Errorf("update with a stale version: %v, %+v", err, changed)
		}
		bad, err := api.CreateCustomerInvoiceWithBodyWithResponse(ctx, nil, "application/json", strings.NewReader(`{}`))
		if err != nil || bad.JSON400 == nil || bad.JSON400.Message == nil || *bad.JSON400.Message == "" {
			t.Errorf("create with nothing: %v, %+v", err, bad)
		}
		released, err := api.ReleaseCustomerInvoiceWithResponse(ctx, number, nil)
		if err != nil || released.JSON200 == nil {
			t.Errorf("release: %v, %+v", err, released)
		}
		if n := len(mock.Operations()); n != 6 {
			t.Errorf("%d of 6 calls ran in the background", n)
		}
	})
}
