package otelclient

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vismanet-go/background/client"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope is the instrumentation scope of spans and metrics.
const scope = "github.com/vismanet-go/background/client/otelclient"

// Config configures an [Observer]. Its zero value is fine; a zero field means
// the default named in its comment.
type Config struct {
	// TracerProvider makes the spans. Default: the global one, also if it is
	// set later.
	TracerProvider trace.TracerProvider

	// MeterProvider makes the metrics. Default: the global one, also if it is
	// set later.
	MeterProvider metric.MeterProvider

	// Attributes are added to every span and measurement: the name of the
	// company, for example, where a process serves a few of them.
	Attributes []attribute.KeyValue

	// ErrorText gives the words for an error of a span. They may hold what
	// the ERP said, and so names of customers. Default: the error's type.
	ErrorText func(error) string
}

// Observer is a [client.Observer]. It is safe for concurrent use, and one
// serves any number of clients. Make one with [New].
type Observer struct {
	tracer trace.Tracer
	meter  metric.Meter
	common []attribute.KeyValue
	text   func(error) string
	meters
}

var _ client.Observer = (*Observer)(nil)

// New returns an observer, or an error that names every field that is wrong.
func New(cfg Config) (*Observer, error) {
	var errs []error
	for i, kv := range cfg.Attributes {
		if !kv.Valid() {
			errs = append(errs, fmt.Errorf("%s[%d]: has no key", "Attributes", i))
		}
	}
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	if cfg.ErrorText == nil {
		cfg.ErrorText = errorType
	}
	meter := cfg.MeterProvider.Meter(scope)
	m, err := newMeters(meter)
	if err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", "MeterProvider", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("otelclient config: %w", err)
	}
	return &Observer{
		tracer: cfg.TracerProvider.Tracer(scope), meter: meter, common: slices.Clone(cfg.Attributes), text: cfg.ErrorText, meters: m,
	}, nil
}

// with joins attributes with those of the configuration.
func (o *Observer) with(own ...attribute.KeyValue) []attribute.KeyValue {
	return append(own, o.common...)
}

// Submit implements [client.Observer]: it starts the span of a submit. The
// link is its traceparent, empty if there is no trace.
func (o *Observer) Submit(ctx context.Context, s client.Submission) (context.Context, string, func(client.Submitted)) {
	ctx, span := o.start(ctx, "background.submit", trace.SpanKindClient, s.Kind, nil,
		method.String(s.Method), template.String(s.Route), ref.String(s.Ref), notify.String(s.Notify))
	return ctx, linkOf(ctx), func(done client.Submitted) {
		if o.submits.Enabled(ctx) {
			o.submits.Add(ctx, 1, metric.WithAttributes(o.with(
				verdict.String(done.Verdict), notify.String(s.Notify), method.String(s.Method), template.String(s.Route))...))
		}
		span.SetAttributes(verdict.String(done.Verdict), attempts.Int(done.Attempts))
		o.finish(span, done.ID, done.Err)
	}
}

// Wait implements [client.Observer]: it starts the span of a wait, linked to
// that of the submit.
func (o *Observer) Wait(ctx context.Context, w client.Waiting) (context.Context, func(client.Waited)) {
	ctx, span := o.start(ctx, "background.wait", trace.SpanKindInternal, w.Kind, linked(w.Link),
		method.String(w.Method), template.String(w.Route), ref.String(w.Ref))
	if w.ID != "" {
		span.SetAttributes(id.String(w.ID))
	}
	ended := o.waitBegins(ctx, w)
	return ctx, func(done client.Waited) {
		ended(done)
		if !span.IsRecording() {
			span.End()
			return
		}
		span.SetAttributes(phase.String(string(done.Phase)), polls.Int(done.Polls), notified.Bool(done.Notified))
		if done.StatusCode != 0 {
			span.SetAttributes(status.Int(done.StatusCode))
		}
		if done.Ran > 0 {
			span.SetAttributes(ran.Float64(done.Ran.Seconds()))
		}
		o.finish(span, done.ID, done.Err)
	}
}

// Call implements [client.Observer]: it counts a call, and notes it in the
// span of the submit or the wait that made it.
func (o *Observer) Call(ctx context.Context, c client.Call) {
	o.called(ctx, c)
	span, ours := ctx.Value(spanKey{}).(trace.Span)
	if !ours || !span.IsRecording() {
		return
	}
	about := []attribute.KeyValue{call.String(c.Kind), method.String(c.Method)}
	if c.StatusCode != 0 {
		about = append(about, status.Int(c.StatusCode))
		span.SetAttributes(status.Int(c.StatusCode)) // of the last call, until a wait knows better
	}
	if c.Err != nil {
		about = append(about, errType.String(errorType(c.Err)))
	}
	span.AddEvent("background.call", trace.WithAttributes(about...))
}

// Settled implements [client.Observer]: it counts and measures an operation
// that has ended, and tells of it in a span that is linked to that of the
// submit.
func (o *Observer) Settled(ctx context.Context, s client.Settled) {
	o.settled(ctx, s)
	o.settledSpan(ctx, s)
}

// Handle implements [client.Observer]: it starts the span of a run of a
// handler, linked to that of the submit. What the handler submits is below it.
func (o *Observer) Handle(ctx context.Context, h client.Handling) (context.Context, func(client.Handled)) {
	ctx, span := o.start(ctx, "background.handle", trace.SpanKindConsumer, h.Kind, linked(h.Link),
		method.String(h.Method), template.String(h.Route), ref.String(h.Ref), attempt.Int(h.Attempt))
	return ctx, func(done client.Handled) {
		o.ran(ctx, h, done)
		span.SetAttributes(outcome.String(string(done.Outcome)))
		if done.Outcome == client.HandlerLost { // also where the handler is content
			span.SetStatus(codes.Error, string(done.Outcome))
		}
		o.finish(span, h.ID, done.Err)
	}
}
