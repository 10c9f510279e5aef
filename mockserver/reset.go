package mockserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Reset lets a company be as after [New], or all of them if company is empty:
// without operations, deliveries, rate limit and journal, with the first
// invoices, the rules of Config.Faults, the first ids (with Config.Seed), and
// its clock as Config.Clock winds it, not paused. Other companies notice
// nothing.
//
// Operations that run are cancelled, with [ErrReset] as the cause; Reset waits
// for their handlers, for requests that are being answered, and for nothing that
// waits for the clock. Requests of the company that come in meanwhile wait. If
// ctx ends first, the company is reset all the same, the error tells what still
// runs, and whatever that gives is discarded; what a user's handler does
// elsewhere is its own. A handler that resets its own company with its
// request's context gets [ErrOwnCompany], and nothing is reset. [Server.Close]
// cuts Reset off as ctx does; after it the error is [ErrClosed].
//
// With a shared [Queue] the company's part of it is emptied; of other servers
// nothing else is reset, and what they are running of the company is discarded
// when it ends.
func (s *Server) Reset(ctx context.Context, company string) error {
	if s.tasks.ctx.Err() != nil {
		return fmt.Errorf("reset %s: %w", companyText(company), ErrClosed)
	}
	if a, ok := ctx.Value(activityKey{}).(*activity); ok && (company == "" || a.life.clock.company == company) && a.life.clock.isWithin(ctx) {
		return fmt.Errorf("reset %s: %w", companyText(company), ErrOwnCompany)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.tasks.ctx, func() { cancel(ErrClosed) })()
	companies := []string{company}
	if company == "" {
		if err := s.clocks.holdNew(ctx); err != nil {
			return fmt.Errorf("reset %s: %w while they are reset by another call", companyText(company), err)
		}
		defer s.clocks.releaseNew()
		companies = s.clocks.known()
	}
	var stopped []*Clock
	defer func() {
		for _, c := range stopped {
			<-c.resets
		}
	}()
	for _, name := range companies { // in order, so that two calls cannot wait for each other
		c := s.clocks.of(name)
		if err := seize(ctx, c.resets); err != nil {
			return fmt.Errorf("reset %s: %w while it is reset by another call", companyText(company), err)
		}
		stopped = append(stopped, c)
	}
	for _, c := range stopped {
		c.die()
	}
	late := awaitAll(ctx, stopped)
	err := s.beginAnew(ctx, company, stopped)
	s.queue.look(nil) // there may be room now for others
	if len(late) > 0 {
		err = errors.Join(err, fmt.Errorf("%w; still under way: %s", context.Cause(ctx), strings.Join(late, ", ")))
	}
	if err != nil {
		return fmt.Errorf("reset %s: %w", companyText(company), err)
	}
	return nil
}

// seize puts a token into a channel that holds one. It waits for that until ctx
// ends, but does not fail if it need not wait.
func seize(ctx context.Context, token chan struct{}) error {
	select {
	case token <- struct{}{}:
		return nil
	default:
	}
	select {
	case token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// beginAnew gives companies that have ended a new life. Nothing is taken from
// the queue meanwhile: it could not run, and other servers may add to it.
func (s *Server) beginAnew(ctx context.Context, company string, stopped []*Clock) error {
	s.queue.taking.Lock()
	defer s.queue.taking.Unlock()
	for _, c := range stopped {
		c.rewind()
	}
	err := s.wipe(ctx, company)
	for _, c := range stopped {
		c.restart()
	}
	return err
}

func companyText(company string) string {
	if company == "" {
		return "all companies"
	}
	return "company " + company
}

// die ends the company's life: nothing that was planned happens, and what waits
// for the clock does not wait any longer.
func (c *Clock) die() {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.life
	l.over = true
	l.cancel(ErrReset)
	c.stop(ErrReset)
	l.leave()
}

// awaitAll waits for all that is under way, and tells what it did not wait for.
func awaitAll(ctx context.Context, stopped []*Clock) (late []string) {
	for _, c := range stopped {
		l := c.current()
		select {
		case <-l.gone:
			continue
		default:
		}
		select {
		case <-l.gone:
		case <-ctx.Done():
			late = append(late, c.Busy()...)
		}
	}
	return late
}

// wipe forgets what there is of a company, in which nothing happens now.
func (s *Server) wipe(ctx context.Context, company string) error {
	err := s.queue.reset(ctx, company)
	s.notifier.reset(company)
	s.erp.Reset(company)
	s.ids.reset(func(name string) bool { return company == "" || name == company })
	s.limits.reset(company)
	s.faults.Reset(company)
	s.journal.reset(company)
	return err
}

// rewind sets the clock to what it shows in the beginning, and shuts out what
// is late in the life that is over.
func (c *Clock) rewind() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life.void = true
	c.wind(c.all.fresh())
}

// restart begins a new life of the company.
func (c *Clock) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.life
	c.life = c.newLife()
	close(old.next)
	c.settle()
}

// reset forgets a company's jobs. The caller holds q.taking.
func (q *runner) reset(ctx context.Context, company string) error {
	q.mu.Lock()
	for lease, r := range q.running {
		if company == "" || r.company == company {
			q.forget(lease, r, ErrReset)
		}
	}
	q.paused.set(company, false)
	q.mu.Unlock()
	q.adding.Lock() // what was begun before is stored by now, and goes
	defer q.adding.Unlock()
	if err := q.store.Reset(context.WithoutCancel(ctx), company); err != nil {
		return fmt.Errorf("empty the queue: %w", err)
	}
	return nil
}

// reset forgets a company's deliveries.
func (n *notifier) reset(company string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	gone := func(d *delivery) bool { return company == "" || d.Company == company }
	n.list = slices.DeleteFunc(n.list, gone)
	n.parked = slices.DeleteFunc(n.parked, gone)
}
