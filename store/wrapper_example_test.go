package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/vismanet-go/background/store"
)

// logged is a store that tells of every lease that another one has. It embeds
// the store that it wraps: all else, and whatever Store gets later, is that one's.
type logged struct {
	store.Store
	log *slog.Logger
}

func (s logged) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	lease, rec, err := s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
	if err == store.ErrLeased {
		s.log.InfoContext(ctx, "leased to another", "ref", ref, "purpose", purpose, "owner", rec.Lease.Owner)
	}
	return lease, rec, err
}

// A store that wraps another embeds it and has the methods that it changes.
func Example_wrapper() {
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	var st store.Store = logged{store.NewMemory(store.MemoryConfig{}), log}
	defer st.Close()

	rec := store.Record{Tenant: "fjord", Ref: "r1", Phase: store.Queued, Method: "POST", Path: "/v2/customerinvoice"}
	if _, err := st.Create(ctx, rec, "", 0); err != nil {
		panic(err)
	}
	for _, owner := range []string{"replica-a", "replica-b"} {
		_, _, err := st.Acquire(ctx, "fjord", "r1", owner, store.ToPoll, time.Minute)
		fmt.Println(owner, err)
	}
	// Output:
	// replica-a <nil>
	// level=INFO msg="leased to another" ref=r1 purpose=poll owner=replica-a
	// replica-b leased to another owner
}
