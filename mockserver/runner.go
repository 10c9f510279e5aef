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

	"github.com/vismanet-go/background/mockserver/internal/vtime"
)

// runner takes jobs from the queue and runs them. A worker is a free slot, not
// a goroutine; waiting for the end of an execution time costs a timer only.
type runner struct {
	cfg     Config
	log     *slog.Logger
	pool    *vtime.Pool
	clocks  *vtime.Clocks
	journal *journal
	store   Queue
	shared  SharedQueue // store, if it is one
	work    func(*Job) work
	ended   func(op *operation, g *vtime.Generation, by *vtime.Task) // called with an operation that has just ended; by is about to

	taking  sync.Mutex   // held while jobs are taken
	adding  sync.RWMutex // read-held while a job is added; a reset holds it
	mu      sync.Mutex   // guards all below
	running map[Lease]*run
	asked   []*vtime.Task // looks at a shared queue that nobody has made yet
	paused  pauses
	kicks   chan struct{} // asks for a look at a shared queue

	serving atomic.Bool // it works on a shared queue
}

// A run is a job of this server, from when it is taken to its end.
type run struct {
	company string
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed when it is no more in runner.running
}

// forget takes a run off the list. It needs q.mu.
func (q *runner) forget(lease Lease, r *run, cause error) {
	delete(q.running, lease)
	close(r.done)
	if cause != nil {
		r.cancel(cause)
	}
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

func newRunner(s *Server) *runner {
	q := &runner{
		cfg: s.cfg, log: s.log, pool: s.pool, clocks: s.clocks, journal: s.journal, store: s.cfg.Queue,
		work: s.work, ended: s.jobEnded, running: make(map[Lease]*run), kicks: make(chan struct{}, 1),
	}
	if q.store == nil {
		q.store = NewMemoryQueue()
	}
	q.shared, _ = q.store.(SharedQueue)
	return q
}

// add stores a job and has it run. After an error nothing is stored. What a
// reset did not wait for adds nothing any more.
func (q *runner) add(ctx context.Context, job *Job, g *vtime.Generation) error {
	if err := q.keep(ctx, job, g); err != nil {
		return fmt.Errorf("store operation %s: %w", job.ID, err)
	}
	q.look(g)
	if wait := job.NotBefore.Sub(job.Received); wait > 0 && !job.NotBefore.IsZero() {
		g.After(wait, job.label("end of the hold of"), func(context.Context, *vtime.Task) { q.look(g) })
	}
	return nil
}

func (q *runner) keep(ctx context.Context, job *Job, g *vtime.Generation) error {
	q.adding.RLock()
	defer q.adding.RUnlock()
	if g.IsVoid() {
		return ErrReset
	}
	return q.store.Add(context.WithoutCancel(ctx), job)
}

// look starts what may run: at once with a queue of our own, soon with a
// shared one, where looking may take a while. The company of a
// generation that is given is busy until then.
func (q *runner) look(g *vtime.Generation) {
	if q.shared == nil {
		q.take(q.pool.Context())
		return
	}
	if g != nil {
		t := g.Begin(vtime.Label{Verb: "a look at the queue"})
		q.mu.Lock()
		q.asked = append(q.asked, t)
		q.mu.Unlock()
	}
	select {
	case q.kicks <- struct{}{}:
	default: // somebody asked already
	}
}

// takeAsked is take for those who asked for it.
func (q *runner) takeAsked(ctx context.Context) {
	q.mu.Lock()
	asked := q.asked
	q.asked = nil
	q.mu.Unlock()
	q.take(ctx)
	for _, t := range asked {
		t.End()
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
		jobs, err := q.store.Take(ctx, q.clocks.Now, q.rules(room))
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

func (q *runner) rules(limit int) Rules {
	r := Rules{Max: limit, PerCompany: q.cfg.Workers, Order: q.cfg.Order}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.paused.none() {
		r.Hold = q.holds
	}
	return r
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
func (q *runner) start(job *Job) *run {
	g := q.clocks.Of(job.Company).Generation()
	ctx, cancel := context.WithCancelCause(g.Context())
	r := &run{company: job.Company, cancel: cancel, done: make(chan struct{})}
	q.mu.Lock()
	q.running[job.Lease()] = r
	q.mu.Unlock()
	q.journal.operation(KindStarted, job.Operation, job.Started)
	g.After(job.ExecTime, job.label("operation"), func(_ context.Context, t *vtime.Task) {
		defer cancel(nil)
		q.execute(t.With(ctx), r, job, t)
	})
	return r
}

// execute runs a job's handler. What ends first, the handler or ExecTimeout,
// decides; a server that is closing decides nothing, nor one that resets the
// company.
func (q *runner) execute(ctx context.Context, r *run, job *Job, t *vtime.Task) {
	var decided atomic.Bool
	finish := func(w work, out outcome, by *vtime.Task) error {
		if t.Generation().Context().Err() != nil || !decided.CompareAndSwap(false, true) {
			return nil
		}
		err := q.finish(ctx, job, t.Generation(), w, out, by)
		if errors.Is(err, ErrConflict) {
			decided.Store(false)
		}
		return err
	}
	stop := t.Generation().After(q.cfg.ExecTimeout, job.label("timeout of"), func(context.Context, *vtime.Task) {
		_ = finish(nil, outcome{failure: "The operation was cancelled: execution timed out after " + q.cfg.ExecTimeout.String() + "."}, nil)
		t.Interrupt(context.DeadlineExceeded)
		r.cancel(context.DeadlineExceeded)
	})
	defer stop()
	if job.Attempts > q.cfg.MaxAttempts {
		_ = finish(nil, outcome{failure: fmt.Sprintf("The operation was given up: its worker stopped %d times.", job.Attempts-1)}, t)
		return
	}
	for errors.Is(q.attempt(ctx, job, t, finish), ErrConflict) {
	}
}

// attempt runs the handler once.
func (q *runner) attempt(ctx context.Context, job *Job, t *vtime.Task, finish func(work, outcome, *vtime.Task) error) (err error) {
	w := q.work(job)
	out := connectionLost()
	defer func() { // also when the handler ends its goroutine
		err = finish(w, out, t)
		w.done(false) // if somebody else decided
	}()
	out = job.Fault.wrap(func(ctx context.Context) outcome {
		return w.run(ctx, func(early outcome) { _ = finish(w, early, nil) })
	})(ctx)
	return nil
}

// finish ends a job; the first end counts. By, if not nil, is the task that
// calls it, and about to end. While the queue cannot store it, it
// is tried again: the job has been done, and somebody waits for it.
func (q *runner) finish(ctx context.Context, job *Job, g *vtime.Generation, w work, out outcome, by *vtime.Task) error {
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
		if vtime.SleepReal(q.pool.Context(), wait) != nil {
			break
		}
	}
	if w != nil {
		w.done(err == nil && r.Changes != nil)
	}
	if errors.Is(err, ErrConflict) {
		return err
	}
	op := job.operation()
	op.settle(r)
	if err == nil {
		q.journal.operation(KindEnded, op.Operation, r.Ended)
		q.tellEnd(op)
	}
	q.mu.Lock()
	if mine := q.running[job.Lease()]; mine != nil {
		q.forget(job.Lease(), mine, nil)
	}
	q.mu.Unlock()
	q.look(g)
	if err != nil {
		q.log.Warn("result discarded", "id", job.ID, "attempt", job.Attempts, "error", err)
		return err
	}
	q.ended(op, g, by)
	return nil
}

// tellEnd logs that an operation has its result.
func (q *runner) tellEnd(op *operation) {
	if !q.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	attrs := []any{"id", op.ID, "company", op.Company, "method", op.Method, "path", op.Path, "state", op.State, "status", op.StatusCode}
	if op.ErrorMessage != "" {
		attrs = append(attrs, "error", op.ErrorMessage)
	}
	q.log.Debug("operation ended", append(attrs, "took", op.Ended.Sub(op.Received))...)
}

func (q *runner) result(job *Job, out outcome) Result {
	p, now := q.cfg.Profile, q.clocks.Now(job.Company)
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
func (q *runner) get(id string) (operation, bool) {
	job, err := q.store.Get(context.WithoutCancel(q.pool.Context()), id, q.clocks.Now)
	if err != nil {
		q.complain("operation not read", id, err)
		return operation{}, false
	}
	return *job.operation(), true
}

// readState is get, counting the look if the operation is there for company.
func (q *runner) readState(id, company string) (operation, bool) {
	op, ok := q.get(id)
	if ok && op.Company == company && op.State != Expired {
		q.store.Count(op.ID, 1, 0)
	}
	return op, ok
}

// readContent is get with the content, counting the look if company gets it.
func (q *runner) readContent(id, company string) (operation, bool) {
	op, ok := q.get(id)
	if !ok || op.Company != company || op.State == Expired || op.content == nil {
		return op, ok
	}
	body, err := q.store.Content(context.WithoutCancel(q.pool.Context()), op.ID, q.clocks.Now)
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

func (q *runner) list() []Operation {
	jobs, err := q.store.List(context.WithoutCancel(q.pool.Context()), q.clocks.Now)
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
	ok, err := q.store.Expire(context.WithoutCancel(q.pool.Context()), id)
	if err != nil {
		q.log.Error("operation not expired", "id", id, "error", err)
	}
	return ok
}
