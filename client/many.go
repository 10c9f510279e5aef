package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"

	"github.com/vismanet-go/background/store"
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
		s := newSelection(ops)
		defer s.close()
		for len(s.waiting) > 0 {
			for _, m := range s.ready(ctx) {
				if !yield(m.op, m.err) {
					return
				}
			}
		}
	}
}

// member is one operation of a selection.
type member struct {
	op   *Operation
	w    *waiter
	rec  store.Record // its id and phase, as last read
	err  error        // why it is done
	next plan
	poll *poll // in progress
}

// selection waits for many operations from one goroutine.
type selection struct {
	waiting map[*Operation]*member
	dirty   map[*Operation]*member // to be read again
	byRef   map[string][]*member
	dues    dueHeap
	watches map[*Client]*store.Watcher
	wake    chan struct{}
	stop    chan struct{}
	pumps   sync.WaitGroup

	mu    sync.Mutex // guards what other goroutines leave here
	again []*member
	woken map[*Client]bool // with true: its store or the client itself has ended
}

func newSelection(ops []*Operation) *selection {
	s := &selection{
		waiting: make(map[*Operation]*member, len(ops)), dirty: make(map[*Operation]*member, len(ops)),
		byRef: make(map[string][]*member, len(ops)), watches: make(map[*Client]*store.Watcher),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), woken: make(map[*Client]bool),
	}
	refs := make(map[*Client][]string)
	for _, op := range ops {
		if s.waiting[op] != nil {
			continue
		}
		m := &member{op: op, w: op.waiter(), rec: store.Record{ID: op.id}}
		s.waiting[op], s.dirty[op] = m, m
		s.byRef[op.ref] = append(s.byRef[op.ref], m)
		refs[op.c] = append(refs[op.c], op.ref)
	}
	for c, list := range refs {
		watch := c.store.Watch(c.cfg.Tenant, list...)
		s.watches[c] = watch
		s.pumps.Go(func() { s.pump(c, watch) })
	}
	return s
}

// pump tells the selection what a client's store and end tell.
func (s *selection) pump(c *Client, watch *store.Watcher) {
	for open := true; open; {
		select {
		case _, open = <-watch.C():
		case <-c.life.Done():
			open = false
		case <-s.stop:
			return
		}
		s.mu.Lock()
		s.woken[c] = s.woken[c] || !open
		s.mu.Unlock()
		s.signal()
	}
}

func (s *selection) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *selection) close() {
	close(s.stop)
	s.pumps.Wait()
	for _, w := range s.watches {
		w.Close()
	}
}
