package promclient

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vismanet-go/background/internal/prom"
	"github.com/vismanet-go/background/store"
)

// phases are those in which something is still to be done. What is acknowledged
// or rejected only grows until it is purged, so counting it would cost more
// each day.
var phases = []store.Phase{
	store.Queued, store.Sending, store.Accepted, store.Settled, store.Uncertain, store.Unclear, store.Expired, store.Dead,
}

// gauges counts the operations in a store when it is asked.
type gauges struct {
	store          store.Store
	tenant         string
	operations, up *prometheus.Desc
}

func newGauges(st store.Store, tenant string, r *prom.Registry) *gauges {
	return &gauges{
		store: st, tenant: tenant,
		operations: r.Desc("operations", "Operations in the store that are not done.", "phase"),
		up:         r.Desc("up", "1 if the store can be read, else 0."),
	}
}

// Describe implements [prometheus.Collector].
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- g.operations
	ch <- g.up
}

// Collect implements [prometheus.Collector].
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), prom.ScrapeTimeout)
	defer cancel()
	counts := make([]int, len(phases))
	up := 1.0
	for i, phase := range phases {
		var err error
		if counts[i], err = g.store.Count(ctx, g.tenant, store.Query{Phases: []store.Phase{phase}}); err != nil {
			up = 0
			break
		}
	}
	ch <- prometheus.MustNewConstMetric(g.up, prometheus.GaugeValue, up)
	if up == 0 {
		return // half of them would look like all of them
	}
	for i, phase := range phases {
		ch <- prometheus.MustNewConstMetric(g.operations, prometheus.GaugeValue, float64(counts[i]), string(phase))
	}
}
