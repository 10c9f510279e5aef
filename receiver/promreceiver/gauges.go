package promreceiver

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vismanet-go/background/internal/prom"
)

// gauges measures the health of a receiver when it is asked.
type gauges struct {
	source                 Source
	backlog, age, dead, up *prometheus.Desc
}

func newGauges(s Source, r *prom.Registry) *gauges {
	return &gauges{
		source:  s,
		backlog: r.Desc("backlog", "Notifications that wait for the handler or for its next try."),
		age:     r.Desc("backlog_age_seconds", "Age of the oldest notification that waits, 0 if none does."),
		dead:    r.Desc("dead", "Notifications that are dead letters."),
		up:      r.Desc("up", "1 if the store can be read, else 0."),
	}
}

// Describe implements [prometheus.Collector].
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.backlog, g.age, g.dead, g.up} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), prom.ScrapeTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	h, err := g.source.Health(ctx)
	if err != nil {
		gauge(g.up, 0)
		return
	}
	age := 0.0
	if !h.Oldest.IsZero() {
		age = max(0, time.Since(h.Oldest).Seconds())
	}
	gauge(g.up, 1)
	gauge(g.backlog, float64(h.Backlog))
	gauge(g.age, age)
	gauge(g.dead, float64(h.Dead))
}
