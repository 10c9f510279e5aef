package store

import "context"

// Enqueuer takes what is enqueued: a [Store], or one that does so inside a transaction
// of the application.
type Enqueuer interface {
	// Enqueue is [Store.Enqueue].
	Enqueue(ctx context.Context, rec Record, body []byte) (Record, error)
}
