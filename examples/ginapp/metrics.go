package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver/promreceiver"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// metrics measures the service for Prometheus. It is the client's observer;
// promreceiver is the receiver's. Alarms belong on ginapp_operations of the
// phases "uncertain" and "dead", which need a person if they stay, and on what
// promreceiver names. A program that has OpenTelemetry uses otelclient and
// otelreceiver instead.
type metrics struct {
	registry *prometheus.Registry
	receiver *promreceiver.Observer
	submits  *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	outcomes *prometheus.CounterVec
}

var _ client.Observer = (*metrics)(nil)

func newMetrics(st *sqlitestore.Store) (*metrics, error) {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		submits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ginapp_submits_total", Help: "Requests handed to the ERP, by what came of it.",
		}, []string{"kind", "verdict"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ginapp_erp_call_duration_seconds", Help: "HTTP calls to the ERP. All of them count against its limits.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, []string{"call", "code"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ginapp_outcomes_total", Help: "Ends of operations that were noted; one that is noted twice counts twice.",
		}, []string{"kind", "ok"}),
	}
	for _, c := range []prometheus.Collector{
		m.submits, m.calls, m.outcomes, newPhases(st),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := m.registry.Register(c); err != nil {
			return nil, err
		}
	}
	var err error
	m.receiver, err = promreceiver.New(promreceiver.Config{Registerer: m.registry})
	return m, err
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Submit implements [client.Observer].
func (m *metrics) Submit(ctx context.Context, s client.Submission) (context.Context, string, func(client.Submitted)) {
	return ctx, "", func(done client.Submitted) { m.submits.WithLabelValues(s.Kind, done.Verdict).Inc() }
}

// Wait implements [client.Observer]: nobody waits here, handlers are called.
func (m *metrics) Wait(ctx context.Context, _ client.Waiting) (context.Context, func(client.Waited)) {
	return ctx, func(client.Waited) {}
}

// Call implements [client.Observer].
func (m *metrics) Call(_ context.Context, c client.Call) {
	m.calls.WithLabelValues(c.Kind, strconv.Itoa(c.StatusCode)).Observe(c.Duration.Seconds())
}

// ended counts an outcome.
func (m *metrics) ended(o outcome) {
	m.outcomes.WithLabelValues(o.kind, strconv.FormatBool(o.problem == "")).Inc()
}

// phases counts the operations in the store at each scrape.
type phases struct {
	store *sqlitestore.Store
	desc  *prometheus.Desc
}

func newPhases(st *sqlitestore.Store) phases {
	return phases{st, prometheus.NewDesc("ginapp_operations", "Operations in the store, by phase.", []string{"phase"}, nil)}
}

// Describe implements [prometheus.Collector].
func (p phases) Describe(ch chan<- *prometheus.Desc) { ch <- p.desc }

// Collect implements [prometheus.Collector]. A store that cannot be read shows
// in background_receiver_up; the rest of the scrape goes on.
func (p phases) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	stats, err := p.store.Stats(ctx)
	if err != nil {
		return
	}
	for phase, n := range stats.Phases {
		ch <- prometheus.MustNewConstMetric(p.desc, prometheus.GaugeValue, float64(n), string(phase))
	}
}
