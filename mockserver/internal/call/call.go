// Package call carries what the mock knows about a request to the handler that
// answers it.
package call

import "context"

// A Call is the ERP's view of one request.
type Call struct {
	// Company is the ERP company that the request's credentials name.
	Company string

	// Base is the root that the caller used, for example
	// "https://erp.mock/API/controller/api"; absolute links are Base plus
	// "/v1/...".
	Base string

	// OperationID identifies the background operation; empty in the
	// foreground.
	OperationID string

	// Attempt is how often the operation was started, this time included: more
	// than 1 only if a worker stopped in the middle, with a queue that
	// outlives its process. What such a worker had done outside of the mock is
	// done, so that a handler with effects should look.
	Attempt int
}

// Background reports whether the call runs in the background.
func (c Call) Background() bool { return c.OperationID != "" }

type key struct{}

// With returns a context that carries c.
func With(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// From returns what With stored.
func From(ctx context.Context) (Call, bool) {
	c, ok := ctx.Value(key{}).(Call)
	return c, ok
}
