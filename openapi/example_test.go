package openapi_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/vismanet-go/background/openapi"
)

// How do I read a state document?
func ExampleBackgroundState() {
	var state openapi.BackgroundState
	err := json.Unmarshal([]byte(`{
	  "id": "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf", "status": "Finished", "statusCode": 400, "errorMessage": null,
	  "receivedUtc": "2022-11-10T10:20:53.75+01:00", "finishedUtc": "2022-11-10T10:20:55.788+01:00",
	  "hasResponseContent": true
	}`), &state)
	if err != nil {
		panic(err)
	}
	fmt.Println(state.Status == openapi.StatusFinished, state.StatusCode, state.ErrorMessage == nil)
	fmt.Println(state.FinishedUTC.Sub(state.ReceivedUTC.Time), state.StartedUTC.IsZero())
	// Output:
	// true 400 true
	// 2.038s true
}

// How do I change a field, clear one, and leave the others?
func ExampleCustomerInvoiceUpdate() {
	body, err := json.Marshal(openapi.CustomerInvoiceUpdate{
		DocumentDueDate: openapi.Set("2026-09-30"),
		Note:            openapi.Null[string](),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(body))
	// Output: {"documentDueDate":{"value":"2026-09-30"},"note":{"value":null}}
}

// How do I read the dates of a document?
func ExampleParseTimeIn() {
	oslo := time.FixedZone("CEST", 2*60*60)
	for _, text := range []string{"2026-09-01T09:12:44.11", "2022-11-10T10:20:53.75+01:00"} {
		at, err := openapi.ParseTimeIn(text, oslo)
		if err != nil {
			panic(err)
		}
		fmt.Println(at.UTC().Format(time.RFC3339Nano))
	}
	// Output:
	// 2026-09-01T07:12:44.11Z
	// 2022-11-10T09:20:53.75Z
}
