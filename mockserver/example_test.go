package mockserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

// How do I run a request in the background against the mock?
func Example() {
	told := make(chan string)
	receiver := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- string(body)
	})
	srv, err := mockserver.New(mockserver.Config{
		Seed:         1, // the same ids in every run
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": receiver}),
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	client := srv.Client()

	req, _ := http.NewRequest("POST", mockserver.BaseURL+"/v1/customerinvoice/003547/action/release", nil)
	req.Header.Set("erp-api-background", "http://hook.test/done")
	resp, err := client.Do(req)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	fmt.Println(resp.Status)

	var n struct{ StateLocation string }
	if err := json.Unmarshal([]byte(<-told), &n); err != nil {
		panic(err)
	}
	resp, err = client.Get(n.StateLocation)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	var state struct {
		Status     string
		StatusCode int
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		panic(err)
	}
	fmt.Println(state.Status, state.StatusCode)
	// Output:
	// 202 Accepted
	// Finished 200
}

// How do I mock an endpoint that is not built in?
func ExampleServer_Handle() {
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	srv.Handle("POST /v1/customerPayment/{number}/action/release", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"message":"Payment %s is already released."}`, r.PathValue("number"))
	}))
	resp, err := srv.Client().Post(mockserver.BaseURL+"/v1/customerpayment/400654/action/release", "application/json", nil)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output: 400 {"message":"Payment 400654 is already released."}
}

// How do I make the ERP refuse the first two calls, and lose every third 202
// after that, the same way in each run?
func ExampleServer_Faults() {
	srv, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{
		{Name: "busy", On: fault.OnIntake, Times: 2, Do: fault.Answer{Status: 429, RetryAfter: 30 * time.Second}},
	}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	err = srv.Faults().Add(fault.Rule{
		Name: "lost 202", On: fault.OnIntake, Method: "POST", Path: "/v2/{rest...}", Every: 3,
		Do: fault.Answer{Process: true, Drop: true},
	})
	if err != nil {
		panic(err)
	}
	for range 8 {
		req, _ := http.NewRequest("POST", mockserver.BaseURL+"/v2/customerinvoice", strings.NewReader(`{}`))
		req.Header.Set("erp-api-background", "none")
		resp, err := srv.Client().Do(req)
		if err != nil {
			fmt.Println("connection lost")
			continue
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	fmt.Println(srv.Faults().Count("lost 202", ""), len(srv.Operations()))
	// Output:
	// 429 Too Many Requests
	// 429 Too Many Requests
	// 202 Accepted
	// 202 Accepted
	// connection lost
	// 202 Accepted
	// 202 Accepted
	// connection lost
	// {6 2} 6
}

// How do I send a notification again that nobody took?
func ExampleServer_Redeliver() {
	up := false
	receiver := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !up {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	srv, err := mockserver.New(mockserver.Config{
		URLRetry:     mockserver.Retry{Attempts: 1},
		NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": receiver}),
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	req, _ := http.NewRequest("GET", mockserver.BaseURL+"/v1/customerinvoice/003501", nil)
	req.Header.Set("erp-api-background", "http://hook.test/done")
	resp, err := srv.Client().Do(req)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()

	dead := operation.DeliveryFilter{State: operation.DeliveryDead}
	for len(srv.Deliveries(dead)) == 0 {
		time.Sleep(time.Millisecond)
	}
	up = true
	for _, d := range srv.Deliveries(dead) {
		fmt.Println(srv.Redeliver(context.Background(), d.OperationID))
	}
	d := srv.Deliveries()[0]
	fmt.Println(d.State, d.Attempts[0].StatusCode, d.Attempts[1].StatusCode)
	// Output:
	// <nil>
	// Delivered 503 200
}

// How do I let operations take as long as real ones?
func ExampleLogNormal() {
	srv, err := mockserver.New(mockserver.Config{
		Seed:     1, // the n-th operation of a company takes as long in every run
		ExecTime: mockserver.LogNormal{Median: 2 * time.Second, P95: 30 * time.Second, Max: 5 * time.Minute},
	})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	d := mockserver.LogNormal{Median: 2 * time.Second, P95: 30 * time.Second}
	fmt.Println(d.For(nil, 0.5), d.For(nil, 0.95).Round(time.Second), d.For(nil, 0.99).Round(time.Second))
	// Output: 2s 30s 1m32s
}

// How do I check that my code renews its token?
func ExampleAuth() {
	srv, err := mockserver.New(mockserver.Config{Auth: mockserver.Auth{
		Mode:      mockserver.AuthStrict,
		Clients:   map[string]mockserver.AuthClient{"app": {Secret: "s3cret", Scopes: []string{mockserver.ScopeRead}}},
		Tenants:   map[string]string{"t-1": "1000001"},
		TokenLife: 10 * time.Minute,
	}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	client := srv.Client()
	resp, err := client.PostForm("https://connect.visma.com/connect/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"s3cret"}, "tenant_id": {"t-1"},
	})
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil {
		panic(err)
	}
	fmt.Println(token.ExpiresIn)
	for _, method := range []string{"GET", "DELETE"} {
		req, _ := http.NewRequest(method, mockserver.BaseURL+"/v1/customerinvoice/003547", nil)
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		resp, err := client.Do(req)
		if err != nil {
			panic(err)
		}
		resp.Body.Close()
		fmt.Println(method, resp.StatusCode)
	}
	// Output:
	// 600
	// GET 200
	// DELETE 403
}

// How do I test what my code does when a 202 is lost?
func ExampleConfig_faults() {
	srv, err := mockserver.New(mockserver.Config{Faults: []fault.Rule{
		{On: fault.OnIntake, Times: 1, Do: fault.Answer{Process: true, Drop: true}}, // accepted, and nobody hears of it
	}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	req, _ := http.NewRequest("POST", mockserver.BaseURL+"/v2/customerinvoice", strings.NewReader(`{}`))
	req.Header.Set("erp-api-background", "none")
	_, err = srv.Client().Do(req)
	fmt.Println(err != nil, len(srv.Operations()))
	// Output: true 1
}

// How do I get a mock with a real address?
func ExampleServer_socket() {
	srv, err := mockserver.New(mockserver.Config{})
	if err != nil {
		panic(err)
	}
	defer srv.Close()
	ts := httptest.NewServer(srv)
	defer ts.Close()
	resp, err := http.Get(ts.URL + "/v1/customerinvoice/003501")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}
