package otelclient

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/vismanet-go/background/client"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// meters are the instruments, described in the package comment.
type meters struct {
	submits   metric.Int64Counter
	calls     metric.Int64Counter
	callTime  metric.Float64Histogram
	active    metric.Int64UpDownCounter
	waitTime  metric.Float64Histogram
	ended     metric.Int64Counter
	settling  metric.Float64Histogram
	runTime   metric.Float64Histogram
	queueing  metric.Float64Histogram
	working   metric.Float64Histogram
	finding   metric.Float64Histogram
	pollCount metric.Int64Histogram
	handled   metric.Int64Counter
	handling  metric.Float64Histogram
	handleLag metric.Float64Histogram
	needs     metric.Int64Counter
}

// Boundaries, because the defaults are made for milliseconds. A call takes from
// milliseconds to a minute, an operation from seconds to hours, a handler from
// milliseconds to the 15 minutes that it may take by default.
var (
	callBounds      = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	operationBounds = []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 900, 1800, 3600, 7200, 14400, 86400}
	handlerBounds   = []float64{0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600}
	pollBounds      = []float64{0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89}
)

func newMeters(m metric.Meter) (meters, error) {
	const prefix = "background.client."
	var errs []error
	count := func(name, unit, description string) metric.Int64Counter {
		c, err := m.Int64Counter(prefix+name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return c
	}
	seconds := func(name, description string, bounds []float64) metric.Float64Histogram {
		h, err := m.Float64Histogram(prefix+name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
		errs = append(errs, err)
		return h
	}
	active, err := m.Int64UpDownCounter(prefix+"waits.active", metric.WithUnit("{wait}"), metric.WithDescription("Waits in progress."))
	polls, failed := m.Int64Histogram(prefix+"polls", metric.WithUnit("{call}"), metric.WithExplicitBucketBoundaries(pollBounds...),
		metric.WithDescription("Polls that an operation took until its end was seen."))
	x := meters{
		submits:   count("submits", "{operation}", "Submits that ended, by verdict."),
		calls:     count("calls", "{call}", "HTTP calls to the ERP. They all count against its limits."),
		callTime:  seconds("call.duration", "Time of an HTTP call until its header was read.", callBounds),
		active:    active,
		waitTime:  seconds("wait.duration", "Time of a wait, whatever ended it.", operationBounds),
		ended:     count("operations", "{operation}", "Operations that ended, by outcome."),
		settling:  seconds("settle.duration", "Time from accepted to settled.", operationBounds),
		runTime:   seconds("operation.duration", "Time from queued to done by the ERP's clock.", operationBounds),
		queueing:  seconds("queue.duration", "Time from when the ERP queued an operation until it began to run it.", operationBounds),
		working:   seconds("work.duration", "Time for which the ERP ran an operation.", operationBounds),
		finding:   seconds("detection.delay", "Time from the end of an operation until it was recorded.", operationBounds),
		pollCount: polls,
		handled:   count("runs", "{run}", "Runs of handlers that ended, by outcome."),
		handling:  seconds("run.duration", "Time of a run of a handler.", handlerBounds),
		handleLag: seconds("run.delay", "Time from when a run was due until it began.", handlerBounds),
		needs:     count("attention", "{operation}", "Operations that came to need a person, by why."),
	}
	return x, errors.Join(append(errs, err, failed)...)
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
	if !o.active.Enabled(ctx) && !o.waitTime.Enabled(ctx) {
		return func(client.Waited) {}
	}
	begun := time.Now()
	here := metric.WithAttributes(o.with()...)
	o.active.Add(ctx, 1, here)
	return func(done client.Waited) {
		o.active.Add(ctx, -1, here)
		result := "succeeded"
		if done.Err != nil {
			result = errorType(done.Err)
		}
		o.waitTime.Record(ctx, time.Since(begun).Seconds(), metric.WithAttributes(
			o.with(method.String(w.Method), template.String(w.Route), notified.Bool(done.Notified), outcome.String(result))...))
	}
}

// settled measures an operation that has ended.
func (o *Observer) settled(ctx context.Context, s client.Settled) {
	if !o.ended.Enabled(ctx) && !o.settling.Enabled(ctx) && !o.runTime.Enabled(ctx) && !o.pollCount.Enabled(ctx) &&
		!o.queueing.Enabled(ctx) && !o.working.Enabled(ctx) && !o.finding.Enabled(ctx) {
		return
	}
	route := []attribute.KeyValue{method.String(s.Method), template.String(s.Route)}
	with := func(own ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(o.with(append(own, route...)...)...)
	}
	o.ended.Add(ctx, 1, with(outcome.String(string(s.Outcome)), settledBy.String(s.By), late.Bool(s.Late)))
	if s.By == "foreground" || s.By == "person" || s.By == "resolver" {
		return // nobody waited, and nobody polled
	}
	o.settling.Record(ctx, s.Duration.Seconds(), with(outcome.String(string(s.Outcome)), settledBy.String(s.By)))
	o.pollCount.Record(ctx, int64(s.Polls), with(settledBy.String(s.By)))
	if s.Ran > 0 {
		o.runTime.Record(ctx, s.Ran.Seconds(), with(statusClass.String(classOf(s.StatusCode))))
	}
	if s.RunTime > 0 { // else it is not known when it began
		o.queueing.Record(ctx, s.QueueTime.Seconds(), with())
		o.working.Record(ctx, s.RunTime.Seconds(), with(statusClass.String(classOf(s.StatusCode))))
	}
	if s.DetectionDelay > 0 {
		o.finding.Record(ctx, s.DetectionDelay.Seconds(), with(settledBy.String(s.By)))
	}
}

// ran measures a run of a handler.
func (o *Observer) ran(ctx context.Context, h client.Handling, done client.Handled) {
	if !o.handled.Enabled(ctx) && !o.handling.Enabled(ctx) && !o.handleLag.Enabled(ctx) {
		return
	}
	about := metric.WithAttributes(o.with(kind.String(h.Kind), outcome.String(string(done.Outcome)))...)
	o.handled.Add(ctx, 1, about)
	o.handling.Record(ctx, done.Duration.Seconds(), about)
	o.handleLag.Record(ctx, h.Delay.Seconds(), metric.WithAttributes(o.with(kind.String(h.Kind))...))
}

// Attention implements [client.Observer].
func (o *Observer) Attention(ctx context.Context, a client.Attention) {
	if o.needs.Enabled(ctx) {
		o.needs.Add(ctx, 1, metric.WithAttributes(o.with(kind.String(a.Kind), need.String(string(a.Need)))...))
	}
}

// classOf makes a word of few values out of a status code.
func classOf(code int) string {
	if code < 100 || code > 599 {
		return "none"
	}
	return strconv.Itoa(code/100) + "xx"
}
