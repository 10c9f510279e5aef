package run

import (
	"context"
	"errors"

	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Get returns an operation as it is now, without its content.
func (q *Runner) Get(id string) (background.Operation, bool) {
	job, err := q.cfg.Store.Get(context.WithoutCancel(q.cfg.Pool.Context()), id, q.cfg.Clocks.Now)
	if err != nil {
		q.complain("operation not read", id, err)
		return background.Operation{}, false
	}
	return *background.Of(job), true
}

// ReadState is Get, counting the poll if the operation is there for company.
func (q *Runner) ReadState(id, company string) (background.Operation, bool) {
	op, ok := q.Get(id)
	if ok && op.Company == company && op.State != operation.Expired {
		q.cfg.Store.Count(op.ID, 1, 0)
	}
	return op, ok
}

// Answer returns what the endpoint answered, and whether there is an answer; it
// counts nothing.
func (q *Runner) Answer(id string) (operation.Answer, bool) {
	op, ok := q.Get(id)
	if !ok || !op.HasEnded() || op.State == operation.Expired {
		return operation.Answer{}, false
	}
	a := operation.Answer{StatusCode: op.StatusCode, Header: op.Answer, ContentType: op.ContentType}
	if op.Content != nil {
		if a.Content, ok = q.content(&op); !ok {
			return operation.Answer{}, false
		}
	}
	return a, true
}

// content reads the content of an operation that has one, and reports whether it
// could be read.
func (q *Runner) content(op *background.Operation) ([]byte, bool) {
	body, err := q.cfg.Store.Content(context.WithoutCancel(q.cfg.Pool.Context()), op.ID, q.cfg.Clocks.Now)
	switch {
	case err != nil:
		q.complain("content not read", op.ID, err)
		return nil, false
	case body == nil:
		return op.Content, true
	}
	return body, true
}

// ReadContent is Get with the content, counting it if company gets it.
func (q *Runner) ReadContent(id, company string) (background.Operation, bool) {
	op, ok := q.Get(id)
	if !ok || op.Company != company || op.State == operation.Expired || op.Content == nil {
		return op, ok
	}
	if op.Content, ok = q.content(&op); !ok {
		return op, true
	}
	q.cfg.Store.Count(op.ID, 0, 1)
	return op, true
}

// complain logs an error that is not just the caller's.
func (q *Runner) complain(what, id string, err error) {
	if !errors.Is(err, queue.ErrUnknownJob) {
		q.cfg.Log.Error(what, "id", id, "error", err)
	}
}

// List returns all operations, in the order in which they were added.
func (q *Runner) List() []operation.Operation {
	jobs, err := q.cfg.Store.List(context.WithoutCancel(q.cfg.Pool.Context()), q.cfg.Clocks.Now)
	if err != nil {
		q.cfg.Log.Error("operations not listed", "error", err)
	}
	list := make([]operation.Operation, len(jobs))
	for i, job := range jobs {
		list[i] = job.Operation
	}
	return list
}

// Expire ends the retention of an operation that has ended, and reports whether
// there was one.
func (q *Runner) Expire(id string) bool {
	ok, err := q.cfg.Store.Expire(context.WithoutCancel(q.cfg.Pool.Context()), id)
	if err != nil {
		q.cfg.Log.Error("operation not expired", "id", id, "error", err)
	}
	return ok
}
