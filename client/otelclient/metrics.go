package otelclient

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
	"go.opentelemetry.io/otel/metric"
)

// meters are the instruments, described in the package comment.
type meters struct {
	submits   metric.Int64Counter
	calls     metric.Int64Counter
	callTime  metric.Float64Histogram
	active    metric.Int64UpDownCounter
	waitTime  metric.Float64Histogram
	runTime   metric.Float64Histogram
	pollCount metric.Int64Histogram
}

// Boundaries, because the defaults are made for milliseconds. A call takes
// from milliseconds to a minute, an operation from seconds to hours.
var (
	callBounds      = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	operationBounds = []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 900, 1800, 3600, 7200, 14400, 86400}
	pollBounds      = []float64{0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89}
)

func newMeters(m metric.Meter) (meters, error) {
	var x meters
	errs := make([]error, 7)
	x.submits, errs[0] = m.Int64Counter("background.client.submits", metric.WithUnit("{operation}"),
		metric.WithDescription("Submits that ended, by verdict."))
	x.calls, errs[1] = m.Int64Counter("background.client.calls", metric.WithUnit("{call}"),
		metric.WithDescription("HTTP calls to the ERP. They all count against its limits."))
	x.callTime, errs[2] = m.Float64Histogram("background.client.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Time of an HTTP call until its header was read."), metric.WithExplicitBucketBoundaries(callBounds...))
	x.active, errs[3] = m.Int64UpDownCounter("background.client.waits.active", metric.WithUnit("{wait}"),
		metric.WithDescription("Waits in progress."))
	x.waitTime, errs[4] = m.Float64Histogram("background.client.wait.duration", metric.WithUnit("s"),
		metric.WithDescription("Time of a wait, whatever ended it."), metric.WithExplicitBucketBoundaries(operationBounds...))
	x.runTime, errs[5] = m.Float64Histogram("background.client.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("Time from queued to done by the ERP's clock."), metric.WithExplicitBucketBoundaries(operationBounds...))
	x.pollCount, errs[6] = m.Int64Histogram("background.client.polls", metric.WithUnit("{call}"),
		metric.WithDescription("Looks at the state that an operation took until its end was seen."), metric.WithExplicitBucketBoundaries(pollBounds...))
	return x, errors.Join(errs...)
}

// called counts one HTTP call.
func (o *Observer) called(ctx context.Context, c client.Call) {
	if !o.calls.Enabled(ctx) && !o.callTime.Enabled(ctx) {
		return
	}
	about := o.with(call.String(c.Kind), method.String(c.Method), statusClass.String(classOf(c.StatusCode)))
	if c.Err != nil {
		about = append(about, errType.String(errorType(c.Err)))
	}
	set := metric.WithAttributes(about...)
	o.calls.Add(ctx, 1, set)
	o.callTime.Record(ctx, c.Duration.Seconds(), set)
}

// waitBegins counts a wait and returns what measures its end.
func (o *Observer) waitBegins(ctx context.Context, w client.Waiting) func(client.Waited) {
	if !o.active.Enabled(ctx) && !o.waitTime.Enabled(ctx) && !o.runTime.Enabled(ctx) && !o.pollCount.Enabled(ctx) {
		return func(client.Waited) {}
	}
	begun := time.Now()
	here := metric.WithAttributes(o.with()...)
	o.active.Add(ctx, 1, here)
	return func(done client.Waited) {
		o.active.Add(ctx, -1, here)
		about := o.with(method.String(w.Method), template.String(w.Route), notified.Bool(done.Notified))
		result := "succeeded"
		if done.Err != nil {
			result = errorType(done.Err)
		}
		o.waitTime.Record(ctx, time.Since(begun).Seconds(), metric.WithAttributes(append(about[:len(about):len(about)], outcome.String(result))...))
		if !over(done.Phase) {
			return
		}
		o.pollCount.Record(ctx, int64(done.Polls), metric.WithAttributes(about...))
		if done.Ran > 0 {
			o.runTime.Record(ctx, done.Ran.Seconds(), metric.WithAttributes(
				o.with(method.String(w.Method), template.String(w.Route), statusClass.String(classOf(done.StatusCode)))...))
		}
	}
}

// over reports whether a phase has an outcome of the ERP.
func over(p store.Phase) bool {
	return p == store.Settled || p == store.Handled || p == store.Dead
}

// classOf makes a word of few values out of a status code.
func classOf(code int) string {
	if code < 100 || code > 599 {
		return "none"
	}
	return strconv.Itoa(code/100) + "xx"
}
