package mockserver

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// clocks are those of all companies.
type clocks struct {
	cfg      ClockConfig
	standard string // the company of Config.DefaultCompany
	origin   time.Time
	most     int // companies that requests may name
	tasks    *tasks
	journal  *journal

	resets chan struct{} // holds a token while all companies are reset
	moved  func(l *life) // called when a clock was moved; nil: nobody asks

	mu   sync.RWMutex // guards all below
	list map[string]*Clock
	held bool     // companies that are new wait for the end of a reset
	born []*Clock // those that do
}

func newClocks(cfg Config, t *tasks, j *journal) *clocks {
	a := &clocks{cfg: cfg.Clock, standard: cfg.DefaultCompany, most: cfg.MaxCompanies, tasks: t, journal: j, origin: time.Now(), list: make(map[string]*Clock), resets: make(chan struct{}, 1)}
	if a.cfg.Manual {
		a.origin = a.origin.Round(0)
	}
	a.of(cfg.DefaultCompany)
	for _, named := range []map[string]string{cfg.Companies, cfg.Auth.Tenants} {
		for _, company := range named {
			a.of(company)
		}
	}
	for company := range cfg.Subscriptions {
		a.of(company)
	}
	return a
}

// of is the clock of a company.
func (a *clocks) of(company string) *Clock {
	company = cmp.Or(company, a.standard)
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
		c.closed = a.tasks.ctx.Err() != nil
		c.wind(a.origin)
		c.life = c.newLife()
		a.list[company] = c
		if a.held {
			c.life.over = true
			c.resets <- struct{}{}
			a.born = append(a.born, c)
		}
	}
	return c
}

// serving is of for a name that a request gave, and nil if it would be one
// company too many.
func (a *clocks) serving(company string) *Clock {
	a.mu.RLock()
	c, full := a.list[cmp.Or(company, a.standard)], len(a.list) >= a.most
	a.mu.RUnlock()
	if c == nil && !full {
		return a.of(company)
	}
	return c
}

// holdNew lets companies that nobody has heard of yet begin with releaseNew
// only. One caller at a time gets it.
func (a *clocks) holdNew(ctx context.Context) error {
	if err := seize(ctx, a.resets); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = true
	return nil
}

func (a *clocks) releaseNew() {
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

// current is the company's present life.
func (c *Clock) current() *life {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life
}

// wind sets a clock to what it shows in the beginning, when that was at a real
// time. It needs c.mu, or that nobody else knows the clock.
func (c *Clock) wind(origin time.Time) {
	cfg := c.all.cfg
	c.base, c.anchor, c.rate = origin, origin, cmp.Or(cfg.Rate, 1)
	if !cfg.Start.IsZero() {
		c.base = cfg.Start.Round(0)
	}
	if cfg.Manual {
		c.rate = 0
	}
}

// fresh is the real time at which a clock that begins now would have been wound:
// one that follows real time goes on, any other shows its first time.
func (a *clocks) fresh() time.Time {
	if now := time.Now(); !a.cfg.Manual {
		return now
	}
	return a.origin
}

// now is the time of a company; it is what queues get.
func (a *clocks) now(company string) time.Time { return a.of(company).Now() }

// times are those of all companies at one moment.
type times struct {
	others time.Time // of companies that were not heard of yet
	known  map[string]time.Time
}

func (a *clocks) times() *times {
	fresh := &Clock{all: a}
	fresh.wind(a.origin)
	t := &times{others: fresh.now(), known: make(map[string]time.Time)}
	for _, company := range a.known() {
		t.known[company] = a.now(company)
	}
	return t
}

func (t *times) of(company string) time.Time {
	if at, ok := t.known[company]; ok {
		return at
	}
	return t.others
}

// with is t with another time for a company.
func (t *times) with(company string, at time.Time) *times {
	known := maps.Clone(t.known)
	known[company] = at
	return &times{t.others, known}
}

// known are the companies that have a clock, in order.
func (a *clocks) known() []string {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return slices.Sorted(maps.Keys(a.list))
}

// close ends all that waits for a clock.
func (a *clocks) close() {
	for _, company := range a.known() {
		c := a.of(company)
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
	for _, act := range slices.Clone(c.life.acts) {
		act.wake(cause)
	}
	if c.move != nil {
		c.move.resume = 0
		c.arrive(cause)
	}
}

// note enters a move into the journal.
func (c *Clock) note(m Move) {
	c.all.journal.add(&Entry{Time: m.From, Company: c.company, Kind: KindClock, Move: &m})
}
