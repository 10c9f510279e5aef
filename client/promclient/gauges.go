package promclient

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/vismanet-go/background/store"
)

// scrapeTimeout bounds what a scrape waits for the store; Prometheus itself
// gives up after 10 s by default.
const scrapeTimeout = 5 * time.Second

// phases are those in which something is still to be done. What is handled or
// rejected only grows until it is purged, so counting it would cost more each
// day.
var phases = []store.Phase{store.Sending, store.Accepted, store.Settled, store.Uncertain, store.Expired, store.Dead}

// gauges counts the operations in a store when it is asked.
type gauges struct {
	store          store.Store
	tenant         string
	operations, up *prometheus.Desc
}

func newGauges(st store.Store, tenant string, labels prometheus.Labels) *gauges {
	return &gauges{
		store: st, tenant: tenant,
		operations: prometheus.NewDesc(prefix+"operations", "Operations in the store that are not done.", []string{"phase"}, labels),
		up:         prometheus.NewDesc(prefix+"up", "1 if the store can be read, else 0.", nil, labels),
	}
}

// Describe implements [prometheus.Collector].
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- g.operations
	ch <- g.up
}

// Collect implements [prometheus.Collector].
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	counts := make([]int, len(phases))
	up := 1.0
	for i, phase := range phases {
		var err error
		if counts[i], err = store.Count(ctx, g.store, g.tenant, store.Query{Phases: []store.Phase{phase}}); err != nil {
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
