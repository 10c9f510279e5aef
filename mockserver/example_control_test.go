package mockserver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/journal"
)

// How do I test what happens a day later, with a real server?
func ExampleServer_Clock() {
	srv, err := mockserver.New(mockserver.Config{
		Seed:  1,
		Clock: mockserver.ClockConfig{Start: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Manual: true},
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	ts := httptest.NewServer(srv)
	defer ts.Close()
	get := func(path, background string) *http.Response {
		req, _ := http.NewRequest("GET", ts.URL+path, nil)
		if background != "" {
			req.Header.Set("erp-api-background", background)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			panic(err)
		}
		resp.Body.Close()
		return resp
	}

	location := get("/v1/customerinvoice/003501", "none").Header.Get("Location")
	state := location[len(ts.URL):]
	clock := srv.Clock("") // of the default company
	for _, d := range []time.Duration{0, time.Second, 24 * time.Hour} {
		if err := clock.Advance(context.Background(), d); err != nil {
			panic(err)
		}
		fmt.Println(clock.Now().Format(time.DateTime), get(state, "").StatusCode, get(state+"/content", "").StatusCode)
	}
	// Output:
	// 2026-03-02 09:00:00 200 404
	// 2026-03-02 09:00:01 200 200
	// 2026-03-03 09:00:01 404 410
}

// How does my handler take time on a clock that a test moves?
func ExampleSleep() {
	srv, err := mockserver.New(mockserver.Config{Seed: 1, Clock: mockserver.ClockConfig{Manual: true}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	srv.Handle("POST /v1/report", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if mockserver.Sleep(r.Context(), 5*time.Minute) == nil {
			w.WriteHeader(http.StatusCreated)
		}
	}))
	submit(srv, "POST", "/v1/report", "")
	for range 2 {
		if err := srv.Clock("").Advance(context.Background(), 3*time.Minute); err != nil {
			panic(err)
		}
		op := srv.Operations()[0]
		fmt.Println(op.State, op.StatusCode)
	}
	// Output:
	// Running 0
	// Finished 201
}

// submit queues a request of a company.
func submit(srv *mockserver.Server, method, path, company string) {
	req, _ := http.NewRequest(method, mockserver.BaseURL+path, nil)
	req.Header.Set("erp-api-background", "none")
	req.Header.Set("ipp-company-id", company)
	resp, err := srv.Client().Do(req)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
}

// How do I look at what my code does while operations wait?
func ExampleServer_Queue() {
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	queue := srv.Queue("7")
	queue.Pause()
	for _, number := range []string{"003546", "003547"} {
		submit(srv, "DELETE", "/v1/customerinvoice/"+number, "7")
	}
	fmt.Println(queue.Len(), "waiting")
	op, err := queue.Step(context.Background())
	fmt.Println(op.Path, op.State, op.StatusCode, err)
	fmt.Println(queue.Len(), "waiting")
	queue.Resume()
	// Output:
	// 2 waiting
	// /v1/customerinvoice/003546 Finished 204 <nil>
	// 1 waiting
}

// How do I see what happened, and in which order?
func ExampleServer_Journal() {
	srv, err := mockserver.New(mockserver.Config{Clock: mockserver.ClockConfig{Manual: true}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	submit(srv, "DELETE", "/v1/customerinvoice/003547", "7")
	submit(srv, "DELETE", "/v1/customerinvoice/003547", "8")
	if err := srv.Clock("7").Advance(context.Background(), time.Second); err != nil {
		panic(err)
	}
	for _, e := range srv.Journal().Select(journal.Filter{Company: "7"}).Entries() {
		fmt.Println(e.Number, e.Kind)
	}
	fmt.Println(srv.Journal().Requests("8")[0].StatusCode)
	// Output:
	// 1 request
	// 2 accepted
	// 3 started
	// 4 clock
	// 5 ended
	// 202
}

// How do I begin anew without a new server?
func ExampleServer_Reset() {
	srv, err := mockserver.New(mockserver.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	submit(srv, "DELETE", "/v1/customerinvoice/003547", "7")
	submit(srv, "DELETE", "/v1/customerinvoice/003547", "8")
	id := srv.Operations()[0].ID
	if err := srv.Reset(context.Background(), "7"); err != nil {
		panic(err)
	}
	fmt.Println(len(srv.Operations()), "left")
	submit(srv, "DELETE", "/v1/customerinvoice/003547", "7")
	fmt.Println("the same id again:", srv.Operations()[1].ID == id)
	// Output:
	// 1 left
	// the same id again: true
}
