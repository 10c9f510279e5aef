// Command anyoperation calls operations that are outside of this module's
// contract: the client is generated from another document, which the mock answers from.
//
//	go run ./examples/anyoperation
//
// The document is erp.json. What follows from it was written by
//
//	bgspec foreground erp.json --tag SupplierInvoice --mend dates,decimals,headers -o supplierinvoice.yaml
//	oapi-codegen -config oapi-codegen.yaml -o supplierinvoice/client.gen.go supplierinvoice.yaml
package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/examples/anyoperation/supplierinvoice"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
	"github.com/vismanet-go/background/openapi"
)

//go:embed erp.json
var document []byte

func main() {
	erp := mock() // stands in for the real ERP
	defer erp.Close()
	check(run(context.Background(), erp, os.Stdout))
}

func run(ctx context.Context, erp *mockserver.Server, out io.Writer) error {
	c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: erp.Client()})
	if err != nil {
		return err
	}
	defer c.Close()
	number, err := create(ctx, c)
	if err != nil {
		return err
	}
	invoice, err := read(ctx, c, number)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "the ERP made a supplier invoice of supplier", *invoice.SupplierNumber)
	amount, err := amountOf(ctx, c, "200371")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "another one is over", amount)
	return nil
}

// mock returns a mock that answers what the document has.
func mock() *mockserver.Server {
	doc, err := openapidoc.New(openapidoc.Config{Source: document, Name: "erp.json", Stateful: true})
	check(err)
	erp, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{doc}})
	check(err)
	return erp
}

// create submits a typed request and waits for its end, which it could as well
// do later, or elsewhere. It returns the number of the invoice.
func create(ctx context.Context, c *client.Client) (string, error) {
	req, err := supplierinvoice.NewSupplierInvoiceCreateRequest("/", supplierinvoice.SupplierInvoiceUpdateDto{
		SupplierNumber: &supplierinvoice.DtoValueString{Value: new("50021")},
		Date:           &supplierinvoice.DtoValueDateTime{Value: new("2026-09-01T00:00:00")},
		InvoiceLines: &[]supplierinvoice.SupplierInvoiceLineUpdateDto{{
			Operation:          new(supplierinvoice.Insert),
			Quantity:           &supplierinvoice.DtoValueDecimal{Value: new(openapi.Decimal("3"))},
			UnitCostInCurrency: &supplierinvoice.DtoValueDecimal{Value: new(openapi.Decimal("0.10"))},
		}},
	})
	if err != nil {
		return "", err
	}
	op, err := c.Submit(ctx, req, client.SubmitOptions{Key: "scan-4711", Kind: "supplierInvoice.create"})
	if err != nil {
		return "", err // nothing was accepted, or it is not known whether: see the guide
	}
	res, err := op.Wait(ctx)
	if err != nil {
		return "", err
	}
	return res.CreatedID(), nil
}

// read submits a request and decodes its answer into the generated type.
func read(ctx context.Context, c *client.Client, number string) (supplierinvoice.SupplierInvoiceDto, error) {
	req, err := supplierinvoice.NewSupplierInvoiceGetRequest("/", number)
	if err != nil {
		return supplierinvoice.SupplierInvoiceDto{}, err
	}
	op, err := c.Submit(ctx, req, client.SubmitOptions{Kind: "supplierInvoice.get"})
	if err != nil {
		return supplierinvoice.SupplierInvoiceDto{}, err
	}
	res, err := op.Wait(ctx)
	if err != nil {
		return supplierinvoice.SupplierInvoiceDto{}, err
	}
	return client.Decode[supplierinvoice.SupplierInvoiceDto](ctx, res)
}

// amountOf does the same by the generated client, whose HTTP doer is the client
// of the background API.
func amountOf(ctx context.Context, c *client.Client, number string) (openapi.Decimal, error) {
	api, err := supplierinvoice.NewClientWithResponses(mockserver.BaseURL, supplierinvoice.WithHTTPClient(c))
	if err != nil {
		return "", err
	}
	answer, err := api.SupplierInvoiceGetWithResponse(ctx, number)
	if err != nil {
		return "", err
	}
	if answer.JSON200 == nil {
		return "", fmt.Errorf("supplier invoice %s: %s", number, answer.Status())
	}
	return *answer.JSON200.AmountInCurrency, nil // its digits, not a float
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
