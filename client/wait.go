package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

// maxDenied is how many polls in a row may be refused for their credentials
// before a wait ends.
const maxDenied = 3

// waiter is one wait for one operation. The scheduler's mutex guards it until
// it is over.
type waiter struct {
	*Operation
	began  time.Time
	denied int   // polls refused in a row
	last   error // of the last poll, nil if it went well
	asked  bool  // the ERP was asked since it began, although all polls are refused

	seen waitSeen // as last read

	tell tells
	over bool
	left bool // who waited does not wait any more
	// rec is the record that ended the wait; err is why it ended without one.
	rec *store.Record
	err error
}

// waitSeen is what a wait that ends early tells of the record.
type waitSeen struct {
	id       string
	phase    store.Phase
	polls    int
	notified bool
}

// tells is how a waiter is told of its end, once, under the scheduler's mutex. A
// [mailbox] is told of each reading of the record before that as well.
type tells interface{ ended(w *waiter) }

// signal tells one goroutine, which waits for one operation.
type signal chan struct{}

func (s signal) ended(*waiter) { close(s) }

// await starts a wait that one goroutine makes, and returns what tells it of the end.
// The scheduler's loop does what is to be done for it.
func (o *Operation) await() (*waiter, signal) {
	done := make(signal)
	w := &waiter{Operation: o, began: time.Now(), tell: done}
	if !o.c.sched.enter(w) {
		w.over, w.err = true, ErrClosed
		close(done)
	}
	return w, done
}

// interrupt ends a wait because its context has ended.
func (w *waiter) interrupt(ctx context.Context) {
	w.c.sched.leave(w)
	if !w.over {
		w.err = w.pending(ctx.Err())
	}
}

// begin starts the wait. It reports false on a closed client. Who asked must have
// the scheduler leave w, unless it is over.
func (w *waiter) begin(ctx context.Context) bool {
	if !w.c.sched.join(w) {
		return false
	}
	w.c.sched.read(ctx, w.ref)
	return true
}

// learn records an id that the handle knows and the store does not: its
// write failed when the 202 was read.
func (c *Client) learn(ctx context.Context, rec store.Record, id string) store.Record {
	unbound := rec.ID == "" && rec.Outcome == nil && rec.Conflicts == 0 // a conflict would only come again
	if id == "" || !unbound {
		return rec
	}
	got, err := c.store.Report(ctx, rec.Tenant, rec.Ref, store.AcceptedFact{ID: id, Source: store.FromAnswer})
	if err != nil {
		return rec
	}
	return got
}

// plan is what is done about an operation next, and when.
type plan struct {
	step  step
	until time.Time // zero: only a change can help
	force bool      // poll although it is not due
}

// sooner returns the plan that comes first.
func sooner(a, b plan) plan {
	if a.until.IsZero() || !b.until.IsZero() && b.until.Before(a.until) {
		return b
	}
	return a
}

// next says what a wait for the record does next, of which the next poll is due
// at a time, or why waiting cannot help.
func (w *waiter) next(rec *store.Record, due time.Time) (plan, error) {
	c, now := w.c, time.Now()
	if !c.trusts(rec.Origin) {
		return plan{}, fmt.Errorf("wait for %s: %w: it was submitted to %s (see FormerOrigins)", w.Operation, ErrUntrustedURL, rec.Origin)
	}
	if rec.Phase == store.Accepted && refusedForGood(rec.Progress, rec.PolledAt) {
		// Somebody may have mended it: each wait has the ERP asked once.
		if w.asked || rec.PolledAt.After(w.began.Add(-time.Minute)) {
			return plan{}, w.refused(rec)
		}
		return plan{until: latest(now, c.notBefore(rec.Ref)), step: ask, force: true}, nil
	}
	end := c.patience(rec, w.began)
	switch {
	case !end.IsZero() && c.unrecorded(rec.Ref): // this client knows more than the store, and is writing it down
		return plan{until: latest(end, now.Add(10*time.Second))}, nil
	case end.IsZero():
	case !end.After(now):
		return plan{}, uncertainError(*rec, nil)
	case due.IsZero() || end.Before(due):
		return plan{until: end}, nil
	}
	if rec.Phase == store.Sending {
		return plan{until: due}, nil
	}
	return plan{until: due, step: ask}, nil
}

// patience is when a wait that began at a time gives up on a record of which
// it is not known whether the ERP accepted it; zero if it does not.
func (c *Client) patience(rec *store.Record, began time.Time) time.Time {
	if rec.Phase != store.Uncertain && rec.Phase != store.Abandoned {
		return time.Time{}
	}
	// A time that lies ahead was written by a clock that was wrong.
	soon := func(t time.Time) time.Time {
		if t.After(began) {
			t = began
		}
		return t.Add(c.cfg.UncertainAfter)
	}
	switch {
	case len(rec.Candidates) > 0 && rec.Notification != nil:
		if notified := notifiedAt(rec, time.Now()); rec.PolledAt.After(notified) {
			return latest(soon(rec.SentAt), soon(notified))
		}
		return time.Time{} // what it proposes is polled first
	case rec.Phase == store.Abandoned || rec.Notify == modeNone || rec.Notify == "":
		return began // nothing will tell
	}
	return soon(rec.SentAt)
}

// refused is the error of a wait for an operation of which the ERP refuses all
// polls.
func (w *waiter) refused(rec *store.Record) error {
	if last, ok := errors.AsType[*ResponseError](w.last); ok && last.StatusCode == rec.Progress.RefusedStatus {
		return fmt.Errorf("wait for %s: %w", w.Operation, last)
	}
	return fmt.Errorf("wait for %s: %w", w.Operation, &ResponseError{
		Method: http.MethodGet, Path: erp.StatePath(rec.ID), StatusCode: rec.Progress.RefusedStatus, Header: http.Header{},
		Message: fmt.Sprintf("so since %s", rec.Progress.RefusedSince.Format(time.RFC3339)),
	})
}

// judge takes the outcome of a poll; an error ends the wait.
func (w *waiter) judge(p *poll) error {
	if errors.Is(p.err, store.ErrLeased) {
		return nil
	}
	w.last = p.err
	if !p.denied {
		w.denied = 0
		return nil
	}
	if w.denied++; w.denied < maxDenied {
		return nil
	}
	return fmt.Errorf("wait for %s: %w", w.Operation, p.err)
}

// pending is the error of a wait that ended early.
func (w *waiter) pending(err error) error {
	return &PendingError{Ref: w.ref, ID: cmp.Or(w.seen.id, w.id), Phase: w.seen.phase, Last: w.last, Err: err}
}

// nextPoll is when the ERP is to be asked, or when somebody else's work on
// the record ends; the zero time means that only a change can help.
func (c *Client) nextPoll(rec *store.Record) time.Time {
	switch rec.Phase {
	case store.Sending:
		return rec.Lease.Until
	case store.Accepted:
	case store.Uncertain, store.Abandoned:
		if len(rec.Candidates) == 0 {
			return time.Time{}
		}
	default:
		return time.Time{}
	}
	due := rec.Due
	if due.IsZero() {
		due = rec.AcceptedAt.Add(c.delay(rec, rec.AcceptedAt))
	}
	if !rec.PolledAt.IsZero() {
		due = latest(due, rec.PolledAt.Add(minDelay))
	}
	if now := time.Now(); due.Sub(now) > maxDelay+maxDelay/10 {
		due = now // no schedule plans that: a clock was ahead
	}
	return latest(latest(due, c.postponed(rec)), c.notBefore(rec.Ref))
}

// notifiedAt returns when the last notification came. It is zero if none did, or
// if the clock that told was ahead: for as long as it was, the notification
// would seem to have come just now.
func notifiedAt(rec *store.Record, now time.Time) time.Time {
	if rec.Notification == nil || rec.Notification.ReceivedAt.After(now.Add(time.Minute)) {
		return time.Time{}
	}
	return rec.Notification.ReceivedAt
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// timerAt returns a channel that delivers at a time, or never if it is zero.
func timerAt(t time.Time) (<-chan time.Time, func()) {
	if t.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(t))
	return timer.C, func() { timer.Stop() }
}
