package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Errors of a [Control].
var (
	// ErrNotPaused: a queue is stepped through only while it is paused.
	ErrNotPaused = errors.New("the queue is not paused")

	// ErrNothingWaiting: no operation waits that might start now.
	ErrNothingWaiting = errors.New("no operation waits to be started")
)

// A Control stops and steps through the queue of one company, or of all. It stays
// good after a reset, which ends a pause.
type Control struct {
	q       *Runner
	start   func() // begins to work on a shared queue
	company string // empty: all
}

// Control returns the control over a company's queue, over those of all companies
// if that is empty. Start is called before anything is started.
func (q *Runner) Control(company string, start func()) *Control { return &Control{q, start, company} }

// Pause lets no further operation start. What has started goes on, and what is
// submitted is accepted and waits.
func (c *Control) Pause() {
	c.q.taking.Lock() // whoever is about to start something has done so
	defer c.q.taking.Unlock()
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	c.q.paused.set(c.company, true)
}

// Resume lets operations start again. For one company it does so even if all
// were paused.
func (c *Control) Resume() {
	c.q.mu.Lock()
	c.q.paused.set(c.company, false)
	c.q.mu.Unlock()
	c.start()
	if c.company == "" {
		c.q.Dispatch(nil)
		return
	}
	c.q.Dispatch(c.q.cfg.Clocks.Of(c.company).Generation())
}

// Paused reports whether the queue is paused; with no company, whether that of any
// is of which nothing else was said.
func (c *Control) Paused() bool {
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	return c.q.paused.has(c.company)
}

// Next starts the operation that comes next in a paused queue, and returns it
// without waiting for its end. If all that may run at a time are running, it
// waits for one of this server to end first. It returns [ErrNotPaused], or [ErrNothingWaiting],
// also if what waits is held until later.
func (c *Control) Next(ctx context.Context) (operation.Operation, error) {
	op, _, err := c.next(ctx)
	if err != nil {
		return operation.Operation{}, fmt.Errorf("start the next operation%s: %w", c.of(), err)
	}
	return op, nil
}

// Step is [Control.Next], and waits until the operation has ended. On a
// clock that stands it ends only when somebody moves the clock: then use Next,
// and move it. If ctx ends first, the operation goes on.
func (c *Control) Step(ctx context.Context) (operation.Operation, error) {
	op, r, err := c.next(ctx)
	if err != nil {
		return operation.Operation{}, fmt.Errorf("start the next operation%s: %w", c.of(), err)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return op, fmt.Errorf("wait for operation %s: %w", op.ID, context.Cause(ctx))
	case <-c.q.cfg.Pool.Context().Done():
		return op, fmt.Errorf("wait for operation %s: %w", op.ID, vtime.ErrClosed)
	}
	ended, ok := c.q.Get(op.ID)
	if !ok {
		return op, fmt.Errorf("wait for operation %s: %w", op.ID, vtime.ErrReset)
	}
	return ended.Operation, nil
}

func (c *Control) of() string {
	if c.company == "" {
		return ""
	}
	return " of company " + c.company
}

func (c *Control) next(ctx context.Context) (operation.Operation, *run, error) {
	c.start()
	for {
		job, r, wait, err := c.q.startOne(c.company)
		if err != nil {
			return operation.Operation{}, nil, err
		}
		if r != nil {
			return job.Operation, r, nil
		}
		if c.Len() == 0 {
			return operation.Operation{}, nil, ErrNothingWaiting
		}
		select {
		case <-wait.done:
		case <-ctx.Done():
			return operation.Operation{}, nil, context.Cause(ctx)
		case <-c.q.cfg.Pool.Context().Done():
			return operation.Operation{}, nil, vtime.ErrClosed
		}
	}
}

// startOne starts one job of a paused company, or of any if that is empty. If
// it cannot, it returns a run whose end may change that.
func (q *Runner) startOne(company string) (*queue.Job, *run, *run, error) {
	q.taking.Lock()
	defer q.taking.Unlock()
	q.mu.Lock()
	paused := q.paused
	var wait *run
	for _, r := range q.running {
		if company == "" || r.company == company || q.cfg.MaxRunning > 0 {
			wait = r
		}
	}
	q.mu.Unlock()
	if company != "" && !paused.has(company) || company == "" && paused.none() {
		return nil, nil, nil, ErrNotPaused
	}
	if q.room() > 0 {
		limits := queue.Limits{Max: 1, PerCompany: q.cfg.Workers, Order: q.cfg.Order, Hold: func(other string) bool {
			return company != "" && other != company || !paused.has(other)
		}}
		jobs, err := q.cfg.Store.Take(context.WithoutCancel(q.cfg.Pool.Context()), q.cfg.Clocks.Now, limits)
		if err != nil {
			return nil, nil, nil, err
		}
		for _, job := range jobs {
			return job, q.start(job), nil, nil
		}
	}
	if wait == nil {
		return nil, nil, nil, ErrNothingWaiting
	}
	return nil, nil, wait, nil
}

// Len is how many operations wait to be started.
func (c *Control) Len() int { return len(c.Waiting()) }

// Waiting lists the operations that wait to be started: of one company in the
// order in which they will, unless some are held; of all companies in that of
// their arrival.
func (c *Control) Waiting() []operation.Operation {
	var list []operation.Operation
	for _, op := range c.q.List() {
		if op.State == operation.Queued && (c.company == "" || c.company == op.Company) {
			list = append(list, op)
		}
	}
	if c.company != "" && c.q.cfg.Order == queue.Shuffle {
		slices.SortFunc(list, func(a, b operation.Operation) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list
}
