package client

import (
	"context"
	"strings"
	"time"

	"github.com/vismanet-go/background/store"
)

// Observer is told what a [Client] does, for traces and metrics; package
// otelclient has one for OpenTelemetry. Its methods are called by many
// goroutines and must not block. Nothing that it is given holds a token, a
// body, a query or a webhook address.
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
	Polls      int           // looks at the ERP for this operation
	Notified   bool          // a notification was heard
	Ran        time.Duration // from queued to done by the ERP's clock, 0 if not known
	Err        error
}

// Call is one HTTP call to the ERP.
type Call struct {
	Kind       string // "submit", "state", "content", "verify" or "foreground"
	Method     string
	StatusCode int // 0 if there was no answer
	Duration   time.Duration
	Err        error // nil if there was an answer, whatever it was
}

// silent is the default Observer.
type silent struct{}

func (silent) Submit(ctx context.Context, _ Submission) (context.Context, string, func(Submitted)) {
	return ctx, "", func(Submitted) {}
}

func (silent) Wait(ctx context.Context, _ Waiting) (context.Context, func(Waited)) {
	return ctx, func(Waited) {}
}

func (silent) Call(context.Context, Call) {}

// maxLink bounds what is kept of an observer's link.
const maxLink = 512

// routeOf makes a name of few values out of a path: segments with a digit, but
// for the version, and those in b64(…) become {}.
func routeOf(path string) string {
	path = pathOf(path)
	segs := strings.Split(path, "/")
	for i, seg := range segs {
		version := i == 1 && len(seg) == 2 && (seg[0] == 'v' || seg[0] == 'V')
		if !version && (strings.ContainsAny(seg, "0123456789%") || strings.HasPrefix(seg, "b64(") || len(seg) > 40) {
			segs[i] = "{}"
		}
	}
	return strings.ToLower(strings.Join(segs, "/"))
}
