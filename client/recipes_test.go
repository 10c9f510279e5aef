package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// newClient is a client of the mock that polls often, so that the examples
// are quick.
func newClient(mock *mockserver.Server, st store.Store) *client.Client {
	c, err := client.New(client.Config{
		BaseURL: "https://erp.mock", HTTPClient: mock.Client(), Store: st,
		Schedule: func(client.PollInfo) time.Duration { return 50 * time.Millisecond },
	})
	if err != nil {
		panic(err)
	}
	return c
}

func get(path string) *http.Request {
	req, err := http.NewRequest("GET", path, nil)
	if err != nil {
		panic(err)
	}
	return req
}

// An existing client of the ERP: its writes run in the background from now on.
func ExampleClient_Transport() {
	mock := newMock()
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	transport := c.Transport()
	transport.OnAccepted = func(_ context.Context, op *client.Operation) { fmt.Println("accepted", op.ID() != "") }
	erpClient := &http.Client{Transport: transport} // no Timeout: see the documentation of Transport

	resp, err := erpClient.Post("https://erp.mock/v1/customerinvoice/003547/action/release", "application/json", nil)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, strings.Contains(string(body), `"actionResult":"Done"`))
	// Output:
	// accepted true
	// 200 true
}

// Per request, a context chooses.
func ExampleInBackground() {
	mock := newMock()
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()
	erpClient := &http.Client{Transport: c.Transport()}

	ctx := client.InBackground(context.Background(), client.SubmitOptions{Key: "export-2026-09"})
	resp, err := erpClient.Do(get("https://erp.mock/v1/customerinvoice?pageSize=2").WithContext(ctx))
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode, len(mock.Operations()))
	// Output: 200 1
}

// Many at once: submitted four at a time, handled as they complete.
func ExampleAsCompleted() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	pages := func(yield func(client.Item) bool) {
		for page := range 5 {
			path := fmt.Sprintf("/v1/customerinvoice?pageNumber=%d&pageSize=10", page+1)
			if !yield(client.Item{Request: get(path)}) {
				return
			}
		}
	}
	var ops []*client.Operation
	for page, err := range c.SubmitAll(ctx, pages, 4) {
		if err != nil {
			panic(err)
		}
		ops = append(ops, page.Operation)
	}
	rows := 0
	for op, err := range client.AsCompleted(ctx, ops...) {
		if err != nil {
			panic(err)
		}
		res, _ := op.Wait(ctx) // at once: it has completed
		page, err := client.Decode[[]struct{ ReferenceNumber string }](ctx, res)
		if err != nil {
			panic(err)
		}
		rows += len(page)
	}
	fmt.Println(len(ops), rows)
	// Output: 5 48
}

// All results, in the order of the operations.
func ExampleWaitAll() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	first, _ := c.Submit(ctx, get("/v1/customerinvoice/003547"), client.SubmitOptions{})
	second, _ := c.Submit(ctx, get("/v1/customerinvoice/000000"), client.SubmitOptions{})
	results, err := client.WaitAll(ctx, first, second)
	fmt.Println(results[0].StatusCode, results[1].StatusCode, err != nil)
	// Output: 200 404 true
}

// After a restart: what was not acknowledged is waited for again.
func ExampleClient_Pending() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	st := store.NewMemory(store.MemoryConfig{}) // one that lasts, in a real program
	defer st.Close()

	before := newClient(mock, st)
	if _, err := before.Submit(ctx, get("/v1/customerinvoice/003547"), client.SubmitOptions{Key: "read-003547"}); err != nil {
		panic(err)
	}
	before.Close()

	after := newClient(mock, st)
	defer after.Close()
	for op, err := range after.Pending(ctx) {
		if err != nil {
			panic(err)
		}
		res, err := op.Wait(ctx)
		if err != nil {
			panic(err)
		}
		fmt.Println(op.Key(), res.StatusCode)
		if err := op.Ack(ctx); err != nil { // "I have the result"
			panic(err)
		}
	}
	// Output: read-003547 200
}

// Hand an operation to another process.
func ExampleOperation_Token() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	here, there := newClient(mock, nil), newClient(mock, nil)
	defer here.Close()
	defer there.Close()

	op, err := here.Submit(ctx, get("/v1/customerinvoice/003547"), client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	token, err := op.Token(ctx)
	if err != nil {
		panic(err)
	}
	same, err := there.Resume(ctx, token)
	if err != nil {
		panic(err)
	}
	res, err := same.Wait(ctx)
	fmt.Println(same.ID() == op.ID(), res.StatusCode, err)
	// Output: true 200 <nil>
}

// An answer was lost: nobody sends the request again, a person decides.
func ExampleOperation_Resolve() {
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

	req, _ := http.NewRequest("POST", "/v1/customerinvoice/003547/action/release", nil)
	_, err = c.Submit(ctx, req, client.SubmitOptions{Key: "release-003547"})
	if unclear, ok := errors.AsType[*client.UncertainError](err); ok {
		fmt.Println("uncertain, safe to repeat:", unclear.SafeToRepeat)
	}
	for op, err := range c.Uncertain(ctx) {
		if err != nil {
			panic(err)
		}
		id := mock.Operations()[0].ID // found by hand
		if err := op.Resolve(ctx, client.AcceptedAs(id)); err != nil {
			panic(err)
		}
		res, err := op.Wait(ctx)
		fmt.Println(op.Key(), res.StatusCode, err)
	}
	// Output:
	// uncertain, safe to repeat: false
	// release-003547 200 <nil>
}

// A large answer is streamed.
func ExampleResult_Open() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	op, err := c.Submit(ctx, get("/v1/customerinvoice?pageSize=100"), client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	res, err := op.Wait(ctx)
	if err != nil {
		panic(err)
	}
	body, err := res.Open(ctx)
	if err != nil {
		panic(err)
	}
	defer body.Close()
	n, err := io.Copy(io.Discard, body)
	fmt.Println(n > 100_000, err)
	// Output: true <nil>
}

// Watch an operation's progress.
func ExampleOperation_Watch() {
	ctx := context.Background()
	mock, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(200 * time.Millisecond)})
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	op, err := c.Submit(ctx, get("/v1/customerinvoice"), client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	var last client.State
	for s, err := range op.Watch(ctx) {
		if err != nil {
			panic(err)
		}
		last = s
	}
	fmt.Println(last.Phase, last.Status, last.StatusCode)
	// Output: settled Finished 200
}

// Every completion reaches its handler at least once, on any replica.
func ExampleClient_Run() {
	mock := newMock()
	defer mock.Close()
	handled := make(chan string, 1)
	c, err := client.New(client.Config{
		BaseURL: "https://erp.mock", HTTPClient: mock.Client(),
		OnComplete: map[string]client.Handler{
			"release": func(ctx context.Context, done client.Completion) error {
				if done.Err != nil { // an *OperationError, or ErrExpired
					return client.Discard(done.Err)
				}
				handled <- fmt.Sprint(done.Metadata["order"], " ", done.Result.StatusCode)
				return nil // nil completes; an error has it run again later
			},
		},
		Schedule: func(client.PollInfo) time.Duration { return 50 * time.Millisecond },
	})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()

	req, _ := http.NewRequest("POST", "/v1/customerinvoice/003547/action/release", nil)
	_, err = c.Submit(ctx, req, client.SubmitOptions{Kind: "release", Metadata: map[string]string{"order": "4711"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(<-handled)
	cancel()
	fmt.Println(<-ended)
	// Output:
	// 4711 200
	// <nil>
}
