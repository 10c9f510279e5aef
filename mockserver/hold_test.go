package mockserver_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
)

// deliveryOf is the delivery of an operation.
func (h *harness) deliveryOf(id string) operation.Delivery {
	h.t.Helper()
	list := h.Deliveries(operation.DeliveryFilter{OperationID: id})
	if len(list) != 1 {
		h.t.Fatalf("%d deliveries of %s", len(list), id)
	}
	return list[0]
}

func TestANotificationIsHeldEditedAndLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Subscription: mockserver.Subscription{URL: "http://hook.test/", SigningKey: "k"}})
		h.HoldAll("7", true)
		if !h.Holding("7") || h.Holding("8") || h.Holding("") {
			t.Error("the notifications of 7 are not held, or others are")
		}
		held := h.submit("subscription:order=1", "GET", "/v1/customerinvoice?pageSize=1&pageNumber=1", "", "ipp-company-id", "7")
		other := h.submit("subscription:order=1", "GET", "/v1/customerinvoice?pageSize=1&pageNumber=1", "", "ipp-company-id", "8")
		time.Sleep(time.Hour)
		if d := h.deliveryOf(held); d.State != operation.DeliveryHeld || len(d.Attempts) != 0 || d.Body == nil {
			t.Fatalf("got %+v, want it held, with its body", d)
		}
		if d := h.deliveryOf(other); d.State != operation.DeliveryDelivered {
			t.Errorf("another company's is %s", d.State)
		}
		before := len(h.hook.all())
		edit := operation.Edit{Body: []byte(`{"id":"forged"}`), Header: http.Header{"order": {"2"}, "X-Vwd-Event-Id": nil}}
		if err := h.Edit(held, edit); err != nil {
			t.Fatal(err)
		}
		if err := h.Release(held); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		got := h.hook.all()[before:]
		if len(got) != 1 || got[0].body != `{"id":"forged"}` || got[0].header.Get("order") != "2" || got[0].header.Get("x-vwd-event-id") != "" {
			t.Fatalf("received %+v, want it as it was edited", got)
		}
		unedited := h.hook.all()[0].header.Get("x-vwd-signature-v1")
		if signature := got[0].header.Get("x-vwd-signature-v1"); signature == "" || signature == unedited {
			t.Errorf("it is signed %q, want a signature of the edited body", signature)
		}
		if d := h.deliveryOf(held); d.State != operation.DeliveryDelivered || len(d.Attempts) != 1 {
			t.Errorf("afterwards it is %+v", d)
		}
		for what, err := range map[string]error{"edit": h.Edit(held, edit), "release": h.Release(held)} {
			if !errors.Is(err, mockserver.ErrNotHeld) {
				t.Errorf("%s of what is delivered: %v, want ErrNotHeld", what, err)
			}
		}
		if err := h.Hold(held); !errors.Is(err, mockserver.ErrNothingToSend) {
			t.Errorf("hold of what is delivered: %v, want ErrNothingToSend", err)
		}
	})
}

// What is released is not held again by the company's hold, but can be by one of
// its own.
func TestARepeatedAttemptIsHeldOnlyIfAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.hook.answer = func(n int) int { return map[bool]int{true: 500, false: 200}[n <= 2] }
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice", "")
		if err := h.Hold(id); err != nil {
			t.Fatal(err)
		}
		h.HoldAll("", true)
		time.Sleep(time.Minute)
		if d := h.deliveryOf(id); d.State != operation.DeliveryHeld {
			t.Fatalf("it is %s, want Held", d.State)
		}
		for range 2 {
			if err := h.Release(id); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if err := h.Hold(id); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if d := h.deliveryOf(id); d.State != operation.DeliveryHeld || len(d.Attempts) != 2 {
			t.Fatalf("after two failed attempts it is %s, with %d", d.State, len(d.Attempts))
		}
		if err := h.Release(id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if d := h.deliveryOf(id); d.State != operation.DeliveryDelivered || len(d.Attempts) != 3 {
			t.Errorf("in the end it is %s, with %d attempts", d.State, len(d.Attempts))
		}
	})
}

func TestWhatEndsAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.HoldAll("", true)
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice", "")
		time.Sleep(time.Second)
		if err := h.Redeliver(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if d := h.deliveryOf(id); d.State != operation.DeliveryDelivered {
			t.Errorf("after a redelivery it is %s", d.State)
		}
		if err := h.Release(id); !errors.Is(err, mockserver.ErrNotHeld) {
			t.Errorf("release after a redelivery: %v, want ErrNotHeld", err)
		}
		h.HoldAll("1000001", false)
		second := h.submit("http://hook.test/", "GET", "/v1/customerinvoice", "")
		time.Sleep(time.Second)
		if d := h.deliveryOf(second); d.State != operation.DeliveryDelivered {
			t.Errorf("a company that is excepted has %s", d.State)
		}
		if err := h.Reset(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if h.Holding("") {
			t.Error("a hold outlived a reset of all companies")
		}
		if err := h.Hold("nobody"); !errors.Is(err, mockserver.ErrUnknownOperation) {
			t.Errorf("hold of an unknown operation: %v", err)
		}
		if err := h.Hold(h.submit("none", "GET", "/v1/customerinvoice", "")); !errors.Is(err, mockserver.ErrNoNotification) {
			t.Errorf("hold where nobody is told: %v", err)
		}
	})
}
