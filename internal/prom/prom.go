// Package prom holds what the Prometheus adapters of client and receiver share.
package prom

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ScrapeTimeout bounds what a scrape waits for the store; Prometheus itself
// gives up after 10 s by default.
const ScrapeTimeout = 5 * time.Second

// RunBuckets are for runs of handlers, which take from milliseconds to the 15
// minutes that they may take by default.
var RunBuckets = []float64{0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600}

// A Registry makes and registers the metrics of one adapter.
type Registry struct {
	to     prometheus.Registerer
	prefix string
	labels prometheus.Labels // of every metric
}

// New returns the registry of a package, for metrics whose names begin with
// prefix. It registers with to; nil is [prometheus.DefaultRegisterer]. Own are
// the labels that the metrics have themselves, so that labels must not have
// them; the error names the one that does.
func New(pkg string, to prometheus.Registerer, prefix string, labels prometheus.Labels, own ...string) (*Registry, error) {
	for name := range labels {
		if name == "le" || slices.Contains(own, name) {
			return nil, fmt.Errorf("%s config: Labels: %q is a label of the metrics themselves", pkg, name)
		}
	}
	if to == nil {
		to = prometheus.DefaultRegisterer
	}
	return &Registry{to, prefix, labels}, nil
}

// Counter makes a counter.
func (r *Registry) Counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: r.prefix + name, Help: help, ConstLabels: r.labels}, labels)
}

// Seconds makes a histogram of times.
func (r *Registry) Seconds(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return r.Histogram(name, help, buckets, labels...)
}

// Histogram makes a histogram of numbers.
func (r *Registry) Histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: r.prefix + name, Help: help, ConstLabels: r.labels, Buckets: buckets,
	}, labels)
}

// Gauge makes a gauge.
func (r *Registry) Gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: r.prefix + name, Help: help, ConstLabels: r.labels})
}

// Desc describes a metric that a collector makes at each scrape.
func (r *Registry) Desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(r.prefix+name, help, labels, r.labels)
}

// Register registers all or none.
func (r *Registry) Register(all ...prometheus.Collector) error {
	for i, c := range all {
		if err := r.to.Register(c); err != nil {
			for _, done := range all[:i] {
				r.to.Unregister(done)
			}
			return err
		}
	}
	return nil
}
