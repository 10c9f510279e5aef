package vtime

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Config says which clocks there are.
type Config struct {
	Setup Setup

	// Standard is the company that an empty name means.
	Standard string

	// Companies have a clock from the beginning, as Standard has.
	Companies []string

	// MaxCompanies is how many companies [Clocks.Serving] lets there be.
	MaxCompanies int

	// Noted, if set, is told of every move of a clock, which holds its mutex
	// meanwhile.
	Noted func(company string, m Move)
}

// Clocks are those of all companies.
type Clocks struct {
	cfg    Config
	origin time.Time
	pool   *Pool
	moved  func(g *Generation) // nil: nobody asks
	resets chan struct{}       // holds a token while all companies are reset

	mu   sync.RWMutex // guards all below
	list map[string]*Clock
	held bool     // companies that are new wait for the end of a reset
	born []*Clock // those that do
}

// New returns the clocks of a server whose goroutines p owns.
func New(cfg Config, p *Pool) *Clocks {
	a := &Clocks{cfg: cfg, pool: p, origin: time.Now(), list: make(map[string]*Clock), resets: make(chan struct{}, 1)}
	if cfg.Setup.Manual {
		a.origin = a.origin.Round(0)
	}
	a.Of(cfg.Standard)
	for _, company := range cfg.Companies {
		a.Of(company)
	}
	return a
}

// OnMoved has f called when somebody has moved a clock, before that returns; it
// waits for what f begins. It is called before the clocks are used.
func (a *Clocks) OnMoved(f func(g *Generation)) { a.moved = f }

// Of is the clock of a company.
func (a *Clocks) Of(company string) *Clock {
	company = cmp.Or(company, a.cfg.Standard)
	a.mu.RLock()
	c := a.list[company]
	a.mu.RUnlock()
	if c != nil {
		return c
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c = a.list[company]; c == nil {
		c = &Clock{company: company, all: a, moving: make(chan struct{}, 1), resets: make(chan struct{}, 1)}
		c.closed = a.pool.ctx.Err() != nil
		c.wind(a.origin)
		c.generation = c.newGeneration()
		a.list[company] = c
		if a.held {
			c.generation.over = true
			c.resets <- struct{}{}
			a.born = append(a.born, c)
		}
	}
	return c
}

// Serving is Of for a name that a request gave, and nil if it would be one
// company too many.
func (a *Clocks) Serving(company string) *Clock {
	a.mu.RLock()
	c, full := a.list[cmp.Or(company, a.cfg.Standard)], len(a.list) >= a.cfg.MaxCompanies
	a.mu.RUnlock()
	if c == nil && !full {
		return a.Of(company)
	}
	return c
}

// Now is the time of a company.
func (a *Clocks) Now(company string) time.Time { return a.Of(company).Now() }

// Known are the companies that have a clock, in order.
func (a *Clocks) Known() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Sorted(maps.Keys(a.list))
}

// Close ends all that waits for a clock. The pool is closed before.
func (a *Clocks) Close() {
	for _, company := range a.Known() {
		c := a.Of(company)
		c.mu.Lock()
		c.closed = true
		c.stop(ErrClosed)
		c.settle()
		c.mu.Unlock()
	}
}

// stop forgets what is planned and wakes what waits. It needs c.mu.
func (c *Clock) stop(cause error) {
	for _, t := range c.timers {
		t.index = -1
	}
	c.timers = nil
	c.rearm()
	for _, t := range slices.Clone(c.generation.tasks) {
		t.wake(cause)
	}
	if c.move != nil {
		c.move.resume = 0
		c.arrive(cause)
	}
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
