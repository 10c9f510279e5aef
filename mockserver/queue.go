package mockserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxTombstones bounds what is remembered of operations past their retention;
// beyond it the oldest turn from "gone" into "never was".
const maxTombstones = 100_000

// queue holds the operations and runs them: first in, first out per company,
// on Config.Workers workers each. A worker is a free slot, not a goroutine;
// waiting for the end of an execution time costs a timer only.
type queue struct {
	cfg   Config
	tasks *tasks
	ended func(*operation) // called without the lock, with a copy

	mu       sync.Mutex // guards all below, and the operations
	byID     map[string]*operation
	order    []*operation // by arrival
	expiring []*operation // by end
	graves   []*operation // expired ones
	lanes    map[string]*lane
}

// A lane is one company's queue.
type lane struct {
	waiting []*operation
	busy    int
}

func newQueue(cfg Config, t *tasks, ended func(*operation)) *queue {
	return &queue{
		cfg: cfg, tasks: t, ended: ended,
		byID: make(map[string]*operation), lanes: make(map[string]*lane),
	}
}

// add queues op.
func (q *queue) add(op *operation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweep(op.Received)
	op.State = Queued
	q.byID[op.ID] = op
	q.order = append(q.order, op)
	l := q.lanes[op.Company]
	if l == nil {
		l = &lane{}
		q.lanes[op.Company] = l
	}
	l.waiting = append(l.waiting, op)
	q.dispatch(l)
}

// dispatch gives waiting operations to free workers. The caller holds q.mu.
func (q *queue) dispatch(l *lane) {
	for l.busy < q.cfg.Workers && len(l.waiting) > 0 {
		op := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		l.busy++
		op.State, op.Started = Running, time.Now()
		run := op.run
		op.run = nil // holds the request's body
		q.tasks.after(op.execTime, func(ctx context.Context) { q.execute(ctx, l, op, run) })
	}
}

// execute runs op's handler. What ends first, the handler or ExecTimeout,
// decides; a server that is closing decides nothing.
func (q *queue) execute(ctx context.Context, l *lane, op *operation, run func(context.Context) outcome) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := q.tasks.after(q.cfg.ExecTimeout, func(context.Context) {
		q.finish(l, op, outcome{failure: "The operation was cancelled: execution timed out after " + q.cfg.ExecTimeout.String() + "."})
		cancel(context.DeadlineExceeded)
	})
	out := connectionLost()
	defer func() { // also when the handler ends its goroutine
		stop()
		if q.tasks.ctx.Err() == nil {
			q.finish(l, op, out)
		}
	}()
	out = run(ctx)
}

// finish ends op; the first end counts.
func (q *queue) finish(l *lane, op *operation, out outcome) {
	if after, first := q.settle(l, op, out); first {
		q.ended(&after)
	}
}

func (q *queue) settle(l *lane, op *operation, out outcome) (after operation, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if op.ended() {
		return operation{}, false
	}
	op.Ended = time.Now()
	op.State, op.StatusCode = Finished, out.status
	if out.failure != "" {
		op.State, op.ErrorMessage = Failed, out.failure
		if !q.cfg.Profile.FailedWithoutStatusCode {
			op.StatusCode = http.StatusInternalServerError
		}
	}
	op.keep(out, q.cfg.Profile)
	q.expiring = append(q.expiring, op)
	l.busy--
	q.dispatch(l)
	return *op, true
}

// keep stores what the endpoint answered. Content is in place when the state
// starts to tell of it, as both change under one lock.
func (op *operation) keep(out outcome, p Profile) {
	op.content, op.kind = out.body, out.header.Get("Content-Type")
	kept := make(map[string]string)
	for _, name := range p.ResponseHeaders {
		if v := out.header.Get(name); v != "" {
			kept[name] = v
		}
	}
	if len(kept) > 0 {
		op.answer = kept
	}
}

// get returns a copy of an operation as it is now.
func (q *queue) get(id string, now time.Time) (operation, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	op := q.byID[strings.ToLower(id)]
	if op == nil {
		return operation{}, false
	}
	q.expireIfDue(op, now)
	return *op, true
}

// read is get, counting what was served if the operation is there for company.
func (q *queue) read(id, company string, now time.Time, count func(*operation)) (operation, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	op := q.byID[strings.ToLower(id)]
	if op == nil {
		return operation{}, false
	}
	q.expireIfDue(op, now)
	if op.Company == company && op.State != Expired {
		count(op)
	}
	return *op, true
}

func (q *queue) list(now time.Time) []Operation {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Operation, len(q.order))
	for i, op := range q.order {
		q.expireIfDue(op, now)
		list[i] = op.Operation
	}
	return list
}

func (q *queue) expire(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	op := q.byID[strings.ToLower(id)]
	if op == nil || !op.ended() {
		return false
	}
	q.bury(op)
	return true
}

// The rest is called with q.mu held.

func (q *queue) expireIfDue(op *operation, now time.Time) {
	if op.expiredAt(now, q.cfg.Retention, q.cfg.Profile.RetainFromReceived) {
		q.bury(op)
	}
}

func (q *queue) bury(op *operation) {
	if op.State != Expired {
		op.expire()
		q.graves = append(q.graves, op)
	}
}

// sweep frees what is past its retention. It looks at the oldest ends only:
// what it misses is found when it is asked for.
func (q *queue) sweep(now time.Time) {
	for len(q.expiring) > 0 {
		op := q.expiring[0]
		q.expireIfDue(op, now)
		if op.State != Expired {
			break
		}
		q.expiring[0] = nil
		q.expiring = q.expiring[1:]
	}
	if len(q.graves) <= maxTombstones {
		return
	}
	for _, op := range q.graves[:len(q.graves)-maxTombstones/2] {
		delete(q.byID, op.ID)
	}
	q.graves = slices.Clone(q.graves[len(q.graves)-maxTombstones/2:])
	q.order = slices.DeleteFunc(q.order, func(op *operation) bool { return q.byID[op.ID] == nil })
}
