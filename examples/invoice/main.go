// Command invoice is the first program of the README: it makes an invoice in
// the background, with a mock in the place of the ERP.
//
//	go run ./examples/invoice
package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
)

const invoice = `{"customerNumber": {"value": "10045"}, "documentDate": {"value": "2026-09-01"},
	"invoiceLines": [{"operation": "Insert", "inventoryNumber": {"value": "SYK-01"}, "quantity": {"value": 2}}]}`

func main() {
	erp, err := mockserver.New(mockserver.Config{}) // stands in for the real ERP
	check(err)
	defer erp.Close()
	c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: erp.Client()})
	check(err)
	defer c.Close()

	req, err := http.NewRequest("POST", "/v2/customerinvoice", strings.NewReader(invoice))
	check(err)
	req.Header.Set("Content-Type", "application/json")
	op, err := c.Submit(context.Background(), req, client.SubmitOptions{Key: "order-4711"})
	check(err) // nothing was accepted, or it is not known whether: see the guide
	res, err := op.Wait(context.Background())
	check(err) // nil means that it ended in success, and nothing else
	fmt.Println("the ERP made invoice", res.CreatedID(), "and answered", res.StatusCode)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
