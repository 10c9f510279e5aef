package client

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

// Operation is one ERP request that runs in the background. It is a handle:
// what is known of it lives in the store, and any number of handles and
// goroutines may use it at once. A [Client] makes it: by Submit, or when it
// finds a record again.
type Operation struct {
	c      *Client
	ref    string
	id     string // as known when the handle was made
	method string
	path   string
	named  *named      // nil if there is nothing of that
	ended  atomic.Bool // somebody who used this handle saw the end
}

// named is what few operations have: a program may hold a hundred thousand handles.
type named struct {
	key, kind string
	meta      map[string]string
	link      string // the observer's
}

func (c *Client) operation(rec store.Record) *Operation {
	o := &Operation{c: c, ref: rec.Ref, id: rec.ID, method: rec.Method, path: rec.Path}
	if rec.Key != "" || rec.Kind != "" || rec.Link != "" || rec.Metadata != nil {
		o.named = &named{rec.Key, rec.Kind, rec.Metadata, rec.Link}
	}
	o.ended.Store(rec.Phase.Terminal())
	return o
}

// names returns what the operation is named, the zero value if that is nothing.
func (o *Operation) names() named {
	if o.named == nil {
		return named{}
	}
	return *o.named
}

// Client returns the client that the operation was made by.
func (o *Operation) Client() *Client { return o.c }

// Ref returns the client's own name for the operation, unique in the store.
func (o *Operation) Ref() string { return o.ref }

// ID returns the ERP's id as it was known when this handle was made; it is
// empty for an uncertain operation and for an answer in the foreground. [State]
// has the latest.
func (o *Operation) ID() string { return o.id }

// Key returns the key given to Submit, if any.
func (o *Operation) Key() string { return o.names().key }

// Kind returns the kind given to Submit, if any.
func (o *Operation) Kind() string { return o.names().kind }

// Metadata returns a copy of the metadata given to Submit; nil if there is none.
func (o *Operation) Metadata() map[string]string { return maps.Clone(o.names().meta) }

// String names the operation for people; it holds no query and no data.
func (o *Operation) String() string {
	return fmt.Sprintf("%s %s (%s)", o.method, erp.PathOf(o.path), nameOf(o.id, o.ref))
}

// State returns what the store knows of the operation, without a call to the
// ERP.
func (o *Operation) State(ctx context.Context) (State, error) {
	rec, err := o.c.store.Get(ctx, o.c.cfg.Tenant, o.ref)
	if err != nil {
		return State{}, fmt.Errorf("state of %s: %w", o, storeError(err))
	}
	return stateOf(rec), nil
}

// Poll asks the ERP for the state now, unless the operation has ended in a way
// that is clear, and returns the state after that. If a poll is in progress it
// waits for that one. It returns the error of a poll that failed,
// *[ResponseError] among them; the operation is not affected by it.
func (o *Operation) Poll(ctx context.Context) (State, error) {
	var polled error
	rec, err := o.c.store.Get(ctx, o.c.cfg.Tenant, o.ref)
	if err == nil && (!rec.Phase.Terminal() || rec.Phase == store.Unclear) {
		if p, ok := o.c.sched.poll(o.ref, true); !ok {
			polled = ErrClosed
		} else {
			select {
			case <-p.done:
				polled = p.err
			case <-ctx.Done():
				return stateOf(rec), fmt.Errorf("poll %s: %w", o, ctx.Err())
			}
		}
	}
	s, err := o.State(ctx)
	if err == nil && s.Phase.Terminal() {
		o.ended.Store(true)
	}
	if err == nil && polled != nil {
		err = fmt.Errorf("poll %s: %w", o, polled)
	}
	return s, err
}

// Wait blocks until the operation has ended and returns its result.
//
// The result comes without an error only for success, see the package
// documentation. For a failure it comes with an [*OperationError], so that
// nobody takes Finished for fine. An operation that was refused, or resolved as
// [NotAccepted], has an [*OperationError] and no result. Without a result Wait
// also ends by: [*PendingError] when ctx ends (it wraps ctx's error, and the
// operation goes on), [ErrExpired] when the ERP no longer knows the operation,
// a [*ResponseError] when the ERP goes on refusing the credentials (401 or 403,
// three polls in a row) or refuses all polls for ten minutes in a way that no
// repetition changes (400, 405, a redirect to elsewhere), [*UncertainError] for
// an operation of which it is not known whether the ERP accepted it (at once
// where no notification can tell, else [Config.UncertainAfter] after it was
// sent), [ErrClosed], and [store.ErrNotFound] when the record was purged.
//
// An [*UnclearError] comes with the result: the ERP named an end that nobody
// understands. Any other failed poll does not end a wait. Whatever ended it, a
// new wait finds what has become known since.
func (o *Operation) Wait(ctx context.Context) (*Result, error) {
	// While it waits, which many thousands may do, a goroutine needs no more than the
	// 2 kB of stack that it began with, of which net/http or the application have
	// used some. What needs more, before and after, is in functions of its own, and
	// in the scheduler's loop: with that it was 8 kB.
	ctx, told := o.tellWait(ctx)
	if o.ended.Load() {
		if res, over, err := o.read(ctx, told); over {
			return res, err
		}
	}
	w, done := o.await()
	select {
	case <-done:
	case <-ctx.Done():
		w.interrupt(ctx)
	}
	return w.result(told)
}

// tellWait tells the observer of a wait, and returns what is told of its end; nil if
// there is no observer.
func (o *Operation) tellWait(ctx context.Context) (context.Context, func(Waited)) {
	if _, deaf := o.c.cfg.Observer.(NopObserver); deaf {
		return ctx, nil
	}
	n := o.names()
	return o.c.cfg.Observer.Wait(ctx, Waiting{Ref: o.ref, ID: o.id, Method: o.method, Route: routeOf(o.path), Kind: n.kind, Link: n.link})
}

// read is a wait for an operation of which the end was seen: it is over unless the
// store says otherwise.
func (o *Operation) read(ctx context.Context, told func(Waited)) (res *Result, over bool, err error) {
	rec, err := o.c.store.Get(ctx, o.c.cfg.Tenant, o.ref)
	if err != nil || !rec.Phase.Terminal() {
		return nil, false, nil
	}
	res, err = o.c.result(rec)
	if told != nil {
		told(waited(rec, err))
	}
	return res, true, err
}

// result is what a wait that is over returns.
func (w *waiter) result(told func(Waited)) (*Result, error) {
	if w.rec == nil {
		if told != nil {
			told(Waited{ID: cmp.Or(w.seen.id, w.id), Phase: w.seen.phase, Polls: w.seen.polls, Notified: w.seen.notified, Err: w.err})
		}
		return nil, w.err
	}
	w.ended.Store(true)
	res, err := w.c.result(*w.rec)
	if told != nil {
		told(waited(*w.rec, err))
	}
	return res, err
}

// waited is what the observer is told of a wait that ended with a record.
func waited(rec store.Record, err error) Waited {
	s := stateOf(rec)
	return Waited{ID: s.ID, Phase: s.Phase, StatusCode: s.StatusCode, Polls: s.Polls, Notified: !s.Notified.IsZero(), Ran: s.ran(), Err: err}
}

// Watch yields the state of the operation now, and again each time it changes,
// until it has ended; it then yields no more. If it cannot go on it yields the
// error, as [Operation.Wait] has it, as its last pair. It polls the ERP as
// often as Wait does and no more: where a notification is expected, its first
// new state may be the end. It owns no goroutine; breaking out of the loop ends
// it.
func (o *Operation) Watch(ctx context.Context) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		box := &mailbox{wake: make(chan struct{}, 1)}
		w := &waiter{Operation: o, began: time.Now(), tell: box}
		if !w.begin(ctx) {
			yield(State{}, ErrClosed)
			return
		}
		defer o.c.sched.leave(w)
		var last State
		for {
			rec, over := box.take(ctx)
			if rec != nil {
				if s := stateOf(*rec); s != last {
					last = s
					if !yield(s, nil) {
						return
					}
				}
			}
			switch {
			case over && w.err != nil:
				yield(last, w.err)
				return
			case over:
				return
			case ctx.Err() != nil:
				o.c.sched.leave(w)
				yield(last, cmp.Or(w.err, w.pending(ctx.Err())))
				return
			}
		}
	}
}

// mailbox tells one goroutine of the last reading of an operation.
type mailbox struct {
	wake chan struct{} // holds one

	mu   sync.Mutex // guards the rest
	rec  *store.Record
	over bool
}

func (b *mailbox) ended(w *waiter) { b.put(w.rec, true) }

func (b *mailbox) put(rec *store.Record, over bool) {
	b.mu.Lock()
	if rec != nil {
		b.rec = rec
	}
	b.over = over
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take waits for a reading, for the end, or for ctx.
func (b *mailbox) take(ctx context.Context) (rec *store.Record, over bool) {
	select {
	case <-b.wake:
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	rec, b.rec = b.rec, nil
	return rec, b.over
}

// Ack tells the store that the application has the outcome, so that the record
// may be purged. It is needed with a durable store: what nobody acknowledges is
// listed by [Client.Pending] after each start, and purged after
// [Config.KeepUnacknowledged]. It returns nil if that was told before, and an
// error for an operation that has not ended, or of which there is no outcome. A
// loss of power soon after it may undo it, see store.Store; then the operation
// is listed once more.
func (o *Operation) Ack(ctx context.Context) error {
	rec, err := o.record(ctx)
	switch {
	case err != nil:
	case rec.Phase == store.Acknowledged:
		return nil
	case !acknowledgeable(rec):
		err = unended(rec)
	default:
		if err = o.decide(ctx, acknowledgeable, unended, store.AcknowledgeDecision{}); err != nil {
			// Another may have acknowledged it meanwhile.
			if again, lost := o.record(ctx); lost == nil && again.Phase == store.Acknowledged {
				return nil
			}
		}
	}
	if err != nil {
		return fmt.Errorf("acknowledge %s: %w", o, storeError(err))
	}
	return nil
}

// acknowledgeable reports whether a record has an outcome that waits for its
// acknowledgement.
func acknowledgeable(rec store.Record) bool {
	return rec.Phase == store.Settled || rec.Phase == store.Expired
}
