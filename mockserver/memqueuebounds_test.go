package mockserver

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// What a notification holds, its attempts and headers among them, is freed
// when the notifier forgets it, although the operation is kept for a day.
func TestEndedOperationsDoNotHoldTheirNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		srv, err := New(Config{NotifyClient: MemoryClient(map[string]http.Handler{"hook.test": hook})})
		if err != nil {
			t.Fatal(err)
		}
		defer srv.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, BaseURL+"/v1/customerinvoice/003547", bytes.NewReader([]byte(`{}`)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(wire.BackgroundHeader, "https://hook.test/")
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		time.Sleep(time.Minute)
		if list := srv.Deliveries(); len(list) != 1 || list[0].State != DeliveryDelivered {
			t.Fatalf("deliveries: %+v", list)
		}
		var freed atomic.Bool
		func() {
			srv.notifier.mu.Lock()
			defer srv.notifier.mu.Unlock()
			runtime.AddCleanup(srv.notifier.list[0], func(freed *atomic.Bool) { freed.Store(true) }, &freed)
			srv.notifier.list = nil // as its bound does, 10 000 later
		}()
		for range 100 {
			runtime.GC()
			if freed.Load() {
				if len(srv.Operations()) != 1 {
					t.Error("the operation is gone too")
				}
				return
			}
			runtime.Gosched() // the cleanup has a goroutine of its own
		}
		t.Error("the notification is still held")
	})
}
