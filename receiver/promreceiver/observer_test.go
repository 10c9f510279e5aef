package promreceiver_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/promreceiver"
	"github.com/vismanet-go/background/receiver/receivertest"
	"github.com/vismanet-go/background/store"
)

const (
	signingKey = "c2lnbi1rZXktZm9yLXRlc3Rz"
	id         = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
)

// scrape returns what Prometheus would read.
func scrape(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestWhatAReceiverDoesIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		obs, err := promreceiver.New(promreceiver.Config{Registerer: reg, Labels: prometheus.Labels{"app": "a"}})
		if err != nil {
			t.Fatal(err)
		}
		st := store.NewMemory(store.MemoryConfig{})
		rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, Observer: obs})
		if err != nil {
			t.Fatal(err)
		}
		if err := obs.Watch(rcv); err != nil {
			t.Fatal(err)
		}
		rcv.Handle(func(context.Context, receiver.Notification) error {
			time.Sleep(2 * time.Second)
			return receiver.Discard(errors.New("words that nobody counts"))
		})
		sender := receivertest.Sender{Handler: rcv, URL: "https://hooks.test/erp", Key: signingKey}
		for _, n := range []receivertest.Notice{{ID: id}, {ID: id}, {Body: []byte("done!")}} {
			if status, err := sender.Send(t.Context(), n); status != http.StatusOK || err != nil {
				t.Errorf("got %d, %v", status, err)
			}
		}
		time.Sleep(time.Minute)
		before := scrape(t, reg)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := rcv.Run(ctx); err != nil {
			t.Error(err)
		}
		for _, want := range []string{
			`background_receiver_backlog{app="a"} 2`,
			`background_receiver_backlog_age_seconds{app="a"} 60`,
			`background_receiver_dead{app="a"} 0`,
			`background_receiver_up{app="a"} 1`,
			`background_receiver_requests_total{app="a",code="200",key="0",mode="subscription",unparsed="false",verdict="duplicate"} 1`,
			`background_receiver_requests_total{app="a",code="200",key="0",mode="subscription",unparsed="true",verdict="unknown"} 1`,
			`background_receiver_request_duration_seconds_count{app="a",code="200",mode="subscription"} 3`,
		} {
			if !strings.Contains(before, want+"\n") {
				t.Errorf("before Run, not among the metrics: %s", want)
			}
		}
		after := scrape(t, reg)
		for _, want := range []string{
			`background_receiver_backlog{app="a"} 0`,
			`background_receiver_dead{app="a"} 2`,
			`background_receiver_runs_total{app="a",mode="subscription",outcome="discarded"} 2`,
			`background_receiver_run_duration_seconds_sum{app="a",outcome="discarded"} 4`,
			`background_receiver_run_delay_seconds_sum{app="a",outcome="discarded"} 120`,
		} {
			if !strings.Contains(after, want+"\n") {
				t.Errorf("after Run, not among the metrics: %s\n%s", want, after)
			}
		}
		st.Close()
		if got := scrape(t, reg); !strings.Contains(got, `background_receiver_up{app="a"} 0`) || strings.Contains(got, "background_receiver_backlog{") {
			t.Errorf("with a closed store:\n%s", got)
		}
	})
}

func TestARegistryTakesAnObserverOnceAndAllOrNothing(t *testing.T) {
	reg := prometheus.NewRegistry()
	obs, err := promreceiver.New(promreceiver.Config{Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := promreceiver.New(promreceiver.Config{Registerer: reg}); err == nil {
		t.Error("registered twice")
	}
	if _, err := promreceiver.New(promreceiver.Config{Registerer: reg, Labels: prometheus.Labels{"code": "x"}}); err == nil || !strings.Contains(err.Error(), `"code"`) {
		t.Errorf("got %v", err)
	}
	if err := obs.Watch(nil); err == nil {
		t.Error("watches nothing")
	}

	taken := prometheus.NewRegistry()
	taken.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "background_receiver_run_delay_seconds"}))
	if _, err := promreceiver.New(promreceiver.Config{Registerer: taken}); err == nil {
		t.Error("registered although a name is taken")
	}
	if got := scrape(t, taken); strings.Contains(got, "requests_total") {
		t.Errorf("left over:\n%s", got)
	}
}
