package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
)

// WaitAll waits for all operations and returns their results in the order of
// ops. A result stands also where the operation did not succeed, and is nil
// where there is none; the errors of [Operation.Wait] are joined, each wrapped
// with its operation's name. It polls all of them at once and starts no
// goroutine for each.
func WaitAll(ctx context.Context, ops ...*Operation) ([]*Result, error) {
	index := make(map[*Operation][]int, len(ops))
	for i, op := range ops {
		index[op] = append(index[op], i)
	}
	results := make([]*Result, len(ops))
	errs := make([]error, len(ops)) // in the order of ops, whichever ended first
	for op, err := range AsCompleted(ctx, ops...) {
		for _, i := range index[op] {
			_, failed := errors.AsType[*OperationError](err)
			_, unclear := errors.AsType[*UnclearError](err)
			if err == nil || failed || unclear {
				results[i], err = op.Wait(ctx) // at once, because it has ended
			}
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", op, err)
			}
		}
	}
	return results, errors.Join(errs...)
}

// Item is a request for [Client.SubmitAll].
type Item struct {
	Request *http.Request
	Options SubmitOptions
}

// SubmittedItem is what became of one item of [Client.SubmitAll].
type SubmittedItem struct {
	Index     int        // in the order of the items, from 0
	Item      Item       // as it was taken; the body of its request is read and closed
	Operation *Operation // nil where [Client.Submit] returns none
}

// SubmitAll submits requests, up to parallel (at least 1) at a time, and yields
// what [Client.Submit] returns for each as soon as it returns, whichever came first:
// an item that has to wait, for its key or for the limit of the ERP, holds no other
// up. It takes an item only when there is room for it, so that items may be endless;
// while they produce the next one it yields nothing. An error is an *[ItemError],
// which says of which item it is, as the [SubmittedItem] does. Options that ctx
// carries (see [InBackground]) are those of every item, but for Key and Supersede,
// which are an error there: they name one piece of work.
//
// When all that are being sent have waited for the limit of the ERP for 10 s it says so
// in the log, once; [Client.Stats] shows at any time how many wait and until when.
//
// Breaking out of the loop takes no further item; it waits for those that are
// being sent, because cutting one off would leave it uncertain. ctx ends them.
func (c *Client) SubmitAll(ctx context.Context, items iter.Seq[Item], parallel int) iter.Seq2[SubmittedItem, error] {
	return func(yield func(SubmittedItem, error) bool) {
		b := batch{c: c, ctx: ctx, ended: make(chan submitted, max(1, parallel))}
		defer b.sending.Wait()
		for item := range items {
			for b.busy() {
				if s := b.next(); !yield(s.SubmittedItem, s.err) {
					return
				}
			}
			b.start(item)
		}
		for b.open > 0 {
			if s := b.next(); !yield(s.SubmittedItem, s.err) {
				return
			}
		}
	}
}

// submitted is an item and the error of its submit.
type submitted struct {
	SubmittedItem
	err error
}

// batch is one SubmitAll.
type batch struct {
	c       *Client
	ctx     context.Context
	sending sync.WaitGroup
	ended   chan submitted // has room for all that are being sent
	taken   int            // items
	open    int            // of them, those that are not yielded yet
	told    bool           // the log knows that it waits for the limit
}

// busy reports whether something is to be yielded before the next item is taken.
func (b *batch) busy() bool { return b.open == cap(b.ended) || len(b.ended) > 0 }

// start submits an item.
func (b *batch) start(item Item) {
	s := submitted{SubmittedItem: SubmittedItem{Index: b.taken, Item: item}}
	b.taken++
	b.open++
	b.sending.Go(func() {
		s.Operation, s.err = b.c.submitItem(b.ctx, s.Index, item)
		b.ended <- s
	})
}

// next waits for the next item that was submitted.
func (b *batch) next() submitted {
	b.open--
	if b.told {
		return <-b.ended
	}
	alarm := time.NewTimer(batchWait)
	defer alarm.Stop()
	for {
		select {
		case s := <-b.ended:
			return s
		case <-alarm.C:
		}
		state := b.c.budget.State()
		if waiting := state.Waiting[budget.Submit]; waiting > 0 {
			b.told = true
			b.c.log.WarnContext(b.ctx, "SubmitAll waits for the limit of the ERP", "taken", b.taken, "waiting", waiting,
				"left", state.Remaining, "limit", state.Limit, "resets", state.Reset, "paused", state.PausedUntil, "remedy", b.c.relief())
			return <-b.ended
		}
		alarm.Reset(batchWait)
	}
}

// batchWait is how long a batch stands still before the log is told that it waits for
// the limit.
const batchWait = 10 * time.Second

// submitItem submits one item of many.
func (c *Client) submitItem(ctx context.Context, index int, item Item) (op *Operation, err error) {
	if ch, _ := chosen(ctx); ch.opts.Key != "" || ch.opts.Supersede != "" {
		closeBody(item.Request)
		err = errors.New("submit: the context of SubmitAll gives all items one Key or Supersede: want them in Item.Options")
	} else {
		op, err = c.Submit(ctx, item.Request, item.Options)
	}
	if err != nil {
		key := item.Options.Key
		if opts, failed := options(ctx, item.Request, item.Options); failed == nil {
			key = opts.Key
		}
		err = &ItemError{Index: index, Key: key, Err: err}
	}
	return op, err
}

// AsCompleted yields each operation once, as soon as it has ended, with the
// error that [Operation.Wait] returns for it: nil for success. Its result is
// what Wait returns then, at once. When ctx ends, the operations that have
// not ended come with a *[PendingError]. The operations may belong to several
// clients; one that is given twice is yielded once.
//
// It starts no goroutine per operation, and ends all that it started when the
// loop is left.
func AsCompleted(ctx context.Context, ops ...*Operation) iter.Seq2[*Operation, error] {
	return func(yield func(*Operation, error) bool) {
		g := &group{wake: make(chan struct{}, 1)}
		waiting := make(map[*Operation]*waiter, len(ops))
		defer func() {
			for _, w := range waiting {
				w.c.sched.leave(w)
			}
		}()
		var closed []*Operation
		for _, op := range ops {
			if waiting[op] != nil {
				continue
			}
			w := &waiter{Operation: op, began: time.Now(), tell: g}
			waiting[op] = w
			if !w.begin(ctx) {
				closed = append(closed, op)
			}
		}
		for _, op := range closed {
			if waiting[op] == nil {
				continue
			}
			delete(waiting, op)
			if !yield(op, ErrClosed) {
				return
			}
		}
		for len(waiting) > 0 {
			for _, w := range g.next(ctx) {
				delete(waiting, w.Operation)
				if !yield(w.Operation, w.outcome()) {
					return
				}
			}
			if ctx.Err() == nil {
				continue
			}
			for op, w := range waiting {
				delete(waiting, op)
				w.c.sched.leave(w)
				if !yield(op, cmp.Or(w.err, w.pending(ctx.Err()))) {
					return
				}
			}
		}
	}
}

// group tells one goroutine, which waits for many operations.
type group struct {
	wake chan struct{} // holds one

	mu   sync.Mutex // guards the rest
	over []*waiter
}

func (g *group) ended(w *waiter) {
	g.mu.Lock()
	g.over = append(g.over, w)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// next waits for those that have ended since the last call. It returns none when
// ctx ends.
func (g *group) next(ctx context.Context) []*waiter {
	for {
		g.mu.Lock()
		over := g.over
		g.over = nil
		g.mu.Unlock()
		if len(over) > 0 {
			return over
		}
		select {
		case <-g.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// outcome is the error of a wait that is over.
func (w *waiter) outcome() error {
	if w.err != nil {
		return w.err
	}
	_, err := w.c.result(*w.rec)
	return err
}
