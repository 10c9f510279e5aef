package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

// Somebody has looked in the ERP and tells what became of a request whose
// answer was lost.
func ExampleClient_Uncertain() {
	ctx := context.Background()
	mock, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{
		{On: fault.OnIntake, Method: http.MethodPost, Do: fault.Answer{Process: true, Drop: true}}, // stored, and then the connection breaks
	}})
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	req, _ := http.NewRequest("POST", "/v2/customerinvoice", nil)
	_, err = c.Submit(ctx, req, client.SubmitOptions{Key: "order-4711"})
	if _, lost := errors.AsType[*client.UncertainError](err); !lost {
		panic(err)
	}
	for op, err := range c.Uncertain(ctx) {
		if err != nil {
			panic(err)
		}
		state, err := op.State(ctx)
		if err != nil {
			panic(err)
		}
		fmt.Println(op.Key(), "is", state.Phase)
		found := client.Answer{StatusCode: 201, Header: http.Header{"Location": {"/v2/customerinvoice/003549"}}}
		if err := op.Resolve(ctx, client.EndedWith(found, "seen in the ERP")); err != nil {
			panic(err)
		}
		res, err := op.Wait(ctx)
		if err != nil {
			panic(err)
		}
		fmt.Println("invoice", res.CreatedID(), res.Told)
	}
	// Output:
	// order-4711 is uncertain
	// invoice 003549 seen in the ERP
}
