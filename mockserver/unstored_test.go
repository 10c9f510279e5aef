package mockserver_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/queue"
)

// fullQueue stores nothing.
type fullQueue struct{ *queue.Memory }

func (fullQueue) Add(context.Context, *queue.Job) error { return errors.New("disk full") }

// What could not be queued was not accepted, and the journal does not say so.
func TestWhatIsNotStoredIsNotAccepted(t *testing.T) {
	h := start(t, mockserver.Config{Queue: fullQueue{queue.NewMemory()}})
	h.want(503, "POST", "/v2/customerinvoice", newInvoice, "erp-api-background", "http://hook.test/")
	if got := h.Journal().Select(journal.Filter{Kind: journal.KindAccepted}).Entries(); len(got) != 0 {
		t.Errorf("the journal has %+v, want no accepted operation", got)
	}
	if got := h.Journal().Requests(""); len(got) != 1 || got[0].StatusCode != 503 || got[0].OperationID != "" {
		t.Errorf("requests %+v, want one that was answered 503", got)
	}
	if got := h.Deliveries(); len(got) != 0 {
		t.Errorf("deliveries %+v, want none", got)
	}
}

// A goroutine that a handler left behind sleeps on the clock, and holds up nobody.
func TestAClockMovesOnPastASleepThatAHandlerLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := manual(t, mockserver.Config{})
		left := make(chan error, 1)
		h.Handle("/v1/leaves", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			go func() { left <- mockserver.Sleep(ctx, 3*time.Hour) }()
		}))
		id := h.submit("none", "GET", "/v1/leaves", "")
		clock := h.Clock("")
		begun := clock.Now()
		if err := clock.Advance(t.Context(), time.Hour); err != nil || clock.Now().Sub(begun) != time.Hour {
			t.Fatalf("moved by %v, %v; want an hour", clock.Now().Sub(begun), err)
		}
		if op, _ := h.Operation(id); !op.HasEnded() {
			t.Errorf("the operation is %s, want it ended", op.State)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if err := <-left; err == nil {
			t.Error("the sleep ended without an error, want to hear that the server was closed or the task over")
		}
	})
}
