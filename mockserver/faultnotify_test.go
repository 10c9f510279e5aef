package mockserver_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
)

func TestNotificationFaultsOnTheWire(t *testing.T) {
	const sig, notification = "X-Vwd-Signature-V1", "X-Vwd-Notification-Id"
	submit := func(h *harness) string { return h.submit("subscription:ref=mine", "GET", invoicePath, "") }
	after := func(d time.Duration, n int, check func(t *testing.T, h *harness, id string, got []received)) func(*testing.T, *harness) {
		return func(t *testing.T, h *harness) {
			id := submit(h)
			time.Sleep(d)
			got := h.hook.all()
			if len(got) != n {
				t.Fatalf("%d notifications, want %d", len(got), n)
			}
			if check != nil {
				check(t, h, id, got)
			}
			if f := h.Deliveries()[0].Fault; f != "it" {
				t.Errorf("delivery disturbed by %q", f)
			}
		}
	}
	for _, tt := range []wireTest{
		{"dropped", "", fault.Notify{Drop: true}, after(hour, 0, nil)},
		{"doubled", "", fault.Notify{Duplicates: 2}, after(hour, 3, nil)},
		{"late", "", fault.Notify{Delay: time.Minute}, func(t *testing.T, h *harness) {
			after(59*time.Second, 0, nil)(t, h)
			time.Sleep(2 * time.Second)
			if n := len(h.hook.all()); n != 1 {
				t.Errorf("%d notifications", n)
			}
		}},
		{"before the 202", "", fault.Notify{Early: true}, after(0, 1, nil)},
		{"badly signed", "", fault.Notify{Forge: true}, after(hour, 1, func(t *testing.T, _ *harness, _ string, got []received) {
			if s := got[0].header.Get(sig); s == "" || s == hmacOf("the key", got[0].body) {
				t.Errorf("signature %q", s)
			}
		})},
		{"other body", "", fault.Notify{Body: []byte("not JSON")}, after(hour, 1, func(t *testing.T, _ *harness, _ string, got []received) {
			if got[0].body != "not JSON" || got[0].header.Get(sig) != hmacOf("the key", "not JSON") {
				t.Errorf("got %+v", got[0])
			}
		})},
		{"other id", "", fault.Notify{Set: map[string]any{"id": "other"}, Omit: []string{"statusCode"}}, after(hour, 1, func(t *testing.T, _ *harness, _ string, got []received) {
			body := decode[map[string]any](t, got[0].body)
			if body["id"] != "other" || body["stateLocation"] == nil || len(body) != 3 || got[0].header.Get(sig) != hmacOf("the key", got[0].body) {
				t.Errorf("got %+v", got[0])
			}
		})},
		{"other headers", "", fault.Notify{Header: http.Header{"ref": {"theirs"}, notification: nil}}, after(hour, 1, func(t *testing.T, _ *harness, _ string, got []received) {
			if h := got[0].header; h.Get("Ref") != "theirs" || h.Get(notification) != "" || h.Get(sig) == "" {
				t.Errorf("got %v", h)
			}
		})},
		{"replayed, with nothing to replay", "", fault.Notify{Replay: true}, after(hour, 2, func(t *testing.T, h *harness, id string, got []received) {
			forged := decode[map[string]any](t, got[0].body)["id"].(string)
			if forged == id || !strings.Contains(got[1].body, id) || got[0].header.Get("Ref") != "mine" {
				t.Errorf("got %+v", got)
			}
			h.want(404, "GET", "/v1/background/"+forged, "")
			if a := h.Deliveries()[0].Attempts; !a[0].Replayed || a[1].Replayed {
				t.Errorf("got %+v", a)
			}
		})},
		{"overtaken by none", "", fault.Notify{Reorder: true}, func(t *testing.T, h *harness) {
			after(time.Minute, 0, nil)(t, h)
			time.Sleep(time.Second)
			if n := len(h.hook.all()); n != 1 {
				t.Errorf("%d notifications", n)
			}
		}},
		{"overtaken", "", fault.Notify{Reorder: true}, func(t *testing.T, h *harness) {
			first := submit(h)
			h.submit("subscription", "GET", invoicePath, "", "ipp-company-id", "2") // overtakes nobody
			time.Sleep(time.Second)
			second := submit(h)
			time.Sleep(time.Second)
			got := h.hook.all()
			if len(got) != 3 || !strings.Contains(got[1].body, second) || !strings.Contains(got[2].body, first) {
				t.Errorf("got %+v", got)
			}
			time.Sleep(hour)
			if n := len(h.hook.all()); n != 3 {
				t.Errorf("%d notifications in the end", n)
			}
		}},
	} {
		tt.play(t, mockserver.Config{})
	}
}

// What somebody sends who has overheard two notifications: a body that was
// signed for one operation, with the headers of another.
func TestAReplayedNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Subscription: subscription(), Faults: []fault.Rule{
			{After: 1, Do: fault.Notify{Replay: true}},
		}})
		first := h.submit("subscription:ref=1", "GET", invoicePath, "")
		time.Sleep(time.Second)
		second := h.submit("subscription:ref=2", "GET", invoicePath, "")
		time.Sleep(time.Second)
		got := h.hook.all()
		if len(got) != 3 || got[1].body != got[0].body || !strings.Contains(got[1].body, first) || !strings.Contains(got[2].body, second) {
			t.Fatalf("got %+v", got)
		}
		if got[1].header.Get("Ref") != "2" || got[1].header.Get("X-Vwd-Signature-V1") != hmacOf("the key", got[1].body) {
			t.Errorf("got %+v", got[1])
		}
	})
}
