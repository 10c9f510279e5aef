package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/vismanet-go/background/store"
)

// Pending yields, in no particular order, the operations of the tenant whose
// outcome the application has not acknowledged: those being sent, those that
// the ERP accepted, and those that have ended or expired and were never passed
// to [Operation.Ack]. It is meant for a restart with a durable store. Uncertain
// ones are listed by [Client.Uncertain].
//
// It reads the store a page at a time, owns no goroutine, and yields at most
// one error, as its last pair.
func (c *Client) Pending(ctx context.Context) iter.Seq2[*Operation, error] {
	return c.list(ctx, store.Queued, store.Sending, store.Accepted, store.Settled, store.Expired)
}

// Uncertain yields the operations that need a person or a [Resolver]: those of
// which it is not known whether the ERP accepted them, and those that ended
// with a status that nobody knows (their [State].Phase is unclear). Look in the
// ERP what became of them and tell with [Operation.Resolve]. Of the former a
// notification may still tell as well. [State] has the Reason, and when it was
// Sent. It iterates as [Client.Pending] does.
func (c *Client) Uncertain(ctx context.Context) iter.Seq2[*Operation, error] {
	return c.list(ctx, store.Uncertain, store.Unclear)
}

func (c *Client) list(ctx context.Context, phases ...store.Phase) iter.Seq2[*Operation, error] {
	return func(yield func(*Operation, error) bool) {
		q := store.Query{Phases: phases, WithoutContent: true}
		for {
			page, err := c.store.List(ctx, c.cfg.Tenant, q)
			if err != nil {
				yield(nil, fmt.Errorf("list operations: %w", storeError(err)))
				return
			}
			for _, rec := range page {
				if !yield(c.operation(rec), nil) {
					return
				}
				q.After = rec.Position()
			}
			if len(page) == 0 {
				return
			}
		}
	}
}
