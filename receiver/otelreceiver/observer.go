package otelreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vismanet-go/background/receiver"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope is the instrumentation scope of the metrics.
const scope = "github.com/vismanet-go/background/receiver/otelreceiver"

// Config configures an [Observer]. Its zero value is fine; a zero field means
// the default named in its comment.
type Config struct {
	// MeterProvider makes the metrics. Default: the global one, also if it is
	// set later.
	MeterProvider metric.MeterProvider

	// Attributes are added to every measurement.
	Attributes []attribute.KeyValue
}

// Observer is a [receiver.Observer]. It is safe for concurrent use, and one
// serves any number of receivers. Make one with [New].
type Observer struct {
	meter  metric.Meter
	common []attribute.KeyValue

	requests  metric.Int64Counter
	duration  metric.Float64Histogram
	storing   metric.Float64Histogram
	runs      metric.Int64Counter
	runTime   metric.Float64Histogram
	runDelay  metric.Float64Histogram
	backlog   metric.Int64ObservableGauge
	backedFor metric.Float64ObservableGauge
	dead      metric.Int64ObservableGauge
}

var _ receiver.Observer = (*Observer)(nil)

// Boundaries, because the defaults are made for milliseconds. A request takes
// from microseconds to seconds, a run from milliseconds to the 15 minutes that
// it may take by default, and its delay up to the longest wait before a retry.
var (
	requestBounds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	runBounds     = []float64{0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600}
)

const (
	mode     = attribute.Key("background.mode")
	status   = attribute.Key("http.response.status_code")
	verdict  = attribute.Key("background.verdict")
	unparsed = attribute.Key("background.unparsed")
	key      = attribute.Key("background.key")
	outcome  = attribute.Key("background.outcome")
)

// New returns an observer, or an error that names every field that is wrong.
func New(cfg Config) (*Observer, error) {
	var errs []error
	for i, kv := range cfg.Attributes {
		if !kv.Valid() {
			errs = append(errs, fmt.Errorf("%s[%d]: has no key", "Attributes", i))
		}
	}
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	o := &Observer{meter: cfg.MeterProvider.Meter(scope), common: slices.Clone(cfg.Attributes)}
	if err := o.instruments(); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", "MeterProvider", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("otelreceiver config: %w", err)
	}
	return o, nil
}

func (o *Observer) instruments() error {
	const prefix = "background.receiver."
	errs := make([]error, 9)
	seconds := func(name, description string, bounds []float64, err *error) (h metric.Float64Histogram) {
		h, *err = o.meter.Float64Histogram(prefix+name, metric.WithUnit("s"),
			metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
		return h
	}
	o.requests, errs[0] = o.meter.Int64Counter(prefix+"requests", metric.WithUnit("{request}"), metric.WithDescription("Requests that were answered."))
	o.duration = seconds("request.duration", "Time from the head of a request to its answer.", requestBounds, &errs[1])
	o.storing = seconds("store.duration", "Time that storing a notification took.", requestBounds, &errs[2])
	o.runs, errs[3] = o.meter.Int64Counter(prefix+"runs", metric.WithUnit("{run}"), metric.WithDescription("Runs of the handler that ended."))
	o.runTime = seconds("run.duration", "Time of a run of the handler.", runBounds, &errs[4])
	o.runDelay = seconds("run.delay", "Time from when a run was due until it began.", runBounds, &errs[5])
	o.backlog, errs[6] = o.meter.Int64ObservableGauge(prefix+"backlog", metric.WithUnit("{notification}"),
		metric.WithDescription("Notifications that wait for the handler or for its next try."))
	o.backedFor, errs[7] = o.meter.Float64ObservableGauge(prefix+"backlog.age", metric.WithUnit("s"),
		metric.WithDescription("Age of the oldest notification that waits, 0 if none does."))
	o.dead, errs[8] = o.meter.Int64ObservableGauge(prefix+"dead", metric.WithUnit("{notification}"),
		metric.WithDescription("Notifications that are dead letters."))
	return errors.Join(errs...)
}

func (o *Observer) with(own ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(append(own, o.common...)...)
}

// Received implements [receiver.Observer].
func (o *Observer) Received(ctx context.Context, r receiver.Received) {
	about := o.with(mode.String(r.Mode), status.Int(r.Status))
	request := []attribute.KeyValue{mode.String(r.Mode), status.Int(r.Status), verdict.String(r.Verdict), unparsed.Bool(r.Unparsed)}
	if r.Authenticated {
		request = append(request, key.Int(r.Key))
	}
	o.requests.Add(ctx, 1, o.with(request...))
	o.duration.Record(ctx, r.Duration.Seconds(), about)
	if r.Stored > 0 {
		o.storing.Record(ctx, r.Stored.Seconds(), about)
	}
}

// Handled implements [receiver.Observer].
func (o *Observer) Handled(ctx context.Context, h receiver.Handled) {
	about := o.with(outcome.String(string(h.Outcome)))
	o.runs.Add(ctx, 1, o.with(mode.String(h.Mode), outcome.String(string(h.Outcome))))
	o.runTime.Record(ctx, h.Duration.Seconds(), about)
	o.runDelay.Record(ctx, h.Delay.Seconds(), about)
}

// Source is what [Observer.Watch] asks: a [receiver.Receiver].
type Source interface {
	Health(context.Context) (receiver.Health, error)
}

// Watch has the backlog, its age and the dead measured whenever metrics are
// collected, until stop is called. They are the store's and not the process's:
// replicas on one store measure the same. While the store cannot be read
// nothing is measured.
func (o *Observer) Watch(s Source) (stop func() error, err error) {
	reg, err := o.meter.RegisterCallback(func(ctx context.Context, m metric.Observer) error {
		h, err := s.Health(ctx)
		if err != nil {
			return err
		}
		m.ObserveInt64(o.backlog, int64(h.Backlog), o.with())
		m.ObserveInt64(o.dead, int64(h.Dead), o.with())
		age := 0.0
		if !h.Oldest.IsZero() {
			age = max(0, time.Since(h.Oldest).Seconds())
		}
		m.ObserveFloat64(o.backedFor, age, o.with())
		return nil
	}, o.backlog, o.backedFor, o.dead)
	if err != nil {
		return nil, fmt.Errorf("otelreceiver: %w", err)
	}
	return reg.Unregister, nil
}
