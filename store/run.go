package store

import (
	"context"
	"time"
)

// RunAcquirer is what a [Store] may have beyond its interface: it takes a lease
// and counts the run of a handler in one write. This is how Store grows: what
// comes to it later is an interface of its own with a function beside it, such
// as [AcquireRun], that does without where a store has it not, so that stores
// and wrappers of others stay right.
type RunAcquirer interface {
	// AcquireRun is [Store.Acquire] together with [Begin], if a handler may
	// run for the record, see [Record.Runs]. Otherwise it only takes the
	// lease, which the caller gives back. The record that it returns has
	// counted the run.
	AcquireRun(ctx context.Context, tenant, ref, owner string, ttl time.Duration) (Lease, Record, error)
}

// AcquireRun leases a record to owner and begins a run of its handler. It is
// [RunAcquirer.AcquireRun] where st has it, and two writes where it has not,
// as with a wrapper that embeds Store.
func AcquireRun(ctx context.Context, st Store, tenant, ref, owner string, ttl time.Duration) (Lease, Record, error) {
	if whole, ok := st.(RunAcquirer); ok {
		return whole.AcquireRun(ctx, tenant, ref, owner, ttl)
	}
	l, rec, err := st.Acquire(ctx, tenant, ref, owner, ttl)
	if err != nil || !rec.Runs(time.Now()) {
		return l, rec, err
	}
	rec, err = st.Decide(ctx, l, Begin{})
	if err != nil {
		_ = st.Release(context.WithoutCancel(ctx), l) // else it ends by itself
		return Lease{}, Record{}, err
	}
	return l, rec, nil
}
