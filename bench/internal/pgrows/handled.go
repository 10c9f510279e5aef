package pgrows

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// handled counts the notices that were handled, each of them once.
type handled struct {
	patience time.Duration
	seen     []atomic.Bool
	n        atomic.Int64
}

func newHandled(most int) *handled {
	return &handled{patience: 30 * time.Second, seen: make([]atomic.Bool, most)}
}

// errStalled is what until returns if nothing is handled any more.
var errStalled = errors.New("stalled")

// mark is what handlers call.
func (h *handled) mark(n int) {
	if n < len(h.seen) && !h.seen[n].Swap(true) {
		h.n.Add(1)
	}
}

// until waits until n notices were handled. If nothing happens for longer than
// its patience it returns errStalled.
func (h *handled) until(ctx context.Context, n int) error {
	last, since := h.n.Load(), time.Now()
	for h.n.Load() < int64(n) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
		if now := h.n.Load(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > h.patience {
			return fmt.Errorf("%w: %d of %d notices were handled, and then none for %v", errStalled, last, n, h.patience)
		}
	}
	return nil
}
