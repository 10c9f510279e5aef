package otelreceiver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/otelreceiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

const (
	signingKey = "c2lnbi1rZXktZm9yLXRlc3Rz"
	id         = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
)

// measure writes the metrics down, without times that depend on the machine.
func measure(t *testing.T, reader *metric.ManualReader) string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		return err.Error()
	}
	var lines []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			add := func(set attribute.Set, value any) {
				lines = append(lines, fmt.Sprintf("%s %s {%s} %v", m.Name, m.Unit, set.Encoded(attribute.DefaultEncoder()), value))
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, fmt.Sprintf("count %d sum %.1f", p.Count, p.Sum))
				}
			default:
				t.Errorf("%s: unexpected %T", m.Name, data)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestWhatAReceiverDoesIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := metric.NewManualReader()
		obs, err := otelreceiver.New(otelreceiver.Config{
			MeterProvider: metric.NewMeterProvider(metric.WithReader(reader)),
			Attributes:    []attribute.KeyValue{attribute.String("app", "a")},
		})
		if err != nil {
			t.Fatal(err)
		}
		st := store.NewMemory(store.MemoryConfig{})
		rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, Observer: obs})
		if err != nil {
			t.Fatal(err)
		}
		stop, err := obs.Watch(rcv)
		if err != nil {
			t.Fatal(err)
		}
		rcv.Handle(func(context.Context, receiver.Notification) error {
			time.Sleep(2 * time.Second)
			return errors.New("words that nobody counts")
		})
		sender := receivertest.Sender{Handler: rcv, URL: "https://hooks.test/erp", Key: signingKey}
		for _, n := range []receivertest.Notice{{ID: id}, {ID: id}, {Body: []byte("done!")}} {
			if status, err := sender.Send(t.Context(), n); status != http.StatusOK || err != nil {
				t.Errorf("got %d, %v", status, err)
			}
		}
		sender.Key = "another key of the tests"
		if status, _ := sender.Send(t.Context(), receivertest.Notice{}); status != http.StatusUnauthorized {
			t.Errorf("got %d", status)
		}
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := rcv.Run(ctx); err != nil {
			t.Error(err)
		}

		want := `background.receiver.backlog {notification} {app=a} 2
background.receiver.backlog.age s {app=a} 62
background.receiver.dead {notification} {app=a} 0
background.receiver.request.duration s {app=a,background.mode=subscription,http.response.status_code=200} count 3 sum 0.0
background.receiver.request.duration s {app=a,background.mode=subscription,http.response.status_code=401} count 1 sum 0.0
background.receiver.requests {request} {app=a,background.key=0,background.mode=subscription,background.unparsed=false,background.verdict=duplicate,http.response.status_code=200} 1
background.receiver.requests {request} {app=a,background.key=0,background.mode=subscription,background.unparsed=false,background.verdict=unknown,http.response.status_code=200} 1
background.receiver.requests {request} {app=a,background.key=0,background.mode=subscription,background.unparsed=true,background.verdict=unknown,http.response.status_code=200} 1
background.receiver.requests {request} {app=a,background.mode=subscription,background.unparsed=false,background.verdict=,http.response.status_code=401} 1
background.receiver.run.delay s {app=a,background.outcome=retried} count 2 sum 120.0
background.receiver.run.duration s {app=a,background.outcome=retried} count 2 sum 4.0
background.receiver.runs {run} {app=a,background.mode=subscription,background.outcome=retried} 2`
		if got := measure(t, reader); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		st.Close()
		if got := measure(t, reader); !strings.Contains(got, "the store is closed") {
			t.Errorf("with a closed store: %s", got)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := measure(t, reader); strings.Contains(got, "closed") {
			t.Errorf("after stop: %s", got)
		}
	})
}

func TestNewNamesWhatIsWrongAndTheZeroConfigDoesNoHarm(t *testing.T) {
	_, err := otelreceiver.New(otelreceiver.Config{Attributes: []attribute.KeyValue{{Value: attribute.IntValue(1)}}})
	if err == nil || !strings.Contains(err.Error(), "Attributes[0]") {
		t.Errorf("got %v", err)
	}
	obs, err := otelreceiver.New(otelreceiver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	obs.Received(t.Context(), receiver.Received{})
	obs.Handled(t.Context(), receiver.Handled{})
}

func TestNoSDKIsLinked(t *testing.T) {
	for _, pkg := range testkit.Links(t, ".") {
		if strings.HasPrefix(pkg, "go.opentelemetry.io/otel/sdk") || strings.HasPrefix(pkg, "go.opentelemetry.io/otel/exporters") {
			t.Errorf("links %s", pkg)
		}
	}
}
