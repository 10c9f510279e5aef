package spec_test

import (
	"fmt"

	"github.com/vismanet-go/background/openapi/spec"
)

// Does my server send what the contract says?
func ExampleValidateSchema() {
	doc, err := spec.Background()
	if err != nil {
		panic(err)
	}
	for _, payload := range []string{
		`{"id":"2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10","statusCode":200}`,
		`{"id":"4711","statusCode":"200"}`,
	} {
		fmt.Println(spec.ValidateSchema(doc, "BackgroundNotification", []byte(payload)) == nil)
	}
	// Output:
	// true
	// false
}

// What does a queued call answer in the end?
func ExampleResults() {
	doc, err := spec.Background()
	if err != nil {
		panic(err)
	}
	results, err := spec.Results(doc, doc.Paths.Value("/v1/customerinvoice/{invoiceNumber}").Get)
	if err != nil {
		panic(err)
	}
	fmt.Println(results.Value("200").Value.Content.Get("application/json").Schema.Ref)
	// Output: #/components/schemas/CustomerInvoice
}
