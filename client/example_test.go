package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/erp"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// newMock is the ERP of the examples: the real API in production.
func newMock() *mockserver.Server {
	mock, err := mockserver.New(mockserver.Config{})
	if err != nil {
		panic(err)
	}
	return mock
}

// Submit a request, wait for its real answer, decode it.
func Example() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c, err := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	req, _ := http.NewRequest("GET", "/v1/customerinvoice?pageNumber=1&pageSize=3", nil)
	op, err := c.Submit(ctx, req, client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	res, err := op.Wait(ctx)
	if err != nil {
		panic(err)
	}
	invoices, err := client.Decode[[]openapi.CustomerInvoice](ctx, res)
	if err != nil {
		panic(err)
	}
	fmt.Println(res.Status, res.StatusCode, len(invoices))
	// Output: Finished 200 3
}

// A generated client runs in the background when the Client is its doer.
func ExampleClient_Do() {
	mock := newMock()
	defer mock.Close()
	c, err := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	api, err := erp.NewClientWithResponses("https://erp.mock", erp.WithHTTPClient(c))
	if err != nil {
		panic(err)
	}
	size := erp.PageSize(2)
	answer, err := api.ListCustomerInvoicesWithResponse(context.Background(), &erp.ListCustomerInvoicesParams{PageSize: &size})
	if err != nil {
		panic(err)
	}
	fmt.Println(answer.StatusCode(), len(*answer.JSON200))
	// Output: 200 2
}

// Client and receiver share a store: what one hears wakes the other.
func ExampleSubscription() {
	ctx := context.Background()
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()

	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{"the key shown in the portal"}})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/webhooks/erp")

	mock, err := mockserver.New(mockserver.Config{
		Subscription: mockserver.Subscription{URL: "https://hooks.example/webhooks/erp", SigningKey: "the key shown in the portal"},
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hooks.example": mux}),
	})
	if err != nil {
		panic(err)
	}
	defer mock.Close()

	c, err := client.New(client.Config{
		BaseURL: "https://erp.mock", HTTPClient: mock.Client(), Store: st, Notify: client.Subscription(),
	})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	body := `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
		"invoiceLines":[{"operation":"Insert","description":{"value":"Service"},"quantity":{"value":1},"unitPriceInCurrency":{"value":100}}]}`
	req, _ := http.NewRequest("POST", "/v2/customerinvoice", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	op, err := c.Submit(ctx, req, client.SubmitOptions{Key: "order-4711"})
	if err != nil {
		panic(err)
	}
	res, err := op.Wait(ctx)
	if err != nil {
		panic(err)
	}
	s, _ := op.State(ctx)
	fmt.Println(res.StatusCode, res.Header.Get("Location") != "", !s.Notified.IsZero(), s.Polls)
	// Output: 201 true true 1
}

// An answer that is not a 2xx comes as result and as error.
func ExampleOperationError() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c, _ := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
	defer c.Close()

	req, _ := http.NewRequest("PUT", "/v1/customerinvoice/000000", strings.NewReader(`{"note":{"value":"x"}}`))
	op, err := c.Submit(ctx, req, client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	_, err = op.Wait(ctx)
	if failed, ok := errors.AsType[*client.OperationError](err); ok {
		fmt.Println(failed.Status, failed.StatusCode)
	}
	// Output: Finished 404
}

// The context bounds the wait, not the operation.
func ExamplePendingError() {
	mock, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(time.Hour)})
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	c, _ := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
	defer c.Close()

	req, _ := http.NewRequest("GET", "/v1/customerinvoice", nil)
	op, err := c.Submit(context.Background(), req, client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = op.Wait(ctx)
	if pending, ok := errors.AsType[*client.PendingError](err); ok {
		fmt.Println(pending.ID == op.ID(), errors.Is(err, context.DeadlineExceeded))
	}
	// Output: true true
}
