package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/internal/usercode"
	"github.com/vismanet-go/background/store"
)

// maxDenied is how many polls in a row may be refused for their credentials
// before a wait ends.
const maxDenied = 3

// waiter is one wait for one operation.
type waiter struct {
	*Operation
	watch  *store.Watcher
	began  time.Time
	denied int   // polls refused in a row
	last   error // of the last poll, nil if it went well
	broken int   // reads of the store that failed in a row
	asked  bool  // this wait had the ERP asked about an operation of which all polls are refused
}

func (o *Operation) waiter() *waiter { return &waiter{Operation: o, began: time.Now()} }

// await blocks until the operation has ended and returns its record. visit
// sees every reading of the record on the way; it returns false to end the
// wait without an error.
func (o *Operation) await(ctx context.Context, visit func(store.Record) bool) (store.Record, error) {
	w := o.waiter()
	w.watch = o.c.store.Watch(o.c.cfg.Tenant, o.ref)
	defer w.watch.Close()
	for {
		rec, err := w.read(ctx)
		if err != nil {
			return rec, err
		}
		if !visit(rec) || rec.Phase.Terminal() {
			return rec, nil
		}
		if err := w.step(ctx, rec); err != nil {
			return rec, err
		}
	}
}

// read returns the record; a store that fails for a while is waited for.
func (w *waiter) read(ctx context.Context) (store.Record, error) {
	c := w.c
	for {
		rec, err := c.store.Get(ctx, c.cfg.Tenant, w.ref)
		switch {
		case err == nil:
			w.broken = 0
			return c.learn(ctx, rec, w.id), nil
		case c.life.Err() != nil || errors.Is(err, store.ErrClosed):
			return rec, ErrClosed
		case ctx.Err() != nil:
			return rec, w.pending(ctx.Err(), rec)
		case errors.Is(err, store.ErrNotFound):
			return rec, fmt.Errorf("wait for %s: %w", w.Operation, err)
		}
		w.last = fmt.Errorf("store: %w", err)
		w.broken++
		if _, err := sleep(ctx, c.life, storeRetry.After(w.broken)); err != nil {
			return rec, w.ended(err, rec)
		}
	}
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

// step does or awaits the next thing that can change the record.
func (w *waiter) step(ctx context.Context, rec store.Record) error {
	next, err := w.next(rec)
	if err != nil {
		return err
	}
	until := next.until
	if now := time.Now(); next.poll && !until.After(now) {
		p := w.c.startPoll(w.ref, next.force)
		w.asked = w.asked || next.force
		select {
		case <-p.done:
		case <-ctx.Done():
			return w.ended(ctx.Err(), rec)
		}
		busy, err := w.judge(p)
		if err != nil || busy.IsZero() {
			return err
		}
		until = busy
	}
	return w.sleep(ctx, rec, until)
}

// plan is what a wait does next: at a time it polls, or reads the record again.
type plan struct {
	until time.Time // zero: only a change can help
	poll  bool
	force bool // poll although it is not due
}

// next says what a wait for the record does next, or why waiting cannot help.
func (w *waiter) next(rec store.Record) (plan, error) {
	c, now := w.c, time.Now()
	if !c.trusts(rec.Origin) {
		return plan{}, fmt.Errorf("wait for %s: %w: it was submitted to %s (see FormerOrigins)", w.Operation, ErrUntrustedURL, rec.Origin)
	}
	if rec.Phase == store.Accepted && refusedForGood(rec.Progress, rec.PolledAt) {
		// Somebody may have mended it: each wait has the ERP asked once.
		if w.asked || rec.PolledAt.After(w.began.Add(-time.Minute)) {
			return plan{}, w.refused(rec)
		}
		return plan{until: latest(latest(now, c.pausedUntil()), c.notBefore(rec.Ref)), poll: true, force: true}, nil
	}
	due := c.nextPoll(rec)
	end := c.patience(rec, w.began)
	c.mu.Lock()
	known := c.facts[rec.Ref] > 0
	c.mu.Unlock()
	switch {
	case known && !end.IsZero(): // this client knows more than the store, and is writing it down
		return plan{until: latest(end, now.Add(10*time.Second))}, nil
	case end.IsZero():
	case !end.After(now):
		return plan{}, uncertainError(rec, nil)
	case due.IsZero() || end.Before(due):
		return plan{until: end}, nil
	}
	return plan{until: due, poll: true}, nil
}

// patience is when a wait that began at a time gives up on a record of which
// it is not known whether the ERP accepted it; zero if it does not.
func (c *Client) patience(rec store.Record, began time.Time) time.Time {
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
func (w *waiter) refused(rec store.Record) error {
	if last, ok := errors.AsType[*ResponseError](w.last); ok && last.StatusCode == rec.Progress.RefusedStatus {
		return fmt.Errorf("wait for %s: %w", w.Operation, last)
	}
	return fmt.Errorf("wait for %s: %w", w.Operation, &ResponseError{
		Method: http.MethodGet, Path: erp.StatePath(rec.ID), StatusCode: rec.Progress.RefusedStatus, Header: http.Header{},
		Message: fmt.Sprintf("so since %s", rec.Progress.RefusedSince.Format(time.RFC3339)),
	})
}

// judge takes the outcome of a poll. If another replica does it
// returns until when at the latest; an error ends the wait.
func (w *waiter) judge(p *poll) (busy time.Time, err error) {
	if errors.Is(p.err, store.ErrLeased) {
		return p.until, nil
	}
	w.last = p.err
	if !p.denied {
		w.denied = 0
		if p.err != nil && w.c.life.Err() != nil {
			return busy, ErrClosed
		}
		return busy, nil
	}
	if w.denied++; w.denied < maxDenied {
		return busy, nil
	}
	return busy, fmt.Errorf("wait for %s: %w", w.Operation, p.err)
}

// sleep waits for the time, a change of the record, or an end.
func (w *waiter) sleep(ctx context.Context, rec store.Record, until time.Time) error {
	alarm, stop := timerAt(until)
	defer stop()
	select {
	case <-alarm:
	case _, open := <-w.watch.C():
		if !open {
			return ErrClosed
		}
	case <-w.c.life.Done():
		return ErrClosed
	case <-ctx.Done():
		return w.ended(ctx.Err(), rec)
	}
	return nil
}

// timerAt returns a channel that delivers at a time, or never if it is zero.
func timerAt(t time.Time) (<-chan time.Time, func()) {
	if t.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(t))
	return timer.C, func() { timer.Stop() }
}

// ended says why the wait ended early: by the client or by the context.
func (w *waiter) ended(err error, rec store.Record) error {
	if w.c.life.Err() != nil || errors.Is(err, ErrClosed) {
		return ErrClosed
	}
	return w.pending(err, rec)
}

func (w *waiter) pending(err error, rec store.Record) error {
	id := rec.ID
	if id == "" {
		id = w.id
	}
	return &PendingError{Ref: w.ref, ID: id, Phase: rec.Phase, Last: w.last, Err: err}
}

// nextPoll is when the ERP is to be asked, or when somebody else's work on
// the record ends; the zero time means that only a change can help.
func (c *Client) nextPoll(rec store.Record) time.Time {
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
	due = latest(due, c.postponed(rec))
	return latest(latest(due, c.pausedUntil()), c.notBefore(rec.Ref))
}

// delay asks the schedule how long to wait from now.
func (c *Client) delay(rec store.Record, now time.Time) time.Duration {
	info := PollInfo{
		Polls: rec.Polls, Age: max(0, now.Sub(rec.AcceptedAt)), Notify: rec.Notify != modeNone,
		Missing: rec.Progress.Missing,
	}
	if notified := notifiedAt(rec, now); !notified.IsZero() {
		info.Notified, info.SinceNotified = true, max(0, now.Sub(notified))
	}
	return jitter(c.schedule(info), rec.Ref, rec.Polls)
}

// notifiedAt returns when the last notification came. It is zero if none did, or
// if the clock that told was ahead: for as long as it was, the notification
// would seem to have come just now.
func notifiedAt(rec store.Record, now time.Time) time.Time {
	if rec.Notification == nil || rec.Notification.ReceivedAt.After(now.Add(time.Minute)) {
		return time.Time{}
	}
	return rec.Notification.ReceivedAt
}

// schedule asks the configured schedule. One that does not return is replaced
// by the default.
func (c *Client) schedule(info PollInfo) time.Duration {
	if c.cfg.Schedule == nil {
		return DefaultSchedule(info)
	}
	var d time.Duration
	err := usercode.Call("Config.Schedule", func() error {
		d = c.cfg.Schedule(info)
		return nil
	})
	if err != nil {
		c.log.ErrorContext(c.life, "the schedule did not return", usercode.Logged(err)...)
		return DefaultSchedule(info)
	}
	return d
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
