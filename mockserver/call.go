package mockserver

import (
	"context"

	"github.com/vismanet-go/background/mockserver/internal/call"
)

// A Call tells a handler whose request it answers.
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

// CallFrom tells a handler, given its request's context, for which company it
// runs, whether in the background, and which root its links should have.
func CallFrom(ctx context.Context) (Call, bool) {
	c, ok := call.From(ctx)
	return Call(c), ok
}
