package otelclient_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// TestWatchedClientIsMeasured has a client that wants more than its limit allows.
func TestWatchedClientIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock, err := mockserver.New(mockserver.Config{
			ExecTime: mockserver.Fixed(time.Minute), Workers: 20, RateLimit: mockserver.RateLimit{Limit: 20, Window: time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer mock.Close()
		st := store.NewMemory(store.MemoryConfig{})
		defer st.Close()
		c, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: mock.Client(), Store: st})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		w := watch(t, nil)
		if _, err := w.WatchClient(nil); err == nil {
			t.Error("no client is watched")
		}
		watching, err := w.WatchClient(c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		submit := func() (*client.Operation, error) {
			req, _ := http.NewRequest("GET", "/v1/customerinvoice", nil)
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
		testkit.Golden(t, "testdata/stats.golden", w.measure(t))
		cancel()
		wg.Wait()
		if err := watching.Unregister(); err != nil {
			t.Fatal(err)
		}
		if got := w.measure(t); strings.Contains(got, "budget") {
			t.Errorf("measured after that was undone:\n%s", got)
		}
	})
}
