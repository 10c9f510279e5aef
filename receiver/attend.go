package receiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vismanet-go/background/internal/handler"
	"github.com/vismanet-go/background/internal/lease"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// attend runs the handler once, if the delivery can be had, and records what
// follows. It reports whether the delivery is to be attended to again.
func (d *dispatcher) attend(ref string) (again bool) {
	asked := time.Now()
	lease, rec, err := d.acquire(ref)
	switch {
	case errors.Is(err, store.ErrLeased), errors.Is(err, store.ErrNotFound):
		return false // another process was faster
	case err != nil:
		d.rc.log.WarnContext(d.work, "notification not taken on; will try again", "error", err, "delivery", ref)
		d.pause(scanEvery) // the slot is kept, so that failing does not spin
		return true
	case rec.Phase != store.Delivery, rec.At(time.Now()).Due.After(time.Now()):
		d.pass(lease)
		return true
	}
	n := notificationOf(rec)
	n.Lease = lease
	seen := Handled{Mode: n.Mode, Attempt: n.Attempt}
	begun := time.Now()
	seen.Delay = max(0, begun.Sub(rec.At(begun).Due)) // a clock that was ahead may have planned it
	outcome := handler.Lost
	if n.Attempt > d.rc.cfg.MaxAttempts {
		var decision store.Decision
		decision, seen.Err = handler.LastLost(n.Attempt-1, rec.Reason)
		outcome = d.record(lease, n, handler.Dead, decision, seen.Err)
	} else {
		var lost bool
		seen.Err, lost = d.run(lease, asked, n)
		seen.Duration = time.Since(begun)
		switch {
		case lost && d.gone(ref):
			outcome = d.acknowledged(n, seen.Err)
		case !lost:
			run := handler.Run{Attempt: n.Attempt, Err: seen.Err, Interrupted: context.Cause(d.work) != nil}
			follows, decision := run.Follows(d.rc.cfg.MaxAttempts)
			outcome = d.record(lease, n, follows, decision, seen.Err)
		}
	}
	seen.Outcome = HandlerOutcome(outcome)
	d.rc.observe(d.work, func() { d.rc.cfg.Observer.Handled(d.work, seen) })
	return outcome.Again()
}

func (d *dispatcher) acquire(ref string) (store.Lease, store.Record, error) {
	ctx, cancel := context.WithTimeout(d.work, d.rc.cfg.StoreTimeout)
	defer cancel()
	return d.rc.cfg.Store.Acquire(ctx, store.DeliveryTenant, ref, d.owner, store.ToRun, d.rc.cfg.Lease)
}

// pass gives a lease back without a decision. If that fails it ends by itself.
func (d *dispatcher) pass(lease store.Lease) {
	ctx, cancel := context.WithTimeout(d.work, d.rc.cfg.StoreTimeout)
	defer cancel()
	_ = d.rc.cfg.Store.Release(ctx, lease)
}

func (d *dispatcher) pause(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.work.Done():
	}
}

// run calls the handler and keeps the lease, which was asked for at a time,
// until it has returned: what was told to end still needs it. If the lease was
// lost, what the handler returned no longer counts.
func (d *dispatcher) run(l store.Lease, asked time.Time, n Notification) (err error, lost bool) {
	ctx, lose := context.WithCancelCause(d.work)
	defer lose(nil)
	ctx, cancel := context.WithTimeoutCause(ctx, d.rc.cfg.HandlerTimeout, ErrHandlerTimeout)
	defer cancel()
	keeper := lease.Keep(context.WithoutCancel(ctx), lease.Config{
		Store: d.rc.cfg.Store, Lease: l, TTL: d.rc.cfg.Lease, Asked: asked, Log: d.rc.log,
		Lost: func(err error) {
			if !errors.Is(err, store.ErrNotFound) { // it was acknowledged, by the handler itself
				d.rc.log.WarnContext(ctx, "lease of a notification lost while it was handled", "error", err, "delivery", n.Delivery)
			}
			lose(ErrLeaseLost)
		},
	})
	if cause := context.Cause(ctx); errors.Is(cause, ErrLeaseLost) { // we stood still since we asked
		_ = keeper.Stop()
		return cause, true
	}
	err = usercode.Call("the handler", func() error { return d.handle(ctx, n) })
	lost = keeper.Stop() != nil
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err, lost
}

// record writes down what follows from a run, and logs it. If that does not
// succeed the lease ends by itself, and the notification is handled again.
func (d *dispatcher) record(l store.Lease, n Notification, outcome handler.Outcome, decision store.Decision, cause error) handler.Outcome {
	attrs := []any{"notification", n}
	if cause != nil {
		attrs = append(attrs, usercode.Logged(cause)...)
	}
	switch err := d.decide(l, decision); {
	case errors.Is(err, store.ErrNotFound):
		return d.acknowledged(n, cause)
	case err != nil:
		d.rc.log.WarnContext(d.work, "outcome of a notification not recorded; it will be handled again", append(attrs, "store", err)...)
		return handler.Lost
	}
	switch outcome {
	case handler.Dead, handler.Discarded:
		d.rc.log.ErrorContext(d.work, "notification dead-lettered", attrs...)
	case handler.Retried:
		d.rc.log.WarnContext(d.work, "notification not handled; will try again", append(attrs, "at", decision.(store.RetryDecision).Due)...)
	case handler.Interrupted:
		d.rc.log.WarnContext(d.work, "notification not handled, because the time to drain is over; it will be handled again", attrs...)
	case handler.Acknowledged:
		d.rc.log.DebugContext(d.work, "notification acknowledged by its handler", attrs...)
	}
	return outcome
}

// gone reports whether nobody has to handle a delivery any more.
func (d *dispatcher) gone(ref string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.work), d.rc.cfg.StoreTimeout)
	defer cancel()
	_, err := d.rc.cfg.Store.Get(ctx, store.DeliveryTenant, ref)
	return errors.Is(err, store.ErrNotFound)
}

// acknowledged logs that a delivery was gone when its run ended: the handler has
// acknowledged it by itself, in a transaction of the application.
func (d *dispatcher) acknowledged(n Notification, cause error) handler.Outcome {
	if cause != nil {
		d.rc.log.WarnContext(d.work, "handler returned an error after its notification was acknowledged; it is not handled again",
			append([]any{"notification", n}, usercode.Logged(cause)...)...)
	} else {
		d.rc.log.DebugContext(d.work, "notification acknowledged in a transaction of its handler", "notification", n)
	}
	return handler.Acknowledged
}

// decide tries for as long as storing may take, whatever became of the work.
func (d *dispatcher) decide(lease store.Lease, decision store.Decision) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.work), d.rc.cfg.StoreTimeout)
	defer cancel()
	for tries := 1; ; tries++ {
		_, err := d.rc.cfg.Store.Decide(ctx, lease, decision)
		if err == nil || errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed) {
			return err
		}
		timer := time.NewTimer(handler.Doubled(50*time.Millisecond, tries, 2*time.Second))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
	}
}
