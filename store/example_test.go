package store_test

import (
	"context"
	"fmt"
	"time"

	"github.com/vismanet-go/background/store"
)

// A notification that overtakes the 202 is kept, and makes the first look
// due as soon as the id is known.
func Example() {
	ctx := context.Background()
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()

	rec, _ := st.Create(ctx, store.Record{
		Tenant: "fjord", Ref: "q7x2", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
	}, "replica-a", time.Minute)
	fmt.Println(rec.Phase)

	receipt, _ := st.Notify(ctx, store.Notification{Ref: "q7x2", ID: "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"})
	fmt.Println(receipt.Verdict)

	rec, _ = st.Report(ctx, "fjord", "q7x2", store.AcceptedFact{
		ID: "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10", Source: store.FromAnswer,
	})
	fmt.Println(rec.Phase, !rec.Due.After(time.Now()))
	// Output:
	// sending
	// matched
	// accepted true
}

// Replicas agree on a pause by comparing and setting: who was not the first
// has read what the first one wrote.
func ExampleDocument() {
	ctx := context.Background()
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()

	pause := func(replica string, d store.Document) {
		d.Body = []byte("paused by " + replica)
		d, err := st.PutDocument(ctx, d)
		fmt.Printf("%s: %v: %s\n", replica, err, d.Body)
	}
	seen, _ := st.GetDocument(ctx, "fjord", "pause")
	pause("replica-a", seen)
	pause("replica-b", seen)
	// Output:
	// replica-a: <nil>: paused by replica-a
	// replica-b: the document was written by another meanwhile: paused by replica-a
}
