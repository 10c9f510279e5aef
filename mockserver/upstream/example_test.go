package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// An API that knows nothing of a background gets one.
func Example() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s", r.Method, r.URL)
	}))
	defer api.Close()

	up, err := upstream.New(upstream.Config{URL: api.URL})
	if err != nil {
		panic(err)
	}
	defer up.Close()
	srv, err := mockserver.New(mockserver.Config{NoERP: true, Fallbacks: []mockserver.Fallback{up}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()

	req, err := http.NewRequest(http.MethodPost, mockserver.BaseURL+"/orders?dryRun=1", strings.NewReader("{}"))
	if err != nil {
		panic(err)
	}
	req.Header.Set("erp-api-background", "none")
	resp, err := srv.Client().Do(req)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	if err := srv.Clock("").Drain(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(resp.StatusCode)
	for _, op := range srv.Operations() {
		fmt.Println(op.Method, op.Path, op.State, op.StatusCode)
	}
	// Output:
	// 202
	// POST /orders?dryRun=1 Finished 201
}
