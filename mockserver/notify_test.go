package mockserver_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/operation"
)

func subscription() mockserver.Subscription {
	return mockserver.Subscription{URL: "http://hook.test/erp", SigningKey: "the key", TenantID: "t-1", ID: "s-1"}
}

func TestNotificationInBothModes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Subscription: subscription()})
		byURL := h.submit("http://hook.test/own?x=1", "GET", "/v1/customerinvoice/003501", "")
		bySub := h.submit("subscription:order=4711,src=shop", "GET", "/v1/customerinvoice/003501", "")
		h.submit("none", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(time.Minute)
		got := h.hook.all()
		if len(got) != 2 {
			t.Fatalf("%d notifications, want 2", len(got))
		}
		for i, id := range []string{byURL, bySub} {
			want := fmt.Sprintf(`{"id":"%[1]s","statusCode":200,"stateLocation":"https://erp.mock/v1/background/%[1]s",`+
				`"contentLocation":"https://erp.mock/v1/background/%[1]s/content"}`, id)
			if got[i].body != want {
				t.Errorf("got  %s\nwant %s", got[i].body, want)
			}
		}
		if got[0].path != "/own?x=1" || got[0].header.Get("X-Vwd-Signature-V1") != "" {
			t.Errorf("URL mode: %+v", got[0])
		}
		head := got[1].header
		for name, want := range map[string]string{
			"order": "4711", "src": "shop", "x-vwd-subscription-id": "s-1", "x-vwd-tenant-id": "t-1",
			"x-vwd-event-id": "BACKGROUND_API_RESPONSE", "x-vwd-signature-v1": hmacOf("the key", got[1].body),
			"x-vwd-notification-timestamp": strconv.FormatInt(got[1].at.UnixMilli(), 10),
		} {
			if head.Get(name) != want {
				t.Errorf("%s: got %q, want %q", name, head.Get(name), want)
			}
		}
	})
}

func hmacOf(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestTheNotificationFindsTheOperationEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *harness
		check := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if s := h.state(h.Operations()[0].ID); s["status"] != "Finished" || s["hasResponseContent"] != true {
				t.Errorf("got %v", s)
			}
		})
		h = start(t, mockserver.Config{NotifyClient: mockserver.MemoryClient(map[string]http.Handler{"hook.test": check})})
		h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(time.Minute)
		if d := h.Deliveries(); len(d) != 1 || d[0].State != operation.DeliveryDelivered {
			t.Errorf("got %+v", d)
		}
	})
}

func TestRetriesOfNotifications(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name, header string
		retry        mockserver.Retry
		answer       func(n int) int
		want         []time.Duration // of the attempts, from the first
		state        operation.DeliveryState
	}{
		{"subscription, never taken", "subscription", mockserver.Retry{}, always(500), []time.Duration{0, 5 * s, 15 * s, 35 * s, 75 * s}, operation.DeliveryDead},
		{"URL, never taken", "http://hook.test/", mockserver.Retry{}, always(404), []time.Duration{0, 5 * s, 15 * s}, operation.DeliveryDead},
		{"taken in the end", "subscription", mockserver.Retry{}, func(n int) int {
			return []int{503, 302, 299}[n-1]
		}, []time.Duration{0, 5 * s, 15 * s}, operation.DeliveryDelivered},
		{"own policy", "subscription", mockserver.Retry{Attempts: 4, Interval: s, MaxInterval: 2 * s}, always(500), []time.Duration{0, 1 * s, 3 * s, 5 * s}, operation.DeliveryDead},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sub := subscription()
				sub.Retry = tt.retry
				h := start(t, mockserver.Config{Subscription: sub})
				h.hook.answer = tt.answer
				h.submit(tt.header, "GET", "/v1/customerinvoice/003501", "")
				time.Sleep(hour)
				got := h.hook.all()
				if len(got) != len(tt.want) {
					t.Fatalf("%d attempts, want %d", len(got), len(tt.want))
				}
				for i, r := range got {
					if at := r.at.Sub(got[0].at); at != tt.want[i] {
						t.Errorf("attempt %d after %v, want %v", i+1, at, tt.want[i])
					}
					sent, _ := strconv.ParseInt(r.header.Get("X-Vwd-Webhook-Timestamp"), 10, 64)
					if tt.header == "subscription" && (sent != r.at.UnixMilli() || !sameIdentity(r, got[0])) {
						t.Errorf("attempt %d: %v", i+1, r.header)
					}
				}
				d := h.Deliveries()[0]
				if d.State != tt.state || len(d.Attempts) != len(tt.want) || d.Attempts[0].StatusCode != tt.answer(1) {
					t.Errorf("got %+v", d)
				}
			})
		})
	}
}

func always(status int) func(int) int { return func(int) int { return status } }

// sameIdentity compares what stays the same over the attempts.
func sameIdentity(a, b received) bool {
	for _, name := range []string{"X-Vwd-Notification-Id", "X-Vwd-Notification-Timestamp", "X-Vwd-Signature-V1"} {
		if a.header.Get(name) != b.header.Get(name) || a.header.Get(name) == "" {
			return false
		}
	}
	return a.body == b.body
}

func TestASlowReceiverTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{NotifyClient: mockserver.MemoryClient(map[string]http.Handler{
			"hook.test": slowHandler(hour),
		})})
		h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		h.submit("http://nowhere.test/", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(hour)
		slow, nowhere := h.Deliveries()[0], h.Deliveries()[1]
		if a := slow.Attempts[0]; a.Ended.Sub(a.Started) != 10*time.Second || !strings.Contains(a.Error, "deadline exceeded") {
			t.Errorf("got %+v", a)
		}
		if a := nowhere.Attempts[0]; a.StatusCode != 0 || !strings.Contains(a.Error, "no such host") {
			t.Errorf("got %+v", a)
		}
		if slow.State != operation.DeliveryDead || len(slow.Attempts) != 3 || nowhere.State != operation.DeliveryDead {
			t.Errorf("got %+v, %+v", slow, nowhere)
		}
	})
}

func TestWithoutASubscriptionNobodyIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		id := h.submit("subscription", "GET", "/v1/customerinvoice/003501", "")
		time.Sleep(time.Minute)
		if s := h.state(id); s["status"] != "Finished" || len(h.Deliveries()) != 0 {
			t.Errorf("got %v, %v", s, h.Deliveries())
		}
	})
}

func TestTenantsFollowCompanies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Subscription: mockserver.Subscription{URL: "http://hook.test/erp"}})
		for _, company := range []string{"1", "2", "1"} {
			h.submit("subscription", "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company)
			time.Sleep(time.Minute)
		}
		got := h.hook.all()
		tenant := func(i int) string { return got[i].header.Get("X-Vwd-Tenant-Id") }
		if tenant(0) == tenant(1) || tenant(0) != tenant(2) || tenant(0) == "" {
			t.Errorf("tenants %s %s %s", tenant(0), tenant(1), tenant(2))
		}
		if _, ok := got[0].header["X-Vwd-Signature-V1"]; ok {
			t.Error("signed without a key")
		}
	})
}

func TestFaultsOfNotifications(t *testing.T) {
	tests := []struct {
		name  string
		fault fault.Notify
		check func(t *testing.T, h *harness, got []received)
	}{
		{"dropped", fault.Notify{Drop: true}, func(t *testing.T, h *harness, got []received) {
			if d := h.Deliveries()[0]; len(got) != 0 || d.State != operation.DeliveryDropped {
				t.Errorf("%d notifications, %+v", len(got), d)
			}
		}},
		{"late", fault.Notify{Delay: time.Hour}, func(t *testing.T, h *harness, got []received) {
			if late := got[0].at.Sub(h.Operations()[0].Ended); late != time.Hour {
				t.Errorf("after %v, want 1h", late)
			}
		}},
		{"doubled", fault.Notify{Duplicates: 2}, func(t *testing.T, h *harness, got []received) {
			if len(got) != 3 || !sameIdentity(got[0], got[1]) || !sameIdentity(got[0], got[2]) {
				t.Errorf("got %v", got)
			}
			if a := h.Deliveries()[0].Attempts; a[0].Duplicate || !a[1].Duplicate || !a[2].Duplicate {
				t.Errorf("got %+v", a)
			}
		}},
		{"forged", fault.Notify{Forge: true}, func(t *testing.T, _ *harness, got []received) {
			if sig := got[0].header.Get("X-Vwd-Signature-V1"); sig == "" || sig == hmacOf("the key", got[0].body) {
				t.Errorf("signature %q", sig)
			}
		}},
		{"other body", fault.Notify{Body: []byte("{}")}, func(t *testing.T, _ *harness, got []received) {
			if got[0].body != "{}" || got[0].header.Get("X-Vwd-Signature-V1") != hmacOf("the key", "{}") {
				t.Errorf("got %+v", got[0])
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, mockserver.Config{
					Subscription: subscription(),
					Faults: []fault.Rule{{On: fault.OnNotification, Do: fault.Func(func(e fault.Event) fault.Effect {
						if e.Path != "/v1/customerinvoice/003501" || e.Operation.Header != "subscription" || e.Operation.ID == "" {
							t.Errorf("asked about %+v", e)
						}
						return tt.fault
					})}},
				})
				h.submit("subscription", "GET", "/v1/customerinvoice/003501", "")
				time.Sleep(2 * hour)
				tt.check(t, h, h.hook.all())
			})
		})
	}
}

func TestANotificationMayOvertakeThe202(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{
			ExecTime: mockserver.Fixed(time.Second),
			Faults:   []fault.Rule{{Do: fault.Notify{Early: true, Delay: time.Second}}},
		})
		begin := time.Now()
		h.submit("http://hook.test/", "GET", "/v1/customerinvoice/003501", "")
		if got := h.hook.all(); len(got) != 1 || time.Since(begin) != 2*time.Second {
			t.Errorf("%d notifications when the 202 came, after %v", len(got), time.Since(begin))
		}
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer target.Close()
	asked := make(chan struct{}, 10)
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
	}))
	defer from.Close()
	for _, own := range []*http.Client{from.Client(), nil} {
		srv := deliverOverSockets(t, mockserver.Config{NotifyClient: own}, from.URL)
		<-asked
		await(t, srv, func(d operation.Delivery) bool { return len(d.Attempts) > 0 && d.Attempts[0].StatusCode == 307 })
	}
}

func TestPublicTargetsAreRefused(t *testing.T) {
	srv := deliverOverSockets(t, mockserver.Config{URLRetry: mockserver.Retry{Attempts: 1}}, "http://192.0.2.1:9/")
	await(t, srv, func(d operation.Delivery) bool {
		return d.State == operation.DeliveryDead && strings.Contains(d.Attempts[0].Error, "neither loopback nor private")
	})
}

func TestNotificationsTrustNotifyTLS(t *testing.T) {
	hook := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	roots := x509.NewCertPool()
	roots.AddCert(hook.Certificate())
	srv := deliverOverSockets(t, mockserver.Config{NotifyTLS: &tls.Config{RootCAs: roots}}, hook.URL)
	await(t, srv, func(d operation.Delivery) bool { return d.State == operation.DeliveryDelivered })
}

// deliverOverSockets queues a request on a mock without a memory client.
func deliverOverSockets(t *testing.T, cfg mockserver.Config, hook string) *mockserver.Server {
	t.Helper()
	cfg.ExecTime = mockserver.Fixed(1)
	srv, err := mockserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	req, _ := http.NewRequest("GET", mockserver.BaseURL+"/v1/customerinvoice", nil)
	req.Header.Set("erp-api-background", hook)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return srv
}

// await waits in real time until the only delivery is as wanted.
func await(t *testing.T, srv *mockserver.Server, ok func(operation.Delivery) bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok(srv.Deliveries()[0]) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("got %+v", srv.Deliveries()[0])
		}
	}
}
