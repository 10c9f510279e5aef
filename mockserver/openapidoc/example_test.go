package openapidoc_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// A mock of any API: what was created can be read again.
func ExampleNew() {
	doc, err := openapidoc.New(openapidoc.Config{File: "testdata/shop.yaml", Stateful: true})
	if err != nil {
		panic(err) // with file, line and column
	}
	srv, err := mockserver.New(mockserver.Config{Fallbacks: []mockserver.Fallback{doc}})
	if err != nil {
		panic(err)
	}
	defer srv.Close()

	created, err := srv.Client().Post(mockserver.BaseURL+"/pets", "application/json", strings.NewReader(`{"id":7,"name":"Rex","tag":"dog"}`))
	if err != nil {
		panic(err)
	}
	pet, err := srv.Client().Get(created.Header.Get("Location"))
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(pet.Body)
	if err != nil {
		panic(err)
	}
	fmt.Println(pet.StatusCode, string(body))
	// Output: 200 {"id":7,"name":"Rex","tag":"dog"}
}
