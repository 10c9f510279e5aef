package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
)

// Find out at the start whether calls are going to work: here nothing adds a token.
func ExampleClient_Check() {
	ctx := context.Background()
	mock, err := mockserver.New(mockserver.Config{Auth: mockserver.Auth{ // the real API in production
		Mode: mockserver.AuthStrict, Clients: map[string]mockserver.AuthClient{"app": {Secret: "a secret of the application"}},
	}})
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	c, err := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	_, err = c.Check(ctx)
	if wrong, ok := errors.AsType[*client.CheckError](err); ok {
		fmt.Println(wrong.Field)
	}
	// Output: HTTPClient
}

// Look at what a client may call, and what it has to do.
func ExampleClient_Stats() {
	ctx := context.Background()
	mock, err := mockserver.New(mockserver.Config{
		ExecTime:  mockserver.Fixed(time.Minute),
		RateLimit: mockserver.RateLimit{Limit: 5000, Window: time.Hour},
	})
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	c, err := client.New(client.Config{BaseURL: "https://erp.mock", HTTPClient: mock.Client()})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	req, _ := http.NewRequest("GET", "/v1/customerinvoice", nil)
	if _, err := c.Submit(ctx, req, client.SubmitOptions{}); err != nil {
		panic(err)
	}

	s, err := c.Stats(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println("calls:", s.Budget.Left, "of", s.Budget.Limit, "are left,", s.Budget.Waiting.Total(), "wait")
	fmt.Println("at the ERP:", s.Pending.Accepted)
	// Output:
	// calls: 4999 of 5000 are left, 0 wait
	// at the ERP: 1
}
