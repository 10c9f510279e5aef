package mockserver

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/vismanet-go/background/mockserver/internal/wire"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/queue"
)

// What a notification holds, its attempts and headers among them, is freed
// when the notifier forgets it, although the operation is kept for a day.
func TestEndedOperationsDoNotHoldTheirNotifications(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		jobs := &watchedQueue{Memory: queue.NewMemory()}
		srv, err := New(Config{Queue: jobs, NotifyClient: MemoryClient(map[string]http.Handler{"hook.test": hook})})
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
		if list := srv.Deliveries(); len(list) != 1 || list[0].State != operation.DeliveryDelivered {
			t.Fatalf("deliveries: %+v", list)
		}
		var freed atomic.Bool
		runtime.AddCleanup((*byte)(jobs.local), func(freed *atomic.Bool) { freed.Store(true) }, &freed)
		jobs.local = nil
		srv.notifier.Reset("1000001") // as its bound does, 10 000 later
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

// A watchedQueue remembers what is local of the job that was added last.
type watchedQueue struct {
	*queue.Memory
	local unsafe.Pointer
}

func (q *watchedQueue) Add(ctx context.Context, job *queue.Job) error {
	q.local = reflect.ValueOf(job.Local).UnsafePointer()
	return q.Memory.Add(ctx, job)
}
