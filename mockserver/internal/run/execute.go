package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/internal/answer"
	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// start waits for the job's execution time.
func (q *Runner) start(job *queue.Job) *run {
	g := q.cfg.Clocks.Of(job.Company).Generation()
	ctx, cancel := context.WithCancelCause(g.Context())
	r := &run{company: job.Company, cancel: cancel, done: make(chan struct{})}
	q.mu.Lock()
	q.running[job.Lease()] = r
	q.mu.Unlock()
	q.cfg.Journal.Operation(journal.KindStarted, job.Operation, job.Started)
	q.tellStart(job)
	g.After(job.ExecTime, background.Label("operation", &job.Operation), func(_ context.Context, t *vtime.Task) {
		defer cancel(nil)
		q.execute(t.With(ctx), r, job, t)
	})
	return r
}

// execute runs a job's handler. What ends first, the handler or ExecTimeout,
// decides; a server that is closing decides nothing, nor one that resets the
// company.
func (q *Runner) execute(ctx context.Context, r *run, job *queue.Job, t *vtime.Task) {
	var decided atomic.Bool
	finish := func(w Work, out answer.Outcome) error {
		if t.Generation().Context().Err() != nil || !decided.CompareAndSwap(false, true) {
			return nil
		}
		err := q.finish(ctx, job, t.Generation(), w, out)
		if errors.Is(err, queue.ErrConflict) {
			decided.Store(false)
		}
		return err
	}
	if job.Attempts > q.cfg.MaxAttempts {
		_ = finish(nil, answer.Outcome{Failure: fmt.Sprintf("The operation was given up: its worker stopped %d times.", job.Attempts-1)})
		return
	}
	if !outliveDeaths(ctx, job.Fault) {
		_ = finish(nil, answer.ConnectionLost())
		return
	}
	stop := t.Generation().After(q.cfg.ExecTimeout, background.Label("timeout of", &job.Operation), func(context.Context, *vtime.Task) {
		_ = finish(nil, answer.Outcome{Failure: timedOut(q.cfg.ExecTimeout)})
		t.Interrupt(context.DeadlineExceeded)
		r.cancel(context.DeadlineExceeded)
	})
	defer stop()
	for errors.Is(q.attempt(ctx, job, t, finish), queue.ErrConflict) {
	}
}

// timedOut is what is told of an operation that took too long. Its endpoint may have
// done everything but answer.
func timedOut(after time.Duration) string {
	return "The operation was cancelled: execution timed out after " + after.String() + ". It is not known whether it was carried out."
}

// attempt runs the handler once.
func (q *Runner) attempt(ctx context.Context, job *queue.Job, t *vtime.Task, finish func(Work, answer.Outcome) error) (err error) {
	w := q.cfg.Work(job)
	out := answer.ConnectionLost()
	defer func() { // also when the handler ends its goroutine
		err = finish(w, out)
		w.Done(false) // if somebody else decided
	}()
	out = disturbed(job.Fault, func(ctx context.Context) answer.Outcome {
		return w.Run(ctx, func(early answer.Outcome) { _ = finish(w, early) })
	})(ctx)
	return nil
}

// finish ends a job; the first end counts. While the queue cannot store it, it
// is tried again: the job has been done, and somebody waits for it.
func (q *Runner) finish(ctx context.Context, job *queue.Job, g *vtime.Generation, w Work, out answer.Outcome) error {
	r := q.result(job, out)
	if w != nil && out.Failure == "" {
		r.Changes = w.Changes()
	}
	var err error
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err = q.cfg.Store.Finish(context.WithoutCancel(ctx), job.Lease(), r)
		if err == nil || errors.Is(err, queue.ErrLeaseLost) || errors.Is(err, queue.ErrConflict) {
			break
		}
		q.cfg.Log.Warn("result not stored yet", "id", job.ID, "error", err)
		if vtime.SleepReal(q.cfg.Pool.Context(), wait) != nil {
			break
		}
	}
	if w != nil {
		w.Done(err == nil && r.Changes != nil)
	}
	if errors.Is(err, queue.ErrConflict) {
		return err
	}
	op := background.Of(job)
	op.End(r)
	if err == nil {
		q.cfg.Journal.Operation(journal.KindEnded, op.Operation, r.Ended)
		q.tellEnd(op)
	}
	q.mu.Lock()
	if mine := q.running[job.Lease()]; mine != nil {
		q.forget(job.Lease(), mine, nil)
	}
	q.mu.Unlock()
	q.Dispatch(g)
	if err != nil {
		q.cfg.Log.Warn("result discarded", "id", job.ID, "attempt", job.Attempts, "error", err)
		return err
	}
	q.cfg.Ended(op, g)
	return nil
}

// tellStart logs that an operation has been picked up.
func (q *Runner) tellStart(job *queue.Job) {
	if q.cfg.Log.Enabled(context.Background(), slog.LevelDebug) {
		q.cfg.Log.Debug("operation started", "id", job.ID, "company", job.Company, "method", job.Method, "path", job.Path, "attempt", job.Attempts)
	}
}

// tellEnd logs that an operation has its result.
func (q *Runner) tellEnd(op *background.Operation) {
	if !q.cfg.Log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	attrs := []any{"id", op.ID, "company", op.Company, "method", op.Method, "path", op.Path, "state", op.State, "status", op.StatusCode}
	if op.ErrorMessage != "" {
		attrs = append(attrs, "error", op.ErrorMessage)
	}
	q.cfg.Log.Debug("operation ended", append(attrs, "took", op.Ended.Sub(op.Received))...)
}

func (q *Runner) result(job *queue.Job, out answer.Outcome) queue.Result {
	p, now := q.cfg.Profile(job.Company), q.cfg.Clocks.Now(job.Company)
	r := queue.Result{State: operation.Finished, StatusCode: out.Status, Ended: now, Expires: now.Add(q.cfg.Retention)}
	if p.RetainFromReceived {
		r.Expires = job.Received.Add(q.cfg.Retention)
	}
	if out.Failure != "" {
		r.State, r.ErrorMessage = operation.Failed, out.Failure
		if !p.FailedWithoutStatusCode {
			r.StatusCode = http.StatusInternalServerError
		}
	}
	r.Content, r.ContentType = out.Body, out.Header.Get("Content-Type")
	for _, name := range p.ResponseHeaders {
		if v := out.Header.Get(name); v != "" {
			if r.Answer == nil {
				r.Answer = make(map[string]string)
			}
			r.Answer[name] = v
		}
	}
	return r
}

// outliveDeaths waits until the last of the workers has died that a fault lets die
// before the handler is reached, and reports whether nothing ended that early. None
// of it counts against ExecTimeout.
func outliveDeaths(ctx context.Context, f fault.Queue) bool {
	for range f.Deaths {
		if vtime.Sleep(ctx, cmp.Or(f.Lease, 30*time.Second)) != nil {
			return false
		}
	}
	return true
}

// disturbed is the run of an operation as a fault wants it.
func disturbed(f fault.Queue, run func(context.Context) answer.Outcome) func(context.Context) answer.Outcome {
	if f.Fail == "" && !f.Twice {
		return run
	}
	return func(ctx context.Context) answer.Outcome {
		if f.Fail != "" && !f.Late {
			return answer.Outcome{Failure: f.Fail}
		}
		out := run(ctx)
		if f.Twice {
			out = run(ctx)
		}
		if f.Fail != "" {
			return answer.Outcome{Failure: f.Fail}
		}
		return out
	}
}
