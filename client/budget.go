package client

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/vismanet-go/background/client/internal/budget"
	"github.com/vismanet-go/background/client/internal/erp"
	"github.com/vismanet-go/background/store"
)

// turn is the place of a call in the budget: granted already, or to be waited for.
type turn struct {
	class   budget.Class
	granted bool
}

// awaitTurn waits until a call may be made, but not beyond end, unless that is
// zero. It is followed by [Client.turnOver].
func (c *Client) awaitTurn(ctx context.Context, end time.Time, t *turn) error {
	if t.granted {
		t.granted = false
		return nil
	}
	if ok, _ := c.budget.TryTake(t.class); ok {
		return nil
	}
	if !end.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end)
		defer cancel()
	}
	return budgetError(c.budget.Take(ctx, t.class))
}

// turnOver tells the budget how a call ended.
func (c *Client) turnOver(class budget.Class, resp *http.Response, err error) {
	if err != nil {
		c.budget.Failed(class)
		return
	}
	c.budget.Answered(class, resp.StatusCode, resp.Header)
}

// giveBack returns a turn that was granted and not used.
func (c *Client) giveBack(t *turn) {
	if t.granted {
		t.granted = false
		c.budget.Return(t.class)
	}
}

// budgetError turns the errors of a wait into those of this package. A call that has
// to wait for too long is made again later.
func budgetError(err error) error {
	switch _, outlast := errors.AsType[*budget.OutlastError](err); {
	case err == nil:
		return nil
	case errors.Is(err, budget.ErrClosed):
		return ErrClosed
	case outlast:
		return &laterError{err}
	}
	return err
}

// laterError is about a call that was not made, because its turn in the budget comes
// too late.
type laterError struct{ err error }

func (e *laterError) Error() string { return e.err.Error() }
func (e *laterError) Unwrap() error { return ErrNotYet }

// submitTurn waits until a request may be sent. Where it cannot wait, the request is
// refused as the ERP would refuse it.
func (c *Client) submitTurn(ctx context.Context) *attempt {
	err := c.budget.Take(ctx, budget.Submit)
	if err == nil {
		return nil
	}
	a := &attempt{Answer: erp.Answer{Verdict: erp.NotSent, Err: budgetError(err)}}
	if outlast, ok := errors.AsType[*budget.OutlastError](err); ok {
		wait := max(0, time.Until(outlast.Until))
		a.Answer = erp.Answer{
			Verdict: erp.Rejected, Status: http.StatusTooManyRequests, Err: err,
			Header: http.Header{"Retry-After": {strconv.Itoa(int(wait.Seconds()) + 1)}},
		}
	} else if c.life.Err() != nil {
		a.Err = ErrClosed
	}
	return a
}

// pendingFor is for how long a count of what is pending is good enough.
const pendingFor = 2 * time.Second

// pendings knows how many operations of the store wait for their end.
type pendings struct {
	mu   sync.Mutex
	n    int
	next time.Time // when to count again
	told time.Time // the end of the window of which a person knows that it cannot carry the load
}

// scarcity tells how scarce calls are, from 0 to 1. A Run polls everything that is
// accepted.
func (c *Client) scarcity() float64 {
	p := &c.pendings
	p.mu.Lock()
	defer p.mu.Unlock()
	polled := p.n
	if !c.running.Load() {
		polled = min(polled, int(c.sched.size.Load()))
	}
	return c.budget.Scarcity(polled, p.n)
}

// countPending counts anew what is pending, now and then and where there is a limit.
// All replicas count it in the same store. As it waits for the store, it is called
// without the scheduler's mutex.
func (c *Client) countPending() {
	p := &c.pendings
	now := time.Now()
	p.mu.Lock()
	due := !now.Before(p.next) && c.budget.Limited()
	if due {
		p.next = now.Add(pendingFor)
	}
	p.mu.Unlock()
	if !due {
		return
	}
	n, err := c.store.Count(c.life, c.cfg.Tenant, store.Query{Phases: []store.Phase{store.Accepted}})
	if err != nil {
		return
	}
	load := c.budget.Load(n)
	p.mu.Lock()
	p.n = n
	tell := load.Over() && load.Reset.Sub(p.told).Abs() >= sameEnd // once in a window
	if tell {
		p.told = load.Reset
	}
	p.mu.Unlock()
	if tell {
		c.log.WarnContext(c.life, "the ERP's limit cannot carry the load: what is pending needs more calls than are left, and some of it waits for the next window",
			"pending", n, "waiting", c.budget.State().Waiting[budget.Submit], "needed", load.Needed, "left", load.Left, "limit", load.Limit, "resets", load.Reset, "remedy", c.relief())
	}
}

// sameEnd is how far the ends that are told of one window may lie apart.
const sameEnd = 5 * time.Second

// relief is what would help where calls are scarce.
func (c *Client) relief() string {
	help := "ask for a higher limit, or submit less in one window"
	if c.cfg.Notify.mode == modeNone || c.cfg.Notify.mode == "" {
		help = "have the ERP tell of ends (Config.Notify), which saves most polls; " + help
	}
	if c.owned {
		help += "; where there are several processes, give them one Store, so that they poll each operation once"
	}
	return help
}
