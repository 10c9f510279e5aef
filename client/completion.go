package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// Completion is an operation that has ended, on its way to its [Handler]. It is
// plain data, so that a test of a handler makes one of its own; [Answer.Result]
// makes its Result and Err.
type Completion struct {
	// Client is the one that runs the handler, which submits the next step with
	// it: done.Client.Submit(…).
	Client *Client
	// Ref and ID name the operation, for logs and [SubmitOptions.Supersede]; the
	// ID is empty for an answer in the foreground.
	Ref, ID string
	// Key, Kind and Metadata are those of [SubmitOptions].
	Key, Kind string
	Metadata  map[string]string
	// Result is the answer; nil if the operation expired.
	Result *Result
	// Err is nil for success, an *[OperationError] for an answer that is none,
	// or matches [ErrExpired].
	Err error
	// State is what is known of the operation as the run begins. Its Reason is
	// why the run before this one failed, or why the operation expired.
	State State
	// Attempt counts the runs of the handler for this operation, from 1. Every
	// run that began counts, also one that a crash cut off, but not one that
	// [Config.DrainTimeout] did.
	Attempt int
	// Lease is that of this run. A handler whose effect is a transaction in the
	// database of the store acknowledges in it under this lease, by
	// pgstore.Store.CompleteTx, and then has its effect exactly once. It is the zero
	// Lease in a Completion that a test made.
	Lease store.Lease
}

// Handler takes the outcome of an operation, which is a success or a failure:
// it must check Err. It may be called more than once for the same one, also on
// different replicas, but at no time twice at once while leases hold. What it
// returns decides what follows: nil acknowledges the outcome, an error has it
// called again later, and [Discard] makes the operation a dead letter. A panic
// counts as an error, and so does ending the goroutine by runtime.Goexit, which
// is one of the handler's own. So does a run that took its process with it, so
// that it is a dead letter after [Config.MaxAttempts] as well. No order is
// kept.
//
// Its context ends after [Config.HandlerTimeout] (with [ErrHandlerTimeout] as
// its cause), when a shutdown has waited [Config.DrainTimeout]
// ([ErrDrainTimeout]), and when another replica has the work or may have it
// soon, because the store did not renew the lease in time (with store.ErrFenced
// as its cause). What the handler returns after that does not count.
//
// A handler that acknowledged in a transaction of its own, see [Completion].Lease, is
// not called again once that is committed, whatever it returns, and its context ends
// within seconds; an error after that is only logged. One that returns nil although
// the transaction was rolled back has acknowledged without an effect, as any other
// that returns nil has: it must return the error.
type Handler func(ctx context.Context, done Completion) error

// KindHTTP is the kind of the operations of [Client.Do] and [Transport] whose
// options name none. Closing the body of the answer acknowledges them. Those
// that a crash cut off go to the handler of this kind. Without one, the same
// call under the same key gets the answer; until then [Client.Pending] lists
// the operation, and [Client.Run] warns, once, of such operations ten minutes
// after one settled.
const KindHTTP = "http"

var (
	// ErrDrainTimeout says that handlers were still running when the time to
	// drain was over. Their work will be done again.
	ErrDrainTimeout = errors.New("handlers were cut off by the drain timeout")
	// ErrHandlerTimeout says that a run took longer than [Config.HandlerTimeout].
	ErrHandlerTimeout = errors.New("the handler's time is over")
)

// Discard makes an error final: the operation becomes a dead letter, which
// [Operation.Replay] brings back to its handler and [Operation.Drop] removes.
func Discard(err error) error {
	return handler.Discard(err)
}

// errSealed is about work that waits for [Config.Open].
var errSealed = errors.New("what is sealed cannot be opened")

// handler returns the handler of a record, nil if it has none.
func (c *Client) handler(rec store.Record) Handler { return c.cfg.OnComplete[rec.Kind] }

// handle runs the handler of an operation that has ended, under its lease.
// An error says that the store did not let it, or that the lease was lost: the
// work is left to others for a moment, for they may renew theirs.
func (c *Client) handle(ctx context.Context, ref string) error {
	asked := time.Now()
	lease, rec, err := c.store.Acquire(ctx, c.cfg.Tenant, ref, c.owner, store.ToRun, lease.TTL)
	if err != nil {
		return err
	}
	h := c.handler(rec)
	switch began := rec.RunEpoch == lease.Epoch; {
	case !began:
		c.release(ctx, lease)
		return nil
	case h == nil:
		_, err = c.decide(ctx, lease, store.InterruptDecision{})
		return err
	case rec.Attempts > c.cfg.MaxAttempts:
		return c.deadLetterLost(ctx, lease, rec)
	}
	if _, err := c.openOutcome(rec); err != nil { // the handler could not read it
		c.cannotOpen(ctx, rec, "a handler waits, because the answer cannot be opened; it is tried again", err)
		_, failed := c.decide(ctx, lease, store.InterruptDecision{})
		return errors.Join(errSealed, failed)
	}
	work, stop := c.underLease(ctx, lease, asked)
	if lost := context.Cause(work); errors.Is(lost, store.ErrFenced) { // we stood still since we asked
		c.log.WarnContext(ctx, "a handler was not begun, because its lease was over before", aboutRun(rec, stop())...)
		return store.ErrFenced
	}
	watched, end := c.observeHandler(work, rec)
	begun := time.Now()
	run := Handled{Err: c.runHandler(watched, h, lease, rec)}
	run.Duration = time.Since(begun)
	if lost := stop(); lost != nil { // what it returned no longer counts
		run.Outcome = c.handlerLost(ctx, lease, rec, run.Err, lost)
	} else {
		run.Outcome, err = c.concludeHandler(ctx, lease, rec, run.Err)
	}
	if err == nil && run.Outcome == HandlerLost {
		err = store.ErrFenced
	}
	end(run)
	return err
}

// deadLetterLost makes a dead letter of an operation of which all runs of the
// handler began and the last one has no outcome.
func (c *Client) deadLetterLost(ctx context.Context, lease store.Lease, rec store.Record) error {
	rec.Attempts-- // the last one that ran
	decision, why := handler.LastLost(rec.Attempts, rec.Reason)
	got, err := c.decide(ctx, lease, decision)
	if err == nil && got.Ref != "" {
		c.log.ErrorContext(ctx, "dead-lettered", aboutRun(rec, why)...)
	}
	return err
}

// runHandler calls the handler. A panic is an error, and so is a goroutine that
// it ended.
func (c *Client) runHandler(ctx context.Context, h Handler, lease store.Lease, rec store.Record) error {
	res, failed := c.result(rec)
	done := Completion{
		Client: c, Ref: rec.Ref, ID: rec.ID, Key: rec.Key, Kind: rec.Kind, Metadata: maps.Clone(rec.Metadata),
		Result: res, Err: failed, State: stateOf(rec), Attempt: rec.Attempts, Lease: lease,
	}
	err := usercode.Call("the handler", func() error { return h(ctx, done) })
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if broken, ok := err.(*usercode.Error); ok {
		c.log.ErrorContext(ctx, "handler did not return", append([]any{"ref", rec.Ref, "kind", rec.Kind}, usercode.Logged(broken)...)...)
	}
	return err
}

// concludeHandler writes down what the handler decided. An error says that the
// store did not take it.
func (c *Client) concludeHandler(ctx context.Context, lease store.Lease, rec store.Record, err error) (HandlerOutcome, error) {
	about := func(more ...any) []any { return append(aboutRun(rec, err), more...) }
	run := handler.Run{Attempt: rec.Attempts, Err: err, Interrupted: context.Cause(ctx) != nil}
	outcome, d := run.Follows(c.cfg.MaxAttempts)
	got, failed := c.decide(ctx, lease, d)
	switch {
	case failed != nil:
		// The lease ends by itself and the handler runs again: at least once.
		c.log.WarnContext(ctx, "handler's outcome was not recorded", about("store", failed)...)
		return HandlerLost, failed
	case got.Ref == "":
		return c.handlerLost(ctx, lease, rec, err, store.ErrFenced), nil
	case outcome == handler.Retried:
		c.log.WarnContext(ctx, "handler failed", about("again_at", got.Due)...)
	case outcome == handler.Interrupted:
		c.log.WarnContext(ctx, "handler was cut off by the drain timeout and will run again", about()...)
	case outcome != handler.Acknowledged:
		c.log.ErrorContext(ctx, "dead-lettered", about()...)
	}
	return HandlerOutcome(outcome), nil
}

// handlerLost tells that a run counts for nothing, because somebody else may be at
// work by now; unless its lease ended because the handler acknowledged by itself.
func (c *Client) handlerLost(ctx context.Context, lease store.Lease, rec store.Record, err, why error) HandlerOutcome {
	if c.completed(ctx, lease) {
		if err != nil {
			c.log.WarnContext(ctx, "handler returned an error after it had acknowledged the outcome in its transaction; it does not run again", aboutRun(rec, err)...)
		}
		return HandlerAcknowledged
	}
	c.log.WarnContext(ctx, "handler's lease was lost while it ran", append(aboutRun(rec, err), "why", why)...)
	return HandlerLost
}

// completed reports whether an outcome was acknowledged under a lease.
func (c *Client) completed(ctx context.Context, lease store.Lease) bool {
	read := recording(ctx)
	defer read.done()
	rec, err := c.store.Get(read, lease.Tenant, lease.Ref)
	return err == nil && rec.AcknowledgedUnder(lease)
}

// aboutRun is what a log line tells of a run of a handler.
func aboutRun(rec store.Record, err error) []any {
	return []any{"ref", rec.Ref, "kind", rec.Kind, "attempt", rec.Attempts, "error", err}
}

func (c *Client) release(ctx context.Context, lease store.Lease) {
	write := recording(ctx)
	defer write.done()
	if err := c.store.Release(write, lease); err != nil {
		c.log.WarnContext(write, "lease was not given back", "ref", lease.Ref, "error", err)
	}
}
