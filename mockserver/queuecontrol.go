package mockserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Errors of a [QueueControl].
var (
	// ErrNotPaused: a queue is stepped through only while it is paused.
	ErrNotPaused = errors.New("the queue is not paused")

	// ErrNothingWaiting: no operation waits that might start now.
	ErrNothingWaiting = errors.New("no operation waits to be started")
)

// A QueueControl stops and steps through the queue of one company, or of all. A
// pause is this server's own: others that share its [Queue] go on. It is safe
// for concurrent use, and stays good after a [Server.Reset], which ends a pause.
type QueueControl struct {
	s       *Server
	q       *runner
	company string // empty: all
}

// Queue returns the control over a company's queue, over those of all companies
// if that is empty.
func (s *Server) Queue(company string) *QueueControl { return &QueueControl{s, s.queue, company} }

// Pause lets no further operation start. What has started goes on, and what is
// submitted is accepted and waits.
func (c *QueueControl) Pause() {
	c.q.taking.Lock() // whoever is about to start something has done so
	defer c.q.taking.Unlock()
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	c.q.paused.set(c.company, true)
}

// Resume lets operations start again. For one company it does so even if all
// were paused.
func (c *QueueControl) Resume() {
	c.q.mu.Lock()
	c.q.paused.set(c.company, false)
	c.q.mu.Unlock()
	c.s.Start()
	if c.company == "" {
		c.q.look(nil)
		return
	}
	c.q.look(c.q.clocks.Of(c.company).Generation())
}

// Next starts the operation that comes next in a paused queue, and returns it
// without waiting for its end. If all that may run at a time are running, it
// waits for one of this server to end first. It returns [ErrNotPaused], or [ErrNothingWaiting],
// also if what waits is held until later.
func (c *QueueControl) Next(ctx context.Context) (Operation, error) {
	op, _, err := c.next(ctx)
	if err != nil {
		return Operation{}, fmt.Errorf("start the next operation%s: %w", c.of(), err)
	}
	return op, nil
}

// Step is [QueueControl.Next], and waits until the operation has ended. On a
// clock that stands it ends only when somebody moves the clock: then use Next,
// and [Clock.Advance]. If ctx ends first, the operation goes on.
func (c *QueueControl) Step(ctx context.Context) (Operation, error) {
	op, r, err := c.next(ctx)
	if err != nil {
		return Operation{}, fmt.Errorf("start the next operation%s: %w", c.of(), err)
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return op, fmt.Errorf("wait for operation %s: %w", op.ID, context.Cause(ctx))
	case <-c.q.pool.Context().Done():
		return op, fmt.Errorf("wait for operation %s: %w", op.ID, ErrClosed)
	}
	ended, ok := c.q.get(op.ID)
	if !ok {
		return op, fmt.Errorf("wait for operation %s: %w", op.ID, ErrReset)
	}
	return ended.Operation, nil
}

func (c *QueueControl) of() string {
	if c.company == "" {
		return ""
	}
	return " of company " + c.company
}

func (c *QueueControl) next(ctx context.Context) (Operation, *run, error) {
	c.s.Start()
	for {
		job, r, wait, err := c.q.startOne(c.company)
		if err != nil {
			return Operation{}, nil, err
		}
		if r != nil {
			return job.Operation, r, nil
		}
		if c.Len() == 0 {
			return Operation{}, nil, ErrNothingWaiting
		}
		select {
		case <-wait.done:
		case <-ctx.Done():
			return Operation{}, nil, context.Cause(ctx)
		case <-c.q.pool.Context().Done():
			return Operation{}, nil, ErrClosed
		}
	}
}

// startOne starts one job of a paused company, or of any if that is empty. If
// it cannot, it returns a run whose end may change that.
func (q *runner) startOne(company string) (*Job, *run, *run, error) {
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
	if company != "" && !paused.holds(company) || company == "" && paused.none() {
		return nil, nil, nil, ErrNotPaused
	}
	if q.room() > 0 {
		rules := Rules{Max: 1, PerCompany: q.cfg.Workers, Order: q.cfg.Order, Hold: func(other string) bool {
			return company != "" && other != company || !paused.holds(other)
		}}
		jobs, err := q.store.Take(context.WithoutCancel(q.pool.Context()), q.clocks.Now, rules)
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
func (c *QueueControl) Len() int { return len(c.Waiting()) }

// Waiting lists the operations that wait to be started: of one company in the
// order in which they will, unless some are held; of all companies in that of
// their arrival.
func (c *QueueControl) Waiting() []Operation {
	var list []Operation
	for _, op := range c.q.list() {
		if op.State == Queued && (c.company == "" || c.company == op.Company) {
			list = append(list, op)
		}
	}
	if c.company != "" && c.q.cfg.Order == OrderShuffle {
		slices.SortFunc(list, func(a, b Operation) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list
}

// pauses says which companies are paused. A value is not changed once it is in
// use.
type pauses struct {
	all    bool
	except map[string]bool // companies of which it is not as all says
}

func (p pauses) none() bool { return !p.all && len(p.except) == 0 }

func (p pauses) holds(company string) bool { return p.all != p.except[company] }

// set pauses or resumes a company, or all.
func (p *pauses) set(company string, paused bool) {
	if company == "" {
		*p = pauses{all: paused}
		return
	}
	except := maps.Clone(p.except)
	if except == nil {
		except = make(map[string]bool)
	}
	delete(except, company)
	if p.all != paused {
		except[company] = true
	}
	p.except = except
}

// holds tells whether nothing of a company may start.
func (q *runner) holds(company string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.paused.holds(company)
}
