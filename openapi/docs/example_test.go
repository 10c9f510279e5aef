package docs_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"strings"

	"github.com/vismanet-go/background/openapi/docs"
)

// How do I show the reference page?
func ExampleHandler() {
	srv := httptest.NewServer(docs.Handler())
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL + "/docs")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(resp.StatusCode, resp.Header.Get("Content-Type"))
	fmt.Println(strings.Contains(string(page), "Visma.net ERP API in the background"))
	// Output:
	// 200 text/html; charset=utf-8
	// true
}
