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

// SubmitAll submits requests, up to parallel (at least 1) at a time, and yields
// what [Client.Submit] returns for each, in the order of items. It takes an
// item only when there is room for it, so that items may be endless. An error
// is an *[ItemError], which says of which item it is. Options that ctx carries
// (see [InBackground]) are those of every item, but for Key and Supersede,
// which are an error there: they name one piece of work.
//
// Breaking out of the loop takes no further item; it waits for those that are
// being sent, because cutting one off would leave it uncertain. ctx ends them.
func (c *Client) SubmitAll(ctx context.Context, items iter.Seq[Item], parallel int) iter.Seq2[*Operation, error] {
	type answer struct {
		op  *Operation
		err error
	}
	return func(yield func(*Operation, error) bool) {
		var sending sync.WaitGroup
		defer sending.Wait()
		var queue []chan answer
		next := func() bool { // hands out the oldest
			a := <-queue[0]
			queue = queue[1:]
			return yield(a.op, a.err)
		}
		taken := 0
		for item := range items {
			index := taken
			taken++
			if len(queue) >= max(1, parallel) && !next() {
				return
			}
			done := make(chan answer, 1)
			queue = append(queue, done)
			sending.Go(func() {
				op, err := c.submitItem(ctx, index, item)
				done <- answer{op, err}
			})
		}
		for len(queue) > 0 {
			if !next() {
				return
			}
		}
	}
}

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
