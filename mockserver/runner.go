package mockserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// runner takes jobs from the queue and runs them. A worker is a free slot, not
// a goroutine; waiting for the end of an execution time costs a timer only.
type runner struct {
	cfg    Config
	log    *slog.Logger
	tasks  *tasks
	store  Queue
	shared SharedQueue // store, if it is one
	work   func(*Job) work
	ended  func(*operation) // called with an operation that has just ended

	taking  sync.Mutex // held while jobs are taken
	mu      sync.Mutex // guards running
	running map[Lease]context.CancelCauseFunc
	kicks   chan struct{} // asks for a look at a shared queue
}

// A work is what a job makes a worker do. It runs again if its effects cannot
// be stored because they are out of date.
type work interface {
	// run calls the handler. Early, if not nil, may be called before run
	// returns, with an answer that is to be reported at once.
	run(ctx context.Context, early func(outcome)) outcome
	// changes are what run did to the ERP's data.
	changes() *Changes
	// done tells whether the changes were stored.
	done(stored bool)
}

func newRunner(cfg Config, t *tasks, prepare func(*Job) work, ended func(*operation)) *runner {
	q := &runner{
		cfg: cfg, log: cfg.Logger, tasks: t, store: cfg.Queue, work: prepare, ended: ended,
		running: make(map[Lease]context.CancelCauseFunc), kicks: make(chan struct{}, 1),
	}
	if q.store == nil {
		q.store = NewMemoryQueue()
	}
	q.shared, _ = q.store.(SharedQueue)
	return q
}

// add stores a job and has it run. After an error nothing is stored.
func (q *runner) add(ctx context.Context, job *Job) error {
	if err := q.store.Add(context.WithoutCancel(ctx), job); err != nil {
		return fmt.Errorf("store operation %s: %w", job.ID, err)
	}
	q.look()
	if wait := job.NotBefore.Sub(job.Received); wait > 0 {
		q.tasks.after(wait, func(context.Context) { q.look() })
	}
	return nil
}

// look starts what may run: at once with a queue of our own, soon with a
// shared one, where looking may take a while.
func (q *runner) look() {
	if q.shared == nil {
		q.take(q.tasks.ctx)
		return
	}
	select {
	case q.kicks <- struct{}{}:
	default: // somebody asked already
	}
}

// maxTake is how many jobs are taken in one go.
const maxTake = 256

func (q *runner) take(ctx context.Context) {
	q.taking.Lock()
	defer q.taking.Unlock()
	for ctx.Err() == nil {
		room := q.room()
		if room <= 0 {
			return
		}
		jobs, err := q.store.Take(ctx, time.Now(), Rules{Max: room, PerCompany: q.cfg.Workers, Order: q.cfg.Order})
		if err != nil && ctx.Err() == nil {
			q.log.Warn("nothing taken from the queue", "error", err)
		}
		for _, job := range jobs {
			q.start(job)
		}
		if len(jobs) < maxTake {
			return
		}
	}
}

// room is how many more jobs may be taken now.
func (q *runner) room() int {
	if q.cfg.MaxRunning == 0 {
		return maxTake
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return min(maxTake, q.cfg.MaxRunning-len(q.running))
}

// start waits for the job's execution time.
func (q *runner) start(job *Job) {
	ctx, cancel := context.WithCancelCause(q.tasks.ctx)
	q.mu.Lock()
	q.running[job.Lease()] = cancel
	q.mu.Unlock()
	q.tasks.after(job.ExecTime, func(context.Context) { q.execute(ctx, cancel, job) })
}

// execute runs a job's handler. What ends first, the handler or ExecTimeout,
// decides; a server that is closing decides nothing.
func (q *runner) execute(ctx context.Context, cancel context.CancelCauseFunc, job *Job) {
	defer cancel(nil)
	var decided atomic.Bool
	finish := func(w work, out outcome) error {
		if q.tasks.ctx.Err() != nil || !decided.CompareAndSwap(false, true) {
			return nil
		}
		err := q.finish(ctx, job, w, out)
		if errors.Is(err, ErrConflict) {
			decided.Store(false)
		}
		return err
	}
	stop := q.tasks.after(q.cfg.ExecTimeout, func(context.Context) {
		_ = finish(nil, outcome{failure: "The operation was cancelled: execution timed out after " + q.cfg.ExecTimeout.String() + "."})
		cancel(context.DeadlineExceeded)
	})
	defer stop()
	if job.Attempts > q.cfg.MaxAttempts {
		_ = finish(nil, outcome{failure: fmt.Sprintf("The operation was given up: its worker stopped %d times.", job.Attempts-1)})
		return
	}
	for errors.Is(q.attempt(ctx, job, finish), ErrConflict) {
	}
}

// attempt runs the handler once.
func (q *runner) attempt(ctx context.Context, job *Job, finish func(work, outcome) error) (err error) {
	w := q.work(job)
	out := connectionLost()
	defer func() { // also when the handler ends its goroutine
		err = finish(w, out)
		w.done(false) // if somebody else decided
	}()
	out = job.Fault.wrap(func(ctx context.Context) outcome {
		return w.run(ctx, func(early outcome) { _ = finish(w, early) })
	})(ctx)
	return nil
}

// finish ends a job; the first end counts. While the queue cannot store it, it
// is tried again: the job has been done, and somebody waits for it.
func (q *runner) finish(ctx context.Context, job *Job, w work, out outcome) error {
	r := q.result(job, out)
	if w != nil && out.failure == "" {
		r.Changes = w.changes()
	}
	var err error
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err = q.store.Finish(context.WithoutCancel(ctx), job.Lease(), r)
		if err == nil || errors.Is(err, ErrLeaseLost) || errors.Is(err, ErrConflict) {
			break
		}
		q.log.Warn("result not stored yet", "id", job.ID, "error", err)
		if sleep(q.tasks.ctx, wait) != nil {
			break
		}
	}
	if w != nil {
		w.done(err == nil && r.Changes != nil)
	}
	if errors.Is(err, ErrConflict) {
		return err
	}
	q.mu.Lock()
	delete(q.running, job.Lease())
	q.mu.Unlock()
	q.look()
	if err != nil {
		q.log.Warn("result discarded", "id", job.ID, "attempt", job.Attempts, "error", err)
		return err
	}
	op := job.operation()
	op.settle(r)
	q.ended(op)
	return nil
}

func (q *runner) result(job *Job, out outcome) Result {
	p, now := q.cfg.Profile, time.Now()
	r := Result{State: Finished, StatusCode: out.status, Ended: now, Expires: now.Add(q.cfg.Retention)}
	if p.RetainFromReceived {
		r.Expires = job.Received.Add(q.cfg.Retention)
	}
	if out.failure != "" {
		r.State, r.ErrorMessage = Failed, out.failure
		if !p.FailedWithoutStatusCode {
			r.StatusCode = http.StatusInternalServerError
		}
	}
	r.Content, r.ContentType = out.body, out.header.Get("Content-Type")
	for _, name := range p.ResponseHeaders {
		if v := out.header.Get(name); v != "" {
			if r.Answer == nil {
				r.Answer = make(map[string]string)
			}
			r.Answer[name] = v
		}
	}
	return r
}

// get returns an operation as it is now, without its content.
func (q *runner) get(id string, now time.Time) (operation, bool) {
	job, err := q.store.Get(context.WithoutCancel(q.tasks.ctx), id, now)
	if err != nil {
		q.complain("operation not read", id, err)
		return operation{}, false
	}
	return *job.operation(), true
}

// readState is get, counting the look if the operation is there for company.
func (q *runner) readState(id, company string, now time.Time) (operation, bool) {
	op, ok := q.get(id, now)
	if ok && op.Company == company && op.State != Expired {
		q.store.Count(op.ID, 1, 0)
	}
	return op, ok
}

// readContent is get with the content, counting the look if company gets it.
func (q *runner) readContent(id, company string, now time.Time) (operation, bool) {
	op, ok := q.get(id, now)
	if !ok || op.Company != company || op.State == Expired || op.content == nil {
		return op, ok
	}
	body, err := q.store.Content(context.WithoutCancel(q.tasks.ctx), op.ID, now)
	if err != nil {
		q.complain("content not read", id, err)
		op.content = nil
		return op, true
	}
	if body != nil {
		op.content = body
	}
	q.store.Count(op.ID, 0, 1)
	return op, true
}

// complain logs an error that is not just the caller's.
func (q *runner) complain(what, id string, err error) {
	if !errors.Is(err, ErrUnknownJob) {
		q.log.Error(what, "id", id, "error", err)
	}
}

func (q *runner) list(now time.Time) []Operation {
	jobs, err := q.store.List(context.WithoutCancel(q.tasks.ctx), now)
	if err != nil {
		q.log.Error("operations not listed", "error", err)
	}
	list := make([]Operation, len(jobs))
	for i, job := range jobs {
		list[i] = job.Operation
	}
	return list
}

func (q *runner) expire(id string) bool {
	ok, err := q.store.Expire(context.WithoutCancel(q.tasks.ctx), id)
	if err != nil {
		q.log.Error("operation not expired", "id", id, "error", err)
	}
	return ok
}
