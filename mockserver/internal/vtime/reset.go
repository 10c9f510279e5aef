package vtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Reset gives a company a new generation, or all of them if company is empty:
// what is under way is cancelled and waited for, the clock shows what it did in
// the beginning, and what is new waits until then. Between the two wipe forgets
// what there is of the company; from before that to the beginning of the new
// generation nothing may be begun that was kept elsewhere, which starting
// guards.
//
// If ctx ends first, the company is reset all the same, and the error names
// what is still under way. It is [ErrOwnCompany] for the context of one of the
// company's handlers, and [ErrClosed] after Close.
func (a *Clocks) Reset(ctx context.Context, company string, starting sync.Locker, wipe func(context.Context) error) error {
	wrap := func(err error) error { return fmt.Errorf("reset %s: %w", companyText(company), err) }
	if a.pool.ctx.Err() != nil {
		return wrap(ErrClosed)
	}
	if t, ok := taskOf(ctx); ok && (company == "" || t.Clock().company == company) && t.Clock().isWithin(ctx) {
		return wrap(ErrOwnCompany)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(a.pool.ctx, func() { cancel(ErrClosed) })()
	stopped, release, err := a.seizeAll(ctx, company)
	defer release()
	if err != nil {
		return wrap(err)
	}
	for _, c := range stopped {
		c.die()
	}
	late := awaitAll(ctx, stopped)
	err = a.anew(ctx, stopped, starting, wipe)
	if len(late) > 0 {
		err = errors.Join(err, fmt.Errorf("%w; still under way: %s", context.Cause(ctx), strings.Join(late, ", ")))
	}
	if err != nil {
		return wrap(err)
	}
	return nil
}

// seizeAll lets nobody else reset a company, or any, until release is called.
// Companies that are new begin then only, if it is about all. Release is to be
// called after an error as well.
func (a *Clocks) seizeAll(ctx context.Context, company string) (seized []*Clock, release func(), err error) {
	companies, releaseNew := []string{company}, func() {}
	release = func() {
		for _, c := range seized {
			<-c.resets
		}
		releaseNew()
	}
	if company == "" {
		if err := a.holdNew(ctx); err != nil {
			return nil, release, fmt.Errorf("%w while they are reset by another call", err)
		}
		companies, releaseNew = a.Known(), a.releaseNew
	}
	for _, name := range companies { // in order, so that two calls cannot wait for each other
		c := a.Of(name)
		if err := seize(ctx, c.resets); err != nil {
			return seized, release, fmt.Errorf("%w while it is reset by another call", err)
		}
		seized = append(seized, c)
	}
	return seized, release, nil
}

// holdNew lets companies that are new begin with releaseNew
// only. One caller at a time gets it.
func (a *Clocks) holdNew(ctx context.Context) error {
	if err := seize(ctx, a.resets); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = true
	return nil
}

func (a *Clocks) releaseNew() {
	a.mu.Lock()
	born := a.born
	a.held, a.born = false, nil
	a.mu.Unlock()
	for _, c := range born {
		c.restart()
		<-c.resets
	}
	<-a.resets
}

// die ends the company's generation: nothing that was planned happens, and what
// waits for the clock does not wait any longer.
func (c *Clock) die() {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.generation
	g.over = true
	g.cancel(ErrReset)
	c.stop(ErrReset)
	g.leave()
}

// awaitAll waits for all that is under way, and names what it did not wait for.
func awaitAll(ctx context.Context, stopped []*Clock) (late []string) {
	for _, c := range stopped {
		g := c.Generation()
		select {
		case <-g.gone:
			continue
		default:
		}
		select {
		case <-g.gone:
		case <-ctx.Done():
			late = append(late, c.Busy()...)
		}
	}
	return late
}

// anew gives companies a new generation whose present one is over.
func (a *Clocks) anew(ctx context.Context, stopped []*Clock, starting sync.Locker, wipe func(context.Context) error) error {
	starting.Lock()
	defer starting.Unlock()
	for _, c := range stopped {
		c.rewind(a.fresh())
	}
	err := wipe(ctx)
	for _, c := range stopped {
		c.restart()
	}
	return err
}

// fresh is the real time at which a clock that begins now would have been wound:
// one that follows real time goes on, any other shows its first time.
func (a *Clocks) fresh() time.Time {
	if now := time.Now(); !a.cfg.Setup.Manual {
		return now
	}
	return a.origin
}

// rewind sets the clock to what it shows in the beginning, and shuts out what
// is late in the generation that is over.
func (c *Clock) rewind(origin time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation.void = true
	c.wind(origin)
}

// restart begins a new generation of the company.
func (c *Clock) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.generation
	c.generation = c.newGeneration()
	close(old.next)
	c.settle()
}

func companyText(company string) string {
	if company == "" {
		return "all companies"
	}
	return "company " + company
}
