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
	// Authenticated says that a signing key or a capability secret matched, and
	// Key is its index, in the list with what the function returned behind it: an
	// old one that no longer occurs can be removed.
	Authenticated bool
	Key           int
	Bytes         int           // of the body
	Stored        time.Duration // that storing took, 0 if it did not come to that
	Duration      time.Duration // from the head of the request to the answer
}

// matched notes which key authenticated the request, -1 for none.
func (r *Received) matched(key int) { r.Authenticated, r.Key = key >= 0, max(0, key) }

// Outcome is how a run of the handler ended.
type Outcome string

// The outcomes of a run.
const (
	OutcomeAcknowledged Outcome = "acknowledged" // the handler returned nil
	OutcomeRetried      Outcome = "retried"      // it will run again
	OutcomeDead         Outcome = "dead"         // it failed Config.MaxAttempts times
	OutcomeDiscarded    Outcome = "discarded"    // by [Discard]
	OutcomeLost         Outcome = "lost"         // its lease ended, or the store failed: it will run again
	// OutcomeInterrupted is that of a run that Config.DrainTimeout cut off: it
	// will run again, and does not count.
	OutcomeInterrupted Outcome = "interrupted"
)

// Handled is how a run of the handler ended.
type Handled struct {
	Mode     string
	Outcome  Outcome
	Attempt  int
	Delay    time.Duration // from when it was due until it began
	Duration time.Duration // of the handler
	Err      error         // of the handler
}

// silent is the default Observer.
type silent struct{}

func (silent) Received(context.Context, Received) {}
func (silent) Handled(context.Context, Handled)   {}

// observe calls an observer, whose faults are nobody else's.
func (rc *Receiver) observe(ctx context.Context, tell func()) {
	defer func() {
		if p := recover(); p != nil {
			rc.broken.log(ctx, slog.LevelError, "the observer panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	tell()
}
