package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// findInvoice looks for the invoice of an order. The order's number is in the
// invoice's external reference, because whoever submitted it put it there.
func findInvoice(ctx context.Context, u client.Unresolved) (client.Resolution, error) {
	ctx = client.InForeground(ctx)
	address := "https://erp.mock/v1/customerinvoice?externalReference=" + url.QueryEscape(u.Key)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return client.Resolution{}, err
	}
	resp, err := u.Client.Do(req)
	if err != nil {
		return client.Resolution{}, err
	}
	defer resp.Body.Close()
	var found []struct {
		ReferenceNumber string `json:"referenceNumber"`
	}
	if resp.StatusCode != http.StatusOK {
		return client.Resolution{}, errors.New("the search was answered " + resp.Status) // and not that nothing is there
	}
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		return client.Resolution{}, err
	}
	if len(found) == 0 {
		// It counts once Config.UncertainAfter is over; until then it is asked again.
		return client.NotAccepted("no invoice has the external reference " + u.Key), nil
	}
	location := "/v1/customerinvoice/" + found[0].ReferenceNumber
	answer := client.Answer{StatusCode: http.StatusCreated, Header: http.Header{"Location": {location}}}
	return client.EndedWith(answer, "an invoice has the external reference "+u.Key), nil
}

// The answer to a submit was lost, and the invoice was made: it is found by the
// order's number, and the order goes on without a person.
func ExampleResolver() {
	ctx, stop := context.WithCancel(context.Background())
	mock, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{
		{On: fault.OnIntake, Method: http.MethodPost, Do: fault.Answer{Process: true, Drop: true}}, // stored, and then the connection breaks
	}})
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	made := make(chan string)
	c, err := client.New(client.Config{
		BaseURL: "https://erp.mock", HTTPClient: mock.Client(),
		Resolvers: map[string]client.Resolver{"invoice": findInvoice},
		OnComplete: map[string]client.Handler{"invoice": func(_ context.Context, done client.Completion) error {
			made <- done.Key + ": " + done.Result.CreatedID() + ", " + done.Result.Told
			return nil
		}},
	})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	body := strings.NewReader(`{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"externalReference":{"value":"order-4711"},"invoiceLines":[{"operation":"Insert",
		"description":{"value":"Sykkelservice"},"quantity":{"value":2},"unitPriceInCurrency":{"value":500}}]}`)
	req, _ := http.NewRequest("POST", "/v1/customerinvoice", body)
	_, err = c.Submit(ctx, req, client.SubmitOptions{Key: "order-4711", Kind: "invoice"})
	if _, lost := errors.AsType[*client.UncertainError](err); !lost {
		panic(err)
	}
	if err := mock.Clock("").Advance(ctx, time.Minute); err != nil { // the ERP works through its queue
		panic(err)
	}
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	fmt.Println(<-made)
	stop()
	if err := <-ended; err != nil {
		panic(err)
	}
	// Output:
	// order-4711: 003549, the resolver of "invoice": an invoice has the external reference order-4711
}
