package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/operation"
)

// most is how much of a long list is shown.
const most = 1000

// showClock answers with a company's clock.
func (a *Admin) showClock(w http.ResponseWriter, company string) {
	clock := a.srv.Clock(company)
	planned := clock.Planned()
	out := api.Clock{
		Company: cmp.Or(company, a.srv.DefaultCompany()), Now: clock.Now(), Rate: clock.Rate(), Busy: clock.Busy(), PlannedCount: len(planned),
		Planned: converted(planned[:min(most, len(planned))], func(p mockserver.PlannedTask) api.Planned { return api.Planned(p) }),
	}
	if out.Busy == nil {
		out.Busy = []string{}
	}
	reply(w, http.StatusOK, out)
}

// move moves a company's clock, and answers with it.
func (a *Admin) move(w http.ResponseWriter, r *http.Request, company string, ms int, how func(context.Context, *mockserver.Clock) error) {
	if !a.isCompany(w, company) {
		return
	}
	ctx, cancel, ok := a.within(w, r, ms, defaultTimeout)
	if !ok {
		return
	}
	defer cancel()
	err := how(ctx, a.srv.Clock(company))
	switch {
	case err == nil:
		a.showClock(w, company)
	case errors.Is(err, mockserver.ErrNothingPlanned):
		a.failed(w, err, "submit something first")
	default:
		a.failed(w, err, "wait for what is under way to end, or for longer (timeoutMs)")
	}
}

// GetClock serves GET /clock.
func (a *Admin) GetClock(w http.ResponseWriter, _ *http.Request, p api.GetClockParams) {
	if a.isCompany(w, p.Company) {
		a.showClock(w, p.Company)
	}
}

// AdvanceClock serves POST /clock/advance.
func (a *Admin) AdvanceClock(w http.ResponseWriter, r *http.Request, p api.AdvanceClockParams) {
	body, ok := decode[api.Advance](w, r)
	if !ok {
		return
	}
	var d durations
	var by time.Duration
	if d.read("by", body.By, &by); d.refused(w) {
		return
	}
	switch {
	case (body.By == "") == body.To.IsZero():
		wrong(w, "by", "want it or to")
		return
	case by < 0:
		wrong(w, "by", "%s: a clock does not go back", body.By)
		return
	}
	a.move(w, r, p.Company, body.TimeoutMs, func(ctx context.Context, c *mockserver.Clock) error {
		if body.By == "" {
			return c.AdvanceTo(ctx, body.To)
		}
		return c.Advance(ctx, by)
	})
}

// StepClock serves POST /clock/step.
func (a *Admin) StepClock(w http.ResponseWriter, r *http.Request, p api.StepClockParams) {
	a.move(w, r, p.Company, p.TimeoutMs, func(ctx context.Context, c *mockserver.Clock) error { return c.Step(ctx) })
}

// DrainClock serves POST /clock/drain.
func (a *Admin) DrainClock(w http.ResponseWriter, r *http.Request, p api.DrainClockParams) {
	a.move(w, r, p.Company, p.TimeoutMs, func(ctx context.Context, c *mockserver.Clock) error { return c.Drain(ctx) })
}

// AwaitIdle serves POST /clock/idle.
func (a *Admin) AwaitIdle(w http.ResponseWriter, r *http.Request, p api.AwaitIdleParams) {
	a.move(w, r, p.Company, p.TimeoutMs, func(ctx context.Context, c *mockserver.Clock) error { return c.Idle(ctx) })
}

// FreezeClock serves POST /clock/freeze.
func (a *Admin) FreezeClock(w http.ResponseWriter, _ *http.Request, p api.FreezeClockParams) {
	if a.isCompany(w, p.Company) {
		a.srv.Clock(p.Company).Freeze()
		a.showClock(w, p.Company)
	}
}

// RunClock serves POST /clock/run.
func (a *Admin) RunClock(w http.ResponseWriter, r *http.Request, p api.RunClockParams) {
	body, ok := decode[api.Run](w, r)
	if !ok || !a.isCompany(w, p.Company) {
		return
	}
	if err := a.srv.Clock(p.Company).Run(cmp.Or(body.Rate, 1)); err != nil {
		refuse(w, http.StatusBadRequest, api.Problem{Error: err.Error(), Field: "rate"})
		return
	}
	a.showClock(w, p.Company)
}

// showQueue answers with what waits in a company's queue.
func (a *Admin) showQueue(w http.ResponseWriter, company string) {
	queue := a.srv.Queue(company)
	waiting := queue.Waiting()
	reply(w, http.StatusOK, api.Queue{
		Company: company, Paused: queue.Paused(), Count: len(waiting), Waiting: converted(waiting[:min(most, len(waiting))], operationOf),
	})
}

// GetQueue serves GET /queue.
func (a *Admin) GetQueue(w http.ResponseWriter, _ *http.Request, p api.GetQueueParams) {
	if a.isName(w, p.Company) {
		a.showQueue(w, p.Company)
	}
}

// PauseQueue serves POST /queue/pause.
func (a *Admin) PauseQueue(w http.ResponseWriter, _ *http.Request, p api.PauseQueueParams) {
	if a.isCompany(w, p.Company) {
		a.srv.Queue(p.Company).Pause()
		a.showQueue(w, p.Company)
	}
}

// ResumeQueue serves POST /queue/resume.
func (a *Admin) ResumeQueue(w http.ResponseWriter, _ *http.Request, p api.ResumeQueueParams) {
	if a.isCompany(w, p.Company) {
		a.srv.Queue(p.Company).Resume()
		a.showQueue(w, p.Company)
	}
}

// start starts the next operation of a company's queue, and answers with it.
func (a *Admin) start(w http.ResponseWriter, r *http.Request, company string, ms int, how func(context.Context, *mockserver.QueueControl) (operation.Operation, error)) {
	if !a.isCompany(w, company) {
		return
	}
	ctx, cancel, ok := a.within(w, r, ms, defaultTimeout)
	if !ok {
		return
	}
	defer cancel()
	op, err := how(ctx, a.srv.Queue(company))
	remedy := ""
	switch {
	case err == nil:
		reply(w, http.StatusOK, operationOf(op))
		return
	case errors.Is(err, mockserver.ErrNotPaused):
		remedy = "pause the queue first"
	case errors.Is(err, mockserver.ErrNothingWaiting):
		remedy = "submit something first, or move the clock if it is held until later"
	case ctx.Err() != nil:
		remedy = "the operation goes on: start it with /queue/next where the clock stands, and move the clock"
	}
	a.failed(w, err, remedy)
}

// StartNext serves POST /queue/next.
func (a *Admin) StartNext(w http.ResponseWriter, r *http.Request, p api.StartNextParams) {
	a.start(w, r, p.Company, p.TimeoutMs, func(ctx context.Context, c *mockserver.QueueControl) (operation.Operation, error) { return c.Next(ctx) })
}

// StepQueue serves POST /queue/step.
func (a *Admin) StepQueue(w http.ResponseWriter, r *http.Request, p api.StepQueueParams) {
	a.start(w, r, p.Company, p.TimeoutMs, func(ctx context.Context, c *mockserver.QueueControl) (operation.Operation, error) { return c.Step(ctx) })
}
