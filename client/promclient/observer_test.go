package promclient_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver/fault"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/promclient"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
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

func get(t *testing.T, c *client.Client, kind string) *client.Operation {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/customerinvoice", nil)
	if err != nil {
		t.Fatal(err)
	}
	op, err := c.Submit(t.Context(), req, client.SubmitOptions{Kind: kind})
	if op == nil {
		t.Fatal(err)
	}
	return op
}

func TestWhatAClientDoesIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		obs, err := promclient.New(promclient.Config{Registerer: reg, Labels: prometheus.Labels{"app": "a"}})
		if err != nil {
			t.Fatal(err)
		}
		st := store.NewMemory(store.MemoryConfig{})
		if err := obs.Watch(st, "fjord"); err != nil {
			t.Fatal(err)
		}
		mock, err := mockserver.New(mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Faults: []fault.Rule{
			{On: fault.OnIntake, After: 3, Do: fault.Answer{Status: 503}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		c, err := client.New(client.Config{
			BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Store: st, Tenant: "fjord", Observer: obs,
			OnComplete: map[string]client.Handler{
				"a": func(context.Context, client.Completion) error { time.Sleep(2 * time.Second); return nil },
				"b": func(context.Context, client.Completion) error {
					return client.Discard(errors.New("words that nobody counts"))
				},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		get(t, c, "a")
		get(t, c, "b")
		waited := get(t, c, "")
		get(t, c, "a") // uncertain
		ended := make(chan error, 1)
		go func() {
			_, err := waited.Wait(t.Context())
			ended <- err
		}()
		synctest.Wait()
		expect := func(when string, want ...string) {
			t.Helper()
			got := scrape(t, reg)
			for _, w := range want {
				if !strings.Contains(got, w+"\n") {
					t.Errorf("%s, not among the metrics: %s\n%s", when, w, got)
				}
			}
			if strings.Contains(got, "words") || strings.Contains(got, waited.Ref()) {
				t.Errorf("%s, words or refs in\n%s", when, got)
			}
		}
		expect("before Run",
			`background_client_submits_total{app="a",kind="a",verdict="accepted"} 1`,
			`background_client_submits_total{app="a",kind="a",verdict="uncertain"} 1`,
			`background_client_call_duration_seconds_count{app="a",call="submit",code="202"} 3`,
			`background_client_waits{app="a"} 1`,
			`background_client_operations{app="a",phase="accepted"} 3`,
			`background_client_operations{app="a",phase="uncertain"} 1`,
			`background_client_operations{app="a",phase="dead"} 0`,
			`background_client_up{app="a"} 1`,
		)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := errors.Join(c.Run(ctx), <-ended); err != nil {
			t.Error(err)
		}
		expect("after Run",
			`background_client_waits{app="a"} 0`,
			`background_client_settled_total{app="a",by="poll",kind="",late="false",outcome="succeeded"} 1`,
			`background_client_settled_total{app="a",by="poll",kind="b",late="false",outcome="succeeded"} 1`,
			`background_client_settle_duration_seconds_bucket{app="a",by="poll",kind="a",outcome="succeeded",le="30"} 0`,
			`background_client_settle_duration_seconds_bucket{app="a",by="poll",kind="a",outcome="succeeded",le="120"} 1`,
			`background_client_polls_count{app="a",by="poll",kind="a"} 1`,
			`background_client_queue_duration_seconds_sum{app="a",kind="a"} 0`,
			`background_client_work_duration_seconds_sum{app="a",kind="a"} 60`,
			`background_client_detection_delay_seconds_count{app="a",by="poll",kind="a"} 1`,
			`background_client_runs_total{app="a",kind="a",outcome="acknowledged"} 1`,
			`background_client_runs_total{app="a",kind="b",outcome="discarded"} 1`,
			`background_client_run_duration_seconds_sum{app="a",kind="a",outcome="acknowledged"} 2`,
			`background_client_run_delay_seconds_count{app="a",kind="a"} 1`,
			`background_client_operations{app="a",phase="settled"} 1`, // that of the Wait, not acknowledged
			`background_client_operations{app="a",phase="dead"} 1`,
			`background_client_operations{app="a",phase="unclear"} 0`,
			`background_client_attention_total{app="a",kind="a",need="uncertain"} 1`,
		)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/customerinvoice", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Enqueue(t.Context(), req, client.SubmitOptions{Kind: "a"}); err != nil {
			t.Fatal(err)
		}
		expect("with one that waits to be sent", `background_client_operations{app="a",phase="queued"} 1`)
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		if got := scrape(t, reg); !strings.Contains(got, `background_client_up{app="a"} 0`) || strings.Contains(got, "background_client_operations{") {
			t.Errorf("with a closed store:\n%s", got)
		}
	})
}

func TestARegistryTakesAnObserverOnceAndAllOrNothing(t *testing.T) {
	reg := prometheus.NewRegistry()
	obs, err := promclient.New(promclient.Config{Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := promclient.New(promclient.Config{Registerer: reg}); err == nil {
		t.Error("registered twice")
	}
	if _, err := promclient.New(promclient.Config{Registerer: reg, Labels: prometheus.Labels{"kind": "x"}}); err == nil || !strings.Contains(err.Error(), `"kind"`) {
		t.Errorf("got %v", err)
	}
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	if err := obs.Watch(nil, "fjord"); err == nil {
		t.Error("watches nothing")
	}
	if err := obs.Watch(st, ""); err == nil || !strings.Contains(err.Error(), "tenant") {
		t.Errorf("watches nobody: %v", err)
	}
	if err := obs.Watch(st, "fjord"); err != nil {
		t.Error(err)
	}
	if err := obs.Watch(st, "fjord"); err == nil {
		t.Error("watches twice")
	}

	taken := prometheus.NewRegistry()
	taken.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "background_client_run_delay_seconds"}))
	if _, err := promclient.New(promclient.Config{Registerer: taken}); err == nil {
		t.Error("registered although a name is taken")
	}
	if got := scrape(t, taken); strings.Contains(got, "submits_total") {
		t.Errorf("left over:\n%s", got)
	}
}

// TestWatchedClientIsMeasured has a client that wants more than its limit allows.
func TestWatchedClientIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewPedanticRegistry()
		obs, err := promclient.New(promclient.Config{Registerer: reg})
		if err != nil {
			t.Fatal(err)
		}
		mock, err := mockserver.New(mockserver.Config{
			ExecTime: mockserver.Fixed(time.Minute), Workers: 20, RateLimit: mockserver.RateLimit{Limit: 20, Window: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		st := store.NewMemory(store.MemoryConfig{})
		c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Store: st, Observer: obs})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := obs.WatchClient(nil); err == nil {
			t.Error("no client is watched")
		}
		if err := obs.WatchClient(c); err != nil {
			t.Fatal(err)
		}
		if err := obs.WatchClient(c); err == nil {
			t.Error("watched twice")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		submit := func() (*client.Operation, error) {
			req, _ := http.NewRequest(http.MethodGet, "/v1/customerinvoice", nil)
			return c.Submit(ctx, req, client.SubmitOptions{})
		}
		for range 20 {
			op, err := submit()
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() { _, _ = op.Wait(ctx) })
		}
		for range 10 {
			wg.Go(func() { _, _ = submit() })
		}
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		testkit.Golden(t, "testdata/stats.golden", about(scrape(t, reg), "budget", "calls_waiting", "polls_planned", "longest", "paused", "missed", "sequences_stopped"))
		if delay := about(scrape(t, reg), "poll_delay"); !strings.HasPrefix(delay, "background_client_poll_delay_seconds 540") {
			t.Errorf("got %s, want the rest of this window and the next, 90 min", delay)
		}
		st.Close()
		if got := scrape(t, reg); strings.Contains(got, "budget_needed ") || !strings.Contains(got, "budget_left{") {
			t.Errorf("with a closed store, want all but what it would tell:\n%s", got)
		}
		cancel()
		wg.Wait()
	})
}

// about returns the lines of the metrics with one of the words, but for buckets and
// comments.
func about(metrics string, words ...string) string {
	var b strings.Builder
	for line := range strings.Lines(metrics) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket") && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) }) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestWhoLinksPrometheus keeps it out of package client, and the stores that a
// user does not choose out of this one.
func TestWhoLinksPrometheus(t *testing.T) {
	for pkg, foreign := range map[string]string{".": "modernc.org/", "..": "github.com/prometheus/"} {
		for _, linked := range testkit.Links(t, pkg) {
			if strings.HasPrefix(linked, foreign) {
				t.Errorf("%s links %s", pkg, linked)
			}
		}
	}
}
