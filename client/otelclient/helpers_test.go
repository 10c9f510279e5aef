package otelclient_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/client/otelclient"
	"github.com/vismanet-go/background/internal/testkit"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// watched is an observer and all that it told.
type watched struct {
	*otelclient.Observer
	spans   *tracetest.InMemoryExporter
	tracer  *trace.TracerProvider
	metrics *metric.ManualReader
}

// watch makes an observer with an SDK that keeps everything in memory.
func watch(t *testing.T, change func(*otelclient.Config)) *watched {
	t.Helper()
	w := &watched{spans: tracetest.NewInMemoryExporter(), metrics: metric.NewManualReader()}
	w.tracer = trace.NewTracerProvider(trace.WithSyncer(w.spans))
	cfg := otelclient.Config{TracerProvider: w.tracer, MeterProvider: metric.NewMeterProvider(metric.WithReader(w.metrics))}
	if change != nil {
		change(&cfg)
	}
	obs, err := otelclient.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Observer = obs
	return w
}

// show writes the spans down, in the order of their end; what is random in
// them has a name instead.
func (w *watched) show() string {
	var b strings.Builder
	spans := w.spans.GetSpans()
	name := make(map[string]string)
	for i, s := range spans {
		name[s.SpanContext.SpanID().String()] = fmt.Sprintf("#%d", i+1)
	}
	for i, s := range spans {
		fmt.Fprintf(&b, "#%d %s %s", i+1, s.Name, s.SpanKind)
		if s.Parent.IsValid() {
			fmt.Fprintf(&b, " below %s", name[s.Parent.SpanID().String()])
		}
		for _, l := range s.Links {
			fmt.Fprintf(&b, " linked to %s", name[l.SpanContext.SpanID().String()])
		}
		fmt.Fprintf(&b, "\n  %s %q\n", s.Status.Code, s.Status.Description)
		fmt.Fprint(&b, attributes("  ", s.Attributes))
		for _, e := range s.Events {
			fmt.Fprintf(&b, "  event %s\n%s", e.Name, attributes("    ", e.Attributes))
		}
	}
	return b.String()
}

func attributes(indent string, list []attribute.KeyValue) string {
	var lines []string
	for _, kv := range list {
		v := kv.Value.String()
		if kv.Key == "background.ref" || kv.Key == "background.id" && len(v) > 20 {
			v = "…"
		}
		lines = append(lines, fmt.Sprintf("%s%s=%s\n", indent, kv.Key, v))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// measure writes the metrics down.
func (w *watched) measure(t *testing.T) string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := w.metrics.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			add := func(set attribute.Set, value string) {
				lines = append(lines, fmt.Sprintf("%s %s {%s} %s\n", m.Name, m.Unit, set.Encoded(attribute.DefaultEncoder()), value))
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, fmt.Sprint(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, fmt.Sprint(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, fmt.Sprintf("%.0f min", p.Value/60))
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, fmt.Sprintf("count %d sum %.3f", p.Count, p.Sum))
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, fmt.Sprintf("count %d sum %d", p.Count, p.Sum))
				}
			default:
				t.Errorf("%s: unexpected %T", m.Name, data)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

const module = "github.com/vismanet-go/background/"

// links lists what a package links outside the standard library and this
// module, whose own packages have lists of their own.
func links(t *testing.T, pkg string) []string {
	t.Helper()
	return slices.DeleteFunc(testkit.Links(t, pkg), func(p string) bool { return strings.HasPrefix(p, module) })
}

func TestWhatThisPackageLinks(t *testing.T) {
	testkit.Golden(t, "testdata/deps.golden", strings.Join(links(t, "."), "\n")+"\n")
}

func TestThisPackageLinksNoSDKAndTheClientNoOpenTelemetry(t *testing.T) {
	for _, pkg := range links(t, ".") {
		if strings.HasPrefix(pkg, "go.opentelemetry.io/otel/sdk") || strings.HasPrefix(pkg, "go.opentelemetry.io/otel/exporters") {
			t.Errorf("links %s", pkg)
		}
	}
	for _, pkg := range links(t, module+"client") {
		if strings.HasPrefix(pkg, "go.opentelemetry.io/") {
			t.Errorf("package client links %s", pkg)
		}
	}
}
