package mockserver_test

import (
	"errors"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A clock so slow that its next timer is beyond what real time can say waits,
// and does not look again and again.
func TestAClockThatHardlyMoves(t *testing.T) {
	for _, rate := range []float64{math.SmallestNonzeroFloat64, 1e-12} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{Clock: mockserver.ClockConfig{Rate: rate}, ExecTime: mockserver.Fixed(time.Hour)})
			id := h.submit("none", "GET", "/v1/customerinvoice/003501", "")
			synctest.Wait() // would not return
			time.Sleep(time.Minute)
			if op, _ := h.Operation(id); op.State != operation.Running {
				t.Errorf("got %+v", op)
			}
			h.advance(time.Hour)
			if op, _ := h.Operation(id); op.State != operation.Finished {
				t.Errorf("got %+v", op)
			}
		})
	}
}

// The fastest clock, which nobody asks for two days, is at its end, and not
// somewhere else; what is due beyond it never happens.
func TestAClockThatIsTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
		h := start(t, mockserver.Config{Clock: mockserver.ClockConfig{Rate: 100_000, Start: day1}, ExecTime: mockserver.Fixed(200 * 365 * 24 * time.Hour), ExecTimeout: time.Hour})
		h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(48 * time.Hour)
		for range 2 {
			if now := h.Clock("").Now(); !now.Equal(end) {
				t.Errorf("shows %v, want %v", now, end)
			}
			time.Sleep(time.Hour)
		}
		h.want(200, "GET", "/v1/customerinvoice/003501", "")
		if plans := h.Clock("").Planned(); len(plans) != 1 {
			t.Errorf("planned %v", plans)
		}
		h.Clock("").Freeze()
		if err := h.Clock("").Step(t.Context()); !errors.Is(err, mockserver.ErrNothingPlanned) {
			t.Errorf("step beyond the end: %v", err)
		}
		if err := h.Clock("").Advance(t.Context(), time.Hour); err == nil {
			t.Error("advanced beyond the end")
		}
	})
}

// A clock is not moved too far by what is planned far off, nor by numbers that
// are too large.
func TestMovesThatAreTooFar(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(200 * 365 * 24 * time.Hour)})
	h.submit("none", "GET", "/v1/customerinvoice/003501", "")
	c := h.Clock("")
	if err := c.Step(testkit.Within(t, time.Minute)); !errors.Is(err, mockserver.ErrNothingPlanned) {
		t.Errorf("step: %v", err)
	}
	for _, d := range []time.Duration{math.MaxInt64, 180 * 365 * 24 * time.Hour, -1, math.MinInt64} {
		if err := c.Advance(testkit.Within(t, time.Minute), d); err == nil {
			t.Errorf("advanced by %v", d)
		}
	}
	for _, to := range []time.Time{{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<40, 0), day1.Add(-1)} {
		if err := c.AdvanceTo(testkit.Within(t, time.Minute), to); err == nil {
			t.Errorf("advanced to %v", to)
		}
	}
	if err := c.Drain(testkit.Within(t, time.Minute)); err != nil || !c.Now().Equal(day1) {
		t.Errorf("drain: %v, at %v", err, c.Now())
	}
	if err := c.Advance(testkit.Within(t, time.Minute), 100*365*24*time.Hour); err != nil {
		t.Errorf("a hundred years: %v", err)
	}
}

// A handler that would wait for its own end is told so at once.
func TestAHandlerAndItsOwnCompany(t *testing.T) {
	h := manual(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)})
	errs := make(chan error, 8)
	h.Handle("POST /v1/own", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx, own := r.Context(), h.Clock("")
		for _, err := range []error{
			own.Advance(ctx, time.Hour), own.AdvanceTo(ctx, day1.Add(time.Hour)), own.Step(ctx), own.Drain(ctx), own.Idle(ctx),
			h.Reset(ctx, "1000001"), h.Reset(ctx, ""),
		} {
			errs <- err
		}
		errs <- errors.Join(h.Clock("2").Advance(ctx, time.Hour), h.Reset(ctx, "2"))
	}))
	check := func(kind string) {
		t.Helper()
		for i := range 7 {
			if err := <-errs; !errors.Is(err, mockserver.ErrOwnCompany) {
				t.Errorf("%s: call %d: %v", kind, i, err)
			}
		}
		if err := <-errs; err != nil {
			t.Errorf("%s: another company: %v", kind, err)
		}
	}
	h.want(200, "POST", "/v1/own", "{}")
	check("in the foreground")
	h.submit("none", "POST", "/v1/own", "{}")
	h.advance(time.Second)
	check("in the background")
}
