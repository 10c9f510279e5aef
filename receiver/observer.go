package receiver

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
)

// Observer is told what a [Receiver] does, for metrics; packages otelreceiver
// and promreceiver have one each. Its methods are called by many goroutines,
// must not block, and are given no body, capability or signature. A panic of
// one is logged and changes nothing else.
//
// Methods may be added to it: embed a [NopObserver] in your own, and it goes on
// to compile and hears of what you chose.
type Observer interface {
	// Received is called once for each request, when its answer is decided.
	Received(ctx context.Context, r Received)
	// Handled is called after each run of the handler.
	Handled(ctx context.Context, h Handled)
}

// Received is how a request ended.
type Received struct {
	Mode   string // "subscription" or "url"; empty if it was refused before that was known
	Status int    // of the answer
	// Verdict is the store's: "matched", "duplicate", "unknown", "conflict"
	// or "purged"; empty if nothing was stored.
	Verdict  string
	Unparsed bool // stored, but not understood: somebody has to look
	// Authenticated says that a signing key or a capability secret matched. Key
	// is its index then, where what the function returned follows the list: an
	// old one that no longer occurs can be removed.
	Authenticated bool
	Key           int
	Bytes         int           // of the body
	Stored        time.Duration // that storing took, 0 if it did not come to that
	Duration      time.Duration // from the head of the request to the answer
}

// matched notes which key authenticated the request, -1 for none.
func (r *Received) matched(key int) { r.Authenticated, r.Key = key >= 0, max(0, key) }

// HandlerOutcome is how a run of the handler ended.
type HandlerOutcome string

// The outcomes of a run.
const (
	HandlerAcknowledged HandlerOutcome = "acknowledged" // the handler returned nil
	HandlerRetried      HandlerOutcome = "retried"      // it will run again
	HandlerDead         HandlerOutcome = "dead"         // it failed Config.MaxAttempts times
	HandlerDiscarded    HandlerOutcome = "discarded"    // by [Discard]
	HandlerLost         HandlerOutcome = "lost"         // its lease ended, or the store failed: it will run again
	// HandlerInterrupted is that of a run that Config.DrainTimeout cut off: it
	// will run again, and does not count.
	HandlerInterrupted HandlerOutcome = "interrupted"
)

// Handled is how a run of the handler ended.
type Handled struct {
	Mode     string
	Outcome  HandlerOutcome
	Attempt  int
	Delay    time.Duration // from when it was due until it began
	Duration time.Duration // of the handler
	Err      error         // of the handler
}

// NopObserver is an [Observer] that does nothing: the default, and meant to be
// embedded.
type NopObserver struct{}

// Received implements [Observer].
func (NopObserver) Received(context.Context, Received) {}

// Handled implements [Observer].
func (NopObserver) Handled(context.Context, Handled) {}

var _ Observer = NopObserver{}

// observe calls an observer, whose faults are nobody else's.
func (rc *Receiver) observe(ctx context.Context, tell func()) {
	defer func() {
		if p := recover(); p != nil {
			rc.broken.log(ctx, slog.LevelError, "the observer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	tell()
}
