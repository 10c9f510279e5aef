package promreceiver

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vismanet-go/background/internal/prom"
	"github.com/vismanet-go/background/receiver"
)

// Config configures an [Observer]. Its zero value is fine; a zero field means
// the default named in its comment.
type Config struct {
	// Registerer takes the metrics. Default:
	// [prometheus.DefaultRegisterer].
	Registerer prometheus.Registerer

	// Labels are added to every metric: the name of the receiver where a
	// process has several, each with an Observer of its own.
	Labels prometheus.Labels
}

// Observer is a [receiver.Observer]. It is safe for concurrent use. Make one
// with [New].
type Observer struct {
	registry *prom.Registry

	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	storing  *prometheus.HistogramVec
	runs     *prometheus.CounterVec
	runTime  *prometheus.HistogramVec
	runDelay *prometheus.HistogramVec
}

var _ receiver.Observer = (*Observer)(nil)

// A request takes from microseconds to seconds.
var requestBuckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

const prefix = "background_receiver_"

// New returns an observer whose metrics are registered, or an error that names
// what cannot be: a registry takes the same metrics once only. If it fails
// nothing stays registered.
func New(cfg Config) (*Observer, error) {
	r, err := prom.New("promreceiver", cfg.Registerer, prefix, cfg.Labels, "mode", "code", "verdict", "unparsed", "key", "outcome")
	if err != nil {
		return nil, err
	}
	o := &Observer{registry: r}
	o.requests = r.Counter("requests_total", "Requests that were answered.", "mode", "code", "verdict", "unparsed", "key")
	o.duration = r.Seconds("request_duration_seconds", "Time from the head of a request to its answer.", requestBuckets, "mode", "code")
	o.storing = r.Seconds("store_duration_seconds", "Time that storing a notification took.", requestBuckets, "mode", "code")
	o.runs = r.Counter("runs_total", "Runs of the handler that ended.", "mode", "outcome")
	o.runTime = r.Seconds("run_duration_seconds", "Time of a run of the handler.", prom.RunBuckets, "outcome")
	o.runDelay = r.Seconds("run_delay_seconds", "Time from when a run was due until it began.", prom.RunBuckets, "outcome")
	if err := r.Register(o.requests, o.duration, o.storing, o.runs, o.runTime, o.runDelay); err != nil {
		return nil, fmt.Errorf("promreceiver config: Registerer: %w", err)
	}
	return o, nil
}

// Received implements [receiver.Observer].
func (o *Observer) Received(_ context.Context, r receiver.Received) {
	code := strconv.Itoa(r.Status)
	var key string
	if r.Authenticated {
		key = strconv.Itoa(r.Key)
	}
	o.requests.WithLabelValues(r.Mode, code, r.Verdict, strconv.FormatBool(r.Unparsed), key).Inc()
	o.duration.WithLabelValues(r.Mode, code).Observe(r.Duration.Seconds())
	if r.Stored > 0 {
		o.storing.WithLabelValues(r.Mode, code).Observe(r.Stored.Seconds())
	}
}

// Handled implements [receiver.Observer].
func (o *Observer) Handled(_ context.Context, h receiver.Handled) {
	outcome := string(h.Outcome)
	o.runs.WithLabelValues(h.Mode, outcome).Inc()
	o.runTime.WithLabelValues(outcome).Observe(h.Duration.Seconds())
	o.runDelay.WithLabelValues(outcome).Observe(h.Delay.Seconds())
}

// Source is what [Observer.Watch] asks: a [receiver.Receiver].
type Source interface {
	Health(context.Context) (receiver.Health, error)
}

// Watch has the backlog, its age and the dead measured at each scrape. They
// are the store's and not the process's: replicas on one store measure the
// same. While the store cannot be read there are no such measurements and
// background_receiver_up is 0.
func (o *Observer) Watch(s Source) error {
	if s == nil {
		return errors.New("promreceiver: Watch: the source is nil")
	}
	if err := o.registry.Register(newGauges(s, o.registry)); err != nil {
		return fmt.Errorf("promreceiver: %w", err)
	}
	return nil
}
