package sqlitequeue_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A server that has the queue after another one in the same process notifies of
// what that one accepted.
func TestAServerGoesOnInTheSameProcess(t *testing.T) {
	var told atomic.Int64
	hook := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told.Add(1) })
	first := serve(t, t.TempDir(), mockserver.Config{}, hook)
	first.Server.Queue("").Pause()
	id := first.submit("PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`, "https://hook.test/")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := mockserver.Config{Queue: first.queue, NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": hook})}
	second, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	second.Start()
	testkit.Eventually(t, "the notification", func() bool { return told.Load() > 0 })
	if op, ok := second.Operation(id); !ok || op.State != operation.Finished {
		t.Errorf("got %+v", op)
	}
}
