package client

import (
	"context"
	"strings"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

// Observer is told what a [Client] does, for traces and metrics; packages
// otelclient and promclient have one each. Its methods are called by many
// goroutines and must not block. Nothing that it is given holds a token, a
// body, a query or a webhook address; a handler's error has the handler's
// words. If a method panics or ends its goroutine, what it was told is lost and
// nothing else; the first time is logged. Each call has a goroutine of its own,
// for which the client waits.
//
// Methods may be added to it: embed a [NopObserver] in your own, and it goes on
// to compile and hears of what you chose.
type Observer interface {
	// Submit is called when an operation is about to be recorded and sent.
	// The context it returns is the one of the calls that follow. The link is
	// kept with the operation, up to 512 bytes, and handed to every wait for
	// it, in this process or another: a W3C traceparent, for example. end is
	// called once, when Submit is about to return.
	Submit(ctx context.Context, s Submission) (_ context.Context, link string, end func(Submitted))
	// Wait is called when a wait begins; end is called once, when it returns.
	Wait(ctx context.Context, w Waiting) (_ context.Context, end func(Waited))
	// Call is called after each HTTP call to the ERP.
	Call(ctx context.Context, call Call)
	// Settled is called when this client has recorded how an operation ended,
	// whoever waits for it: a Wait, [Client.Run] or nobody. Replicas on one
	// store tell of each end once between them; a crash at that moment may
	// leave one untold.
	Settled(ctx context.Context, s Settled)
	// Handle is called when [Client.Run] is about to call a handler. The
	// context it returns is the handler's, so that what that submits belongs
	// to it. end is called once, when the handler's outcome is decided.
	Handle(ctx context.Context, h Handling) (_ context.Context, end func(Handled))
	// Attention is called when something needs a person; the log tells more of
	// it.
	Attention(ctx context.Context, a Attention)
}

// Submission is an operation that is about to be sent.
type Submission struct {
	Ref    string
	Method string
	Route  string // the path with everything that looks like a number or an id replaced by {}
	Notify string // "none", "subscription" or "url"
	Kind   string // [SubmitOptions.Kind]
}

// Submitted is how a submit ended.
type Submitted struct {
	ID       string // empty if nothing was accepted
	Verdict  string // "accepted", "foreground", "rejected", "not sent", "uncertain", or "known" for a key that was used
	Attempts int    // requests that went out
	Err      error
}

// Waiting is an operation that is waited for.
type Waiting struct {
	Ref    string
	ID     string // empty if it is not known yet
	Method string
	Route  string
	Kind   string
	Link   string // what [Observer.Submit] returned
}

// Waited is how a wait ended.
type Waited struct {
	ID         string
	Phase      store.Phase
	StatusCode int           // of the answer, 0 if there is none
	Polls      int           // polls of this operation
	Notified   bool          // a notification came
	Ran        time.Duration // from queued to done by the ERP's clock, 0 if not known
	Err        error
}

// Call is one HTTP call to the ERP.
type Call struct {
	// Kind is "submit", "state", "content", "verify", "foreground", "check" for the request
	// of [Client.Check], or "token" where the token endpoint is on the ERP's host.
	Kind       string
	Method     string
	StatusCode int // 0 if there was no answer
	Duration   time.Duration
	Err        error // nil if there was an answer, whatever it was
}

// Outcome is how an operation ended.
type Outcome string

// The ends of an operation. One that the ERP refused has none, for [Submitted]
// tells of it; nor has one that was resolved as [NotAccepted] or [GivenUp].
const (
	Succeeded Outcome = "succeeded" // with a 2xx
	Failed    Outcome = "failed"    // what [Operation.Wait] has an [*OperationError] for
	Expired   Outcome = "expired"   // [ErrExpired]
)

// Settled is an operation that has ended.
type Settled struct {
	Ref        string
	ID         string // empty for an answer in the foreground
	Method     string // empty for an operation that others submitted, as Route
	Route      string
	Kind       string
	Link       string // what [Observer.Submit] returned
	Outcome    Outcome
	StatusCode int // of the answer, 0 if there is none
	// By is how the end was found: "notification" if one had come before the
	// poll that found it, else "poll"; "foreground" if the answer came at once;
	// "person" or "resolver" if one told of it with [EndedWith].
	By       string
	Late     bool          // it turned out to be accepted after it was given up
	Polls    int           // polls, that which found the end included
	Duration time.Duration // from accepted to settled by the store's clock, 0 in the foreground
	Ran      time.Duration // from queued to done by the ERP's clock, 0 if not known
	// QueueTime is from queued to started and RunTime from started to done, both by the
	// ERP's clock; 0 if not known.
	QueueTime, RunTime time.Duration
	// DetectionDelay is from done to recorded, where a poll found the end: what is left of
	// Duration after what it Ran, so that no clock is compared with another; 0 if not
	// known.
	DetectionDelay time.Duration
}

// Handling is a run of a handler that is about to begin.
type Handling struct {
	Ref     string
	ID      string
	Method  string
	Route   string
	Kind    string
	Link    string        // what [Observer.Submit] returned
	Attempt int           // [Completion.Attempt]
	Delay   time.Duration // from when the run was due until now
}

// HandlerOutcome is how a run of a handler ended.
type HandlerOutcome string

// The outcomes of a run.
const (
	HandlerAcknowledged HandlerOutcome = "acknowledged"
	HandlerRetried      HandlerOutcome = "retried"     // it will run again
	HandlerDead         HandlerOutcome = "dead"        // it failed [Config.MaxAttempts] times
	HandlerDiscarded    HandlerOutcome = "discarded"   // by [Discard]
	HandlerInterrupted  HandlerOutcome = "interrupted" // by a shutdown: it will run again, and this run does not count
	HandlerLost         HandlerOutcome = "lost"        // its lease ended, or the store failed: it will run again
)

// Handled is how a run of a handler ended.
type Handled struct {
	Outcome  HandlerOutcome
	Duration time.Duration // of the handler
	Err      error         // what the handler returned
}

// Need is why something needs a person.
type Need string

// The needs. A client that runs tells of each once per operation, and of
// [NeedsHandler] once per kind; any client tells of [NeedsNotifications].
const (
	NeedsUncertain Need = "uncertain"      // not known whether the ERP accepted it: see [Client.Uncertain]
	NeedsUnclear   Need = "unclear"        // it ended in a way that nobody knows: see [UnclearError]
	NeedsWord      Need = "unknown_status" // a status that is not known, taken for not ended
	NeedsPolls     Need = "polls_fail"     // no poll succeeds, and none is going to
	NeedsResolver  Need = "resolver_fails" // its [Resolver] does not find out what became of it
	NeedsSequence  Need = "sequence"       // it stops its sequence: see [Operation.ResumeSequence]
	NeedsBody      Need = "body"           // it cannot be sent, or its answer not be handled, because [Config.Open] does not open what is kept
	NeedsSecret    Need = "credentials"    // the ERP refuses the credentials, and the outbox waits
	NeedsHandler   Need = "no_handler"     // it ended, and [Config.OnComplete] lacks its kind
	// NeedsNotifications is that of the fifth operation in a row whose end a poll of
	// this client found, although a notification was asked for: they have stopped. A
	// notification that comes in time ends that; then the next fifth is told of.
	NeedsNotifications Need = "no_notifications"
)

// Attention is something that needs a person.
type Attention struct {
	Need   Need
	Ref    string
	ID     string
	Method string
	Route  string
	Kind   string // [SubmitOptions.Kind]
	Link   string // what [Observer.Submit] returned
}

// NopObserver is an [Observer] that does nothing: the default, and meant to be
// embedded.
type NopObserver struct{}

// Submit implements [Observer].
func (NopObserver) Submit(ctx context.Context, _ Submission) (context.Context, string, func(Submitted)) {
	return ctx, "", func(Submitted) {}
}

// Wait implements [Observer].
func (NopObserver) Wait(ctx context.Context, _ Waiting) (context.Context, func(Waited)) {
	return ctx, func(Waited) {}
}

// Call implements [Observer].
func (NopObserver) Call(context.Context, Call) {}

// Settled implements [Observer].
func (NopObserver) Settled(context.Context, Settled) {}

// Handle implements [Observer].
func (NopObserver) Handle(ctx context.Context, _ Handling) (context.Context, func(Handled)) {
	return ctx, func(Handled) {}
}

// Attention implements [Observer].
func (NopObserver) Attention(context.Context, Attention) {}

var _ Observer = NopObserver{}

// maxLink bounds what is kept of an observer's link.
const maxLink = 512

// routeOf makes a name of few values out of a path: segments with a digit, but
// for the version, and those in b64(…) become {}.
func routeOf(path string) string {
	path = erp.PathOf(path)
	i := 0
	for seg := range strings.SplitSeq(path, "/") {
		if varies(i, seg) { // most paths have none, and are not copied
			segs := strings.Split(path, "/")
			for i, seg := range segs {
				if varies(i, seg) {
					segs[i] = "{}"
				}
			}
			path = strings.Join(segs, "/")
			break
		}
		i++
	}
	return strings.ToLower(path)
}

// varies reports whether the i-th segment of a path differs from call to call.
func varies(i int, seg string) bool {
	version := i == 1 && len(seg) == 2 && (seg[0] == 'v' || seg[0] == 'V')
	return !version && (strings.ContainsAny(seg, "0123456789%") || strings.HasPrefix(seg, "b64(") || len(seg) > 40)
}
