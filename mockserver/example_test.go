package mockserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/vismanet-go/background/mockserver"
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

// How do I test what my code does when a 202 is lost?
func ExampleFault() {
	first := true
	srv, err := mockserver.New(mockserver.Config{
		Fault: func(*http.Request) *mockserver.Fault {
			if !first {
				return nil
			}
			first = false
			return &mockserver.Fault{Process: true, Drop: true} // accepted, and nobody hears of it
		},
	})
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
