package sqlitestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// What was stored is there after a restart: a request that was being sent
// when the process ended reads as uncertain, and is never sent again.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "background.db")

	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: path})
	if err != nil {
		panic(err)
	}
	rec, err := st.Create(ctx, store.Record{
		Tenant: "fjord", Ref: "q7x2", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice",
	}, "replica-a", 10*time.Millisecond) // the lease of the sender
	if err != nil {
		panic(err)
	}
	fmt.Println("before:", rec.Phase)
	st.Close()

	time.Sleep(20 * time.Millisecond)
	st, err = sqlitestore.Open(ctx, sqlitestore.Config{Path: path})
	if err != nil {
		panic(err)
	}
	defer st.Close()
	rec, err = st.Get(ctx, "fjord", "q7x2")
	if err != nil {
		panic(err)
	}
	fmt.Println("after:", rec.Phase)
	// Output:
	// before: sending
	// after: uncertain
}

// Stats and Health make a readiness probe and a gauge.
func ExampleStore_Stats() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: filepath.Join(dir, "background.db")})
	if err != nil {
		panic(err)
	}
	defer st.Close()

	if _, err := st.Notify(ctx, store.Notification{ID: "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"}); err != nil {
		panic(err)
	}
	stats, err := st.Stats(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(stats.Phases, st.Health(ctx))
	// Output: map[unmatched:1] <nil>
}
