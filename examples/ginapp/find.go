package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/store"
)

// findInvoice is the resolver of invoices: it looks for the invoice of an order by
// the order's number, where no answer and no notification told what became of the
// call. If there is one, the order goes on by itself. If there is none, a person
// decides: that the order may be posted again is theirs to say.
func (a *app) findInvoice(ctx context.Context, u client.Unresolved) (client.Resolution, error) {
	var none client.Resolution
	if u.State.Phase != store.Uncertain {
		return none, client.ErrNotYet // what a new word of the ERP means, a person decides as well
	}
	api, err := erp.NewClientWithResponses(a.erpURL, erp.WithHTTPClient(u.Client))
	if err != nil {
		return none, err
	}
	order := u.Metadata["order"]
	found, err := api.ListCustomerInvoicesWithResponse(client.InForeground(ctx), &erp.ListCustomerInvoicesParams{ExternalReference: &order})
	switch {
	case err != nil:
		return none, err
	case found.JSON200 == nil:
		return none, fmt.Errorf("the search for order %s was answered %s", order, found.Status())
	case len(*found.JSON200) == 0:
		return none, client.ErrNotYet
	}
	location := "/v1/customerinvoice/" + (*found.JSON200)[0].ReferenceNumber
	answer := client.Answer{StatusCode: http.StatusCreated, Header: http.Header{"Location": {location}}}
	return client.EndedWith(answer, "an invoice has the external reference "+order), nil
}
