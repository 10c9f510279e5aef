package mockserver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

func TestRedeliver(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name    string
		fault   fault.Notify
		answers []int                   // of the receiver, in their order
		after   time.Duration           // since the submit
		before  operation.DeliveryState // at that time
		err     string                  // of Redeliver; empty: none
		state   operation.DeliveryState // in the end
		log     string                  // of the attempts in the end
	}{
		{"dead", fault.Notify{}, []int{500, 500, 200}, hour, operation.DeliveryDead, "", operation.DeliveryDelivered, "500 500 200r"},
		{"dead for good", fault.Notify{}, []int{500, 500, 500}, hour, operation.DeliveryDead, "the receiver answered 500", operation.DeliveryDead, "500 500 500r"},
		{"delivered", fault.Notify{}, []int{200, 200}, hour, operation.DeliveryDelivered, "", operation.DeliveryDelivered, "200 200r"},
		{"delivered once", fault.Notify{}, []int{200, 404}, hour, operation.DeliveryDelivered, "answered 404", operation.DeliveryDelivered, "200 404r"},
		{"dropped", fault.Notify{Drop: true}, []int{200}, hour, operation.DeliveryDropped, "", operation.DeliveryDelivered, "200r"},
		{"waiting", fault.Notify{}, []int{500, 200}, 3 * s, operation.DeliveryWaiting, "", operation.DeliveryDelivered, "500 200r"},
		{"waiting, in vain", fault.Notify{}, []int{500, 500, 200}, 3 * s, operation.DeliveryWaiting, "answered 500", operation.DeliveryDelivered, "500 500r 200"},
		{"late", fault.Notify{Delay: hour, Replay: true}, []int{200}, 3 * s, operation.DeliveryWaiting, "", operation.DeliveryDelivered, "200r"},
		{"forged and garbled", fault.Notify{Forge: true, Body: []byte("?"), Header: http.Header{"Order": nil}}, []int{401, 401, 200}, hour, operation.DeliveryDead, "", operation.DeliveryDelivered, "401 401 200r"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sub := subscription()
				sub.Retry.Attempts = 2
				h := start(t, mockserver.Config{
					Subscription: sub, ExecTime: mockserver.Fixed(s),
					Faults: []fault.Rule{{Do: tt.fault}},
				})
				h.hook.answer = func(n int) int { return tt.answers[n-1] }
				id := h.submit("subscription:order=4711", "GET", "/v1/customerinvoice/003501", "")
				time.Sleep(tt.after)
				if got := h.Deliveries()[0].State; got != tt.before {
					t.Errorf("before: %s, want %s", got, tt.before)
				}
				err := h.Redeliver(t.Context(), id)
				if (err != nil) != (tt.err != "") || err != nil && (!errors.Is(err, mockserver.ErrNotDelivered) || !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				got := h.hook.all()
				last := got[len(got)-1]
				want := fmt.Sprintf(`{"id":"%s","statusCode":200,`, id)
				if !strings.HasPrefix(last.body, want) || last.header.Get("x-vwd-signature-v1") != hmacOf("the key", last.body) || last.header.Get("order") != "4711" {
					t.Errorf("redelivered %+v", last)
				}
				if nid := last.header.Get("x-vwd-notification-id"); nid != h.Deliveries()[0].NotificationID {
					t.Errorf("notification id %s, want %s", nid, h.Deliveries()[0].NotificationID)
				}
				time.Sleep(2 * hour)
				d := h.Deliveries()[0]
				if d.State != tt.state || attemptLog(d) != tt.log || len(h.hook.all()) != len(tt.answers) {
					t.Errorf("in the end %s with %q, want %s with %q", d.State, attemptLog(d), tt.state, tt.log)
				}
			})
		})
	}
}

// attemptLog is the statuses of the attempts; r marks a redelivery.
func attemptLog(d operation.Delivery) string {
	var log []string
	for _, a := range d.Attempts {
		mark := ""
		if a.Redelivery {
			mark = "r"
		}
		log = append(log, fmt.Sprint(a.StatusCode)+mark)
	}
	return strings.Join(log, " ")
}

func TestWhatCannotBeRedelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Workers: 3})
		running := h.submit("http://hook.test/", "GET", "/v1/customerinvoice", "")
		silent := h.submit("none", "GET", "/v1/customerinvoice", "")
		nowhere := h.submit("http://nowhere.test/", "GET", "/v1/customerinvoice", "")
		check := func(id string, want error, text string) {
			t.Helper()
			if err := h.Redeliver(t.Context(), id); !errors.Is(err, want) || !strings.Contains(err.Error(), "redeliver "+id+": ") ||
				!strings.Contains(err.Error(), text) {
				t.Errorf("got %v, want %v %s", err, want, text)
			}
		}
		check("53f3403c-0000-4ff8-8ff6-d775ee363104", mockserver.ErrUnknownOperation, "")
		check(running, mockserver.ErrNotEnded, "")
		time.Sleep(hour)
		check(silent, mockserver.ErrNoNotification, "")
		check(nowhere, mockserver.ErrNotDelivered, "no such host")
		if err := h.Redeliver(t.Context(), strings.ToUpper(running)); err != nil {
			t.Errorf("in capitals: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.Redeliver(ctx, running); !errors.Is(err, context.Canceled) || !errors.Is(err, mockserver.ErrNotDelivered) {
			t.Errorf("after a cancel: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		check(running, mockserver.ErrNotDelivered, "the server is closed")
	})
}

// A redelivery is not undone by an attempt that was under way.
func TestARedeliveryDuringAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Bool
		hook := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if !asked.Swap(true) {
				<-time.After(5 * time.Second)
				w.WriteHeader(500)
			}
		})
		h := start(t, mockserver.Config{NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": hook})})
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(time.Second)
		if err := h.Redeliver(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(hour)
		if d := h.Deliveries()[0]; d.State != operation.DeliveryDelivered || attemptLog(d) != "200r 500" {
			t.Errorf("got %s with %q", d.State, attemptLog(d))
		}
	})
}

// Redeliveries at the same time, and while attempts are made: each arrives once
// and is listed once.
func TestRedeliveriesAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{URLRetry: mockserver.Retry{Attempts: 10, Interval: time.Millisecond, MaxInterval: time.Millisecond}})
		h.hook.answer = func(n int) int { return []int{500, 200}[n/30%2] }
		id := h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(20*time.Millisecond - 1)
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				time.Sleep(time.Millisecond)
				if err := h.Redeliver(t.Context(), id); err != nil && !errors.Is(err, mockserver.ErrNotDelivered) && !errors.Is(err, mockserver.ErrNotEnded) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		time.Sleep(hour)
		d := h.Deliveries()[0]
		if n := len(h.hook.all()); d.State != operation.DeliveryDelivered || len(d.Attempts) != n || n < 40 {
			t.Errorf("%s, %d attempts are listed, %d arrived", d.State, len(d.Attempts), n)
		}
	})
}

func TestDeliveriesByFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{
			Subscription: subscription(),
			Faults:       []fault.Rule{{Company: "2", Do: fault.Notify{Drop: true}}},
		})
		h.hook.answer = func(n int) int { return []int{200, 500}[min(n-1, 1)] }
		ids := make([]string, 3)
		for i, company := range []string{"1", "2", "3"} {
			ids[i] = h.submit("subscription", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company)
			time.Sleep(time.Second)
		}
		time.Sleep(hour)
		for _, tt := range []struct {
			filters []operation.DeliveryFilter
			want    string
		}{
			{nil, "123"},
			{[]operation.DeliveryFilter{{}}, "123"},
			{[]operation.DeliveryFilter{{State: operation.DeliveryDead}}, "3"},
			{[]operation.DeliveryFilter{{Company: "2"}, {State: operation.DeliveryDelivered}}, "12"},
			{[]operation.DeliveryFilter{{Company: "2", State: operation.DeliveryDead}}, ""},
			{[]operation.DeliveryFilter{{OperationID: strings.ToUpper(ids[1])}}, "2"},
		} {
			var got strings.Builder
			for _, d := range h.Deliveries(tt.filters...) {
				got.WriteString(d.Company)
			}
			if got.String() != tt.want {
				t.Errorf("%+v: got %q, want %q", tt.filters, got.String(), tt.want)
			}
		}
	})
}

func TestSubscriptionsOfCompanies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{
			Subscription: subscription(),
			Subscriptions: map[string]mockserver.Subscription{
				"2": {URL: "http://hook.test/two", SigningKey: "key two", Retry: mockserver.Retry{Attempts: 2}},
				"3": {},
			},
		})
		h.hook.answer = always(500)
		for _, company := range []string{"1", "2", "3"} {
			h.submit("subscription", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company)
		}
		time.Sleep(hour)
		count := make(map[string]int)
		for _, r := range h.hook.all() {
			count[r.path]++
			key := map[string]string{"/erp": "the key", "/two": "key two"}[r.path]
			if r.header.Get("x-vwd-signature-v1") != hmacOf(key, r.body) {
				t.Errorf("%s is not signed with its key", r.path)
			}
		}
		if len(count) != 2 || count["/erp"] != 5 || count["/two"] != 2 {
			t.Errorf("got %v", count)
		}
		if h.hook.all()[0].header.Get("x-vwd-tenant-id") == h.hook.all()[1].header.Get("x-vwd-tenant-id") {
			t.Error("two companies have one tenant id")
		}
	})
	_, err := mockserver.New(mockserver.Config{Subscriptions: map[string]mockserver.Subscription{"2": {URL: "x"}}})
	if err == nil || !strings.Contains(err.Error(), `Subscriptions["2"].URL`) {
		t.Errorf("got %v", err)
	}
}
