package sqlitequeue_test

import (
	"errors"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// A delivery that one server has given up is redelivered by the next one, and
// by any of several.
func TestRedeliveryByOtherServers(t *testing.T) {
	dir, told := t.TempDir(), &hook{status: 500}
	cfg := mockserver.Config{URLRetry: mockserver.Retry{Attempts: 1}}
	first := serve(t, dir, cfg, told)
	id := first.submit("GET", "/v1/customerinvoice/003501", "", "http://hook.test/")
	testkit.Eventually(t, "the end of the delivery", func() bool {
		return len(first.Deliveries(operation.DeliveryFilter{State: operation.DeliveryDead})) == 1
	})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.queue.Close(); err != nil {
		t.Fatal(err)
	}
	second, third := serve(t, dir, cfg, told), serve(t, dir, cfg, told)
	if err := second.Redeliver(t.Context(), id); !errors.Is(err, mockserver.ErrNotDelivered) {
		t.Errorf("got %v", err)
	}
	told.set(200)
	for _, s := range []*site{third, second, second} {
		if err := s.Redeliver(t.Context(), id); err != nil {
			t.Errorf("got %v", err)
		}
	}
	d := second.Deliveries(operation.DeliveryFilter{OperationID: id})[0]
	if d.State != operation.DeliveryDelivered || len(d.Attempts) != 5 || !d.Attempts[4].Redelivery || told.count(id) != 5 {
		t.Errorf("got %+v, arrived %d times", d, told.count(id))
	}
	if d.Attempts[0].Redelivery || d.Attempts[0].StatusCode != 500 {
		t.Errorf("the first attempt is forgotten: %+v", d.Attempts[0])
	}
	if err := second.Redeliver(t.Context(), "53f3403c-0000-4ff8-8ff6-d775ee363104"); !errors.Is(err, mockserver.ErrUnknownOperation) {
		t.Errorf("got %v", err)
	}
	silent := second.submit("GET", "/v1/customerinvoice/003501", "", "none")
	second.ended(silent)
	if err := second.Redeliver(t.Context(), silent); !errors.Is(err, mockserver.ErrNoNotification) {
		t.Errorf("got %v", err)
	}
	second.Expire(id)
	if err := second.Redeliver(t.Context(), id); !errors.Is(err, mockserver.ErrNoNotification) {
		t.Errorf("after the retention: %v", err)
	}
}

// A delivery that waits for its next attempt goes over to who redelivers it,
// with the attempts that are left.
func TestARedeliveryTakesTheAttemptsOver(t *testing.T) {
	dir, told := t.TempDir(), &hook{status: 500}
	cfg := mockserver.Config{URLRetry: mockserver.Retry{Attempts: 2, Interval: 2 * time.Second}}
	first, second := serve(t, dir, cfg, told), serve(t, dir, cfg, told)
	id := first.submit("GET", "/v1/customerinvoice/003501", "", "http://hook.test/")
	testkit.Eventually(t, "the first attempt", func() bool { return len(first.Deliveries()) == 1 && len(first.Deliveries()[0].Attempts) == 1 })
	for range 2 {
		if err := second.Redeliver(t.Context(), id); !errors.Is(err, mockserver.ErrNotDelivered) {
			t.Errorf("got %v", err)
		}
	}
	testkit.Eventually(t, "the end", func() bool { return second.Deliveries()[0].State == operation.DeliveryDead })
	time.Sleep(2 * lease)
	if d := second.Deliveries()[0]; len(d.Attempts) != 4 || told.count(id) != 4 {
		t.Errorf("arrived %d times, want 4: %+v", told.count(id), d)
	}
}
