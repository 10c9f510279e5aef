package mockserver

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/journal"
)

// ClockConfig says how the clocks of companies go. The zero value is real
// time: that of package time, and in a testing/synctest bubble the bubble's.
type ClockConfig struct {
	// Start is the time at which the clocks of all companies begin when the
	// server does. Default: the present.
	Start time.Time

	// Manual makes the clocks stand: time passes only by [Clock.Advance] and the
	// like.
	Manual bool

	// Rate is how many seconds pass in a real one, at most 100 000. Default: 1.
	// With any other rate time ends with the year 2199.
	Rate float64
}

func (c ClockConfig) validate() error { return vtime.Setup(c).Validate("Clock") }

// A [Clock], and what waits for one, returns these errors.
var (
	// ErrClosed says that the server was closed.
	ErrClosed = vtime.ErrClosed

	// ErrReset says that the company was reset; see [Server.Reset].
	ErrReset = vtime.ErrReset

	// ErrOwnCompany says that a handler would wait for its own end.
	ErrOwnCompany = vtime.ErrOwnCompany

	// ErrNothingPlanned says that nothing would happen, however late it became.
	ErrNothingPlanned = vtime.ErrNothingPlanned
)

// A Clock is the time of one company of a [Server]. All that the server does by
// time follows it: execution times and their timeout, holds, retention, the
// delays and retries of notifications, rate limits, the life of tokens, the
// times of fault rules, and every time that is shown. What depends on a real
// network, disk or process stays on real time: the timeout of one attempt to
// notify, and the leases of a shared queue.
//
// A clock that stands lets one thing happen at a time: what is due begins when
// all that was under way has ended or waits for the clock, and of several
// things due at one time the one that was planned first goes first. So the same
// script gives the same sequence of events.
//
// A Clock may be used by several goroutines, and stays good after a
// [Server.Reset].
type Clock struct{ clock *vtime.Clock }

// Clock returns the clock of a company, of Config.DefaultCompany if that is
// empty.
func (s *Server) Clock(company string) *Clock {
	clock := s.clocks.Of(company)
	c, ok := s.shown.Load(clock)
	if !ok {
		c, _ = s.shown.LoadOrStore(clock, &Clock{clock})
	}
	return c.(*Clock)
}

// newClocks makes the clocks of the companies that cfg names.
func newClocks(cfg Config, p *vtime.Pool, j *journal.Recorder) *vtime.Clocks {
	companies := slices.Collect(maps.Keys(cfg.Subscriptions))
	for _, named := range []map[string]string{cfg.Companies, cfg.Auth.Tenants} {
		companies = slices.AppendSeq(companies, maps.Values(named))
	}
	return vtime.New(vtime.Config{
		Setup: vtime.Setup(cfg.Clock), Standard: cfg.DefaultCompany, Companies: companies, MaxCompanies: cfg.MaxCompanies,
		Noted: func(company string, m vtime.Move) { j.Move(company, journal.Move(m)) },
	}, p)
}

// Now is the company's time.
func (c *Clock) Now() time.Time { return c.clock.Now() }

// Rate is how many seconds pass in a real one, and 0 if the clock stands. During
// an Advance it is the rate after it.
func (c *Clock) Rate() float64 { return c.clock.Rate() }

// Freeze stops the clock where it is. During an Advance the clock stops at its
// end.
func (c *Clock) Freeze() { c.clock.Freeze() }

// Run lets the clock go on from where it is, so many seconds in a real one: 1
// is the pace of real time. During an Advance it does so at its end. Run
// refuses a rate that is not above 0 or is more than 100 000.
func (c *Clock) Run(rate float64) error { return c.clock.Run(rate) }

// Idle waits until nothing is under way and nothing is due at the present time.
// If ctx ends first, the error names what is under way; it returns [ErrClosed]
// if the server is closed, and [ErrOwnCompany] as [Clock.Advance] does.
func (c *Clock) Idle(ctx context.Context) error { return c.clock.Idle(ctx) }

// Busy tells what is under way for the company and does not wait for its
// clock, oldest first: requests being answered, operations whose handler runs,
// attempts to notify.
func (c *Clock) Busy() []string { return c.clock.Busy() }

// A PlannedTask is something that will happen.
type PlannedTask struct {
	Due  time.Time
	What string
}

// Planned tells what will happen, in its order.
func (c *Clock) Planned() []PlannedTask {
	planned := c.clock.Planned()
	list := make([]PlannedTask, len(planned))
	for i, p := range planned {
		list[i] = PlannedTask(p)
	}
	return list
}

// Advance moves the clock by d: what becomes due meanwhile happens in its order
// and at its time, one after the other, and Advance returns when all of it is
// over. First it waits for what is under way now. It works at any rate: a clock
// that runs stands until Advance returns, and runs on from there.
//
// If ctx ends first, the clock stays where it got to, and the error names what
// is under way. It also returns an error if d is negative or leads beyond the
// year 2199, [ErrClosed] and [ErrReset]. Of several calls at a time one waits
// for the other. A handler that moves the clock of its own company with its
// request's context gets [ErrOwnCompany]: Advance would wait for it.
func (c *Clock) Advance(ctx context.Context, d time.Duration) error { return c.clock.Advance(ctx, d) }

// AdvanceTo is [Clock.Advance] to a time, which must not lie in the past.
func (c *Clock) AdvanceTo(ctx context.Context, t time.Time) error { return c.clock.AdvanceTo(ctx, t) }

// Step is [Clock.Advance] to the next time at which something is due, and
// returns [ErrNothingPlanned] if there is none before the year 2200.
func (c *Clock) Step(ctx context.Context) error { return c.clock.Step(ctx) }

// Drain is [Clock.Advance] until nothing is planned any more. It ends at the
// time of the last thing that happened; the end of a retention does not count
// as one.
func (c *Clock) Drain(ctx context.Context) error { return c.clock.Drain(ctx) }

// Now is the time of the company that a handler works for, given the context of
// its request; with any other context it is that of the machine.
func Now(ctx context.Context) time.Time { return vtime.Now(ctx) }

// Sleep waits for d on the clock of the company that a handler works for, given
// the context of its request, and does not count as busy meanwhile: with a
// clock that stands it is how a handler takes time. It ends early with ctx,
// with Config.ExecTimeout, when the company is reset and when the server is
// closed, and returns the cause. With any other context it waits in real time.
func Sleep(ctx context.Context, d time.Duration) error { return vtime.Sleep(ctx, d) }
