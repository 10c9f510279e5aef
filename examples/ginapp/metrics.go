package main

import (
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vismanet-go/background/client/promclient"
	"github.com/vismanet-go/background/receiver/promreceiver"
)

// metrics measures the service for Prometheus. The documentation of promclient
// and promreceiver lists what there is, and what an alarm belongs on. A
// program that has OpenTelemetry uses otelclient and otelreceiver instead.
type metrics struct {
	registry *prometheus.Registry
	client   *promclient.Observer
	receiver *promreceiver.Observer
}

func newMetrics() (*metrics, error) {
	m := &metrics{registry: prometheus.NewRegistry()}
	var errs [4]error
	m.client, errs[0] = promclient.New(promclient.Config{Registerer: m.registry})
	m.receiver, errs[1] = promreceiver.New(promreceiver.Config{Registerer: m.registry})
	errs[2] = m.registry.Register(collectors.NewGoCollector())
	errs[3] = m.registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m, errors.Join(errs[:]...)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
