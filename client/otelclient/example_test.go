package otelclient_test

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/otelclient"
	"github.com/vismanet-go/background/mockserver"
)

// The SDK and its exporter are the application's choice; this one keeps the
// spans in memory. An application that sets the global providers passes an
// empty Config.
func Example() {
	ctx := context.Background()
	mock, err := mockserver.New(mockserver.Config{}) // the real API in production
	if err != nil {
		panic(err)
	}
	defer mock.Close()
	spans := tracetest.NewInMemoryExporter()

	obs, err := otelclient.New(otelclient.Config{TracerProvider: trace.NewTracerProvider(trace.WithSyncer(spans))})
	if err != nil {
		panic(err)
	}
	c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Observer: obs})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	req, _ := http.NewRequest("GET", "/v1/customerinvoice?pageSize=3", nil)
	op, err := c.Submit(ctx, req, client.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	if _, err := op.Wait(ctx); err != nil {
		panic(err)
	}
	got := spans.GetSpans()
	submit, wait := got[0], got[len(got)-1] // between them is the operation
	fmt.Println(submit.Name, submit.SpanKind)
	fmt.Println(wait.Name, "linked to it:", wait.Links[0].SpanContext.SpanID() == submit.SpanContext.SpanID())
	// Output:
	// background.submit client
	// background.wait linked to it: true
}
