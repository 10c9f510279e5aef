package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/openapi"
)

// A whole list, page by page. What is stored with each row is where to go on.
func ExamplePages() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c := newClient(mock, nil)
	defer c.Close()

	var last client.Position // as it was stored; the zero value begins with the first row
	rows := 0
	export := func(invoice openapi.CustomerInvoice) { rows++ }

	opts := client.PagesOptions{PageSize: 20, After: last}
	for row, err := range client.Pages[openapi.CustomerInvoice](ctx, c, get("/v1/customerinvoice?documentDate=2026-01-01&documentDateCondition=%3E"), opts) {
		if failed, ok := errors.AsType[*client.PageError](err); ok {
			fmt.Println("stopped at page", failed.Page, failed.Err)
			break
		}
		export(row.Value)
		last = row.Position
	}
	fmt.Println(rows == last.Total, rows > 20)
	// Output: true true
}
