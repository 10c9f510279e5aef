package promclient

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/prom"
	"github.com/vismanet-go/background/store"
)

// Config configures an [Observer]. Its zero value is fine; a zero field means
// the default named in its comment.
type Config struct {
	// Registerer takes the metrics. Default:
	// [prometheus.DefaultRegisterer].
	Registerer prometheus.Registerer

	// Labels are added to every metric: the company where a process serves a
	// few of them, each with an Observer of its own.
	Labels prometheus.Labels
}

// Observer is a [client.Observer]. It is safe for concurrent use, and one
// serves any number of clients. Make one with [New].
type Observer struct {
	registry *prom.Registry

	submits  *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	waits    prometheus.Gauge
	settled  *prometheus.CounterVec
	settling *prometheus.HistogramVec
	polls    *prometheus.HistogramVec
	queueing *prometheus.HistogramVec
	working  *prometheus.HistogramVec
	finding  *prometheus.HistogramVec
	runs     *prometheus.CounterVec
	runTime  *prometheus.HistogramVec
	runDelay *prometheus.HistogramVec
	needs    *prometheus.CounterVec
}

var _ client.Observer = (*Observer)(nil)

// A call takes from milliseconds to a minute, an operation from seconds to
// hours.
var (
	callBuckets   = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	settleBuckets = []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 900, 1800, 3600, 7200, 14400, 86400}
	pollBuckets   = []float64{1, 2, 3, 5, 8, 13, 21, 34, 55, 89}
)

const prefix = "background_client_"

// New returns an observer whose metrics are registered, or an error that names
// what cannot be: a registry takes the same metrics once only. If it fails
// nothing stays registered.
func New(cfg Config) (*Observer, error) {
	r, err := prom.New("promclient", cfg.Registerer, prefix, cfg.Labels, "kind", "verdict", "call", "code", "outcome", "by", "late", "phase", "need", "policy", "for", "when")
	if err != nil {
		return nil, err
	}
	o := &Observer{registry: r}
	o.submits = r.Counter("submits_total", "Submits that ended.", "kind", "verdict")
	o.calls = r.Seconds("call_duration_seconds", "Time of an HTTP call to the ERP until its header was read. All of them count against its limits.", callBuckets, "call", "code")
	o.waits = r.Gauge("waits", "Waits in progress.")
	o.settled = r.Counter("settled_total", "Operations that ended.", "kind", "outcome", "by", "late")
	o.settling = r.Seconds("settle_duration_seconds", "Time from the acceptance of an operation until its end was recorded.", settleBuckets, "kind", "outcome", "by")
	o.polls = r.Histogram("polls", "Polls that an operation took until its end was seen.", pollBuckets, "kind", "by")
	o.queueing = r.Seconds("queue_duration_seconds", "Time from when the ERP queued an operation until it began to run it.", settleBuckets, "kind")
	o.working = r.Seconds("work_duration_seconds", "Time for which the ERP ran an operation.", settleBuckets, "kind")
	o.finding = r.Seconds("detection_delay_seconds", "Time from the end of an operation until it was recorded.", settleBuckets, "kind", "by")
	o.runs = r.Counter("runs_total", "Runs of handlers that ended.", "kind", "outcome")
	o.runTime = r.Seconds("run_duration_seconds", "Time of a run of a handler.", prom.RunBuckets, "kind", "outcome")
	o.runDelay = r.Seconds("run_delay_seconds", "Time from when a run was due until it began.", prom.RunBuckets, "kind")
	o.needs = r.Counter("attention_total", "Operations that came to need a person, by why.", "kind", "need")
	if err := r.Register(o.submits, o.calls, o.waits, o.settled, o.settling, o.polls, o.queueing, o.working, o.finding, o.runs, o.runTime, o.runDelay, o.needs); err != nil {
		return nil, fmt.Errorf("promclient config: Registerer: %w", err)
	}
	return o, nil
}

// Submit implements [client.Observer].
func (o *Observer) Submit(ctx context.Context, s client.Submission) (context.Context, string, func(client.Submitted)) {
	return ctx, "", func(done client.Submitted) { o.submits.WithLabelValues(s.Kind, done.Verdict).Inc() }
}

// Wait implements [client.Observer].
func (o *Observer) Wait(ctx context.Context, _ client.Waiting) (context.Context, func(client.Waited)) {
	o.waits.Inc()
	return ctx, func(client.Waited) { o.waits.Dec() }
}

// Call implements [client.Observer].
func (o *Observer) Call(_ context.Context, c client.Call) {
	o.calls.WithLabelValues(c.Kind, strconv.Itoa(c.StatusCode)).Observe(c.Duration.Seconds())
}

// Settled implements [client.Observer].
func (o *Observer) Settled(_ context.Context, s client.Settled) {
	outcome := string(s.Outcome)
	o.settled.WithLabelValues(s.Kind, outcome, s.By, strconv.FormatBool(s.Late)).Inc()
	o.settling.WithLabelValues(s.Kind, outcome, s.By).Observe(s.Duration.Seconds())
	if s.Polls > 0 {
		o.polls.WithLabelValues(s.Kind, s.By).Observe(float64(s.Polls))
	}
	if s.RunTime > 0 { // else it is not known when it began
		o.queueing.WithLabelValues(s.Kind).Observe(s.QueueTime.Seconds())
		o.working.WithLabelValues(s.Kind).Observe(s.RunTime.Seconds())
	}
	if s.DetectionDelay > 0 {
		o.finding.WithLabelValues(s.Kind, s.By).Observe(s.DetectionDelay.Seconds())
	}
}

// Handle implements [client.Observer].
func (o *Observer) Handle(ctx context.Context, h client.Handling) (context.Context, func(client.Handled)) {
	o.runDelay.WithLabelValues(h.Kind).Observe(h.Delay.Seconds())
	return ctx, func(done client.Handled) {
		outcome := string(done.Outcome)
		o.runs.WithLabelValues(h.Kind, outcome).Inc()
		o.runTime.WithLabelValues(h.Kind, outcome).Observe(done.Duration.Seconds())
	}
}

// Attention implements [client.Observer].
func (o *Observer) Attention(_ context.Context, a client.Attention) {
	o.needs.WithLabelValues(a.Kind, string(a.Need)).Inc()
}

// Watch has the operations of a tenant that are not done counted at each
// scrape, by phase: sending, accepted, settled (their handler or an Ack is
// awaited), uncertain, unclear, expired and dead. They are the store's and not the
// process's: replicas on one store measure the same. While the store cannot be
// read there are no such measurements and background_client_up is 0. Where a
// process has several tenants, each needs an Observer with Labels of its own.
func (o *Observer) Watch(st store.Store, tenant string) error {
	if st == nil {
		return errors.New("promclient: Watch: the store is nil")
	}
	if tenant == "" {
		return errors.New("promclient: Watch: tenant: must be that of client.Config")
	}
	if err := o.registry.Register(newGauges(st, tenant, o.registry)); err != nil {
		return fmt.Errorf("promclient: %w", err)
	}
	return nil
}
