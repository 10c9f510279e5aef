package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// lost202 lets submits have their effect and breaks the connection instead of
// answering.
func lost202(times int) []fault.Rule {
	return []fault.Rule{{On: fault.OnIntake, Times: times, Do: fault.Answer{Process: true, Drop: true}}}
}

func TestLost202IsResolvedByTheNotification(t *testing.T) {
	for name, notify := range map[string]client.Notify{
		"subscription": client.Subscription(), "url": client.WebhookURL(hookBase+"/erp", secret),
	} {
		t.Run(name, func(t *testing.T) {
			play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Faults: lost202(0)}, client.Config{Notify: notify}, func(w *world) {
				op, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
				unclear, ok := errors.AsType[*client.UncertainError](err)
				if !ok || op == nil || op.ID() != "" || unclear.Ref != op.Ref() {
					t.Fatalf("got %v", err)
				}
				again, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
				if _, ok := errors.AsType[*client.UncertainError](err); !ok || again.Ref() != op.Ref() {
					t.Errorf("again: %v", err)
				}
				res := w.wait(op)
				if res.StatusCode != 201 || res.ID == "" {
					t.Errorf("result %+v", res)
				}
				if w.calls("POST", "") != 1 {
					t.Errorf("sent %d times", w.calls("POST", ""))
				}
				if rec, _ := w.store.Get(w.Context(), "default", op.Ref()); rec.IDSource != store.FromEvidence {
					t.Errorf("bound by %s", rec.IDSource)
				}
			})
		})
	}
}

func TestLost202WithoutNotificationStaysUncertain(t *testing.T) {
	play(t, mockserver.Config{Faults: lost202(0)}, client.Config{}, func(w *world) {
		op, err := w.client.Submit(w.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if unclear, ok := errors.AsType[*client.UncertainError](err); !ok || !unclear.SafeToRepeat {
			t.Fatalf("got %v", err)
		}
		begun := time.Now()
		_, err = op.Wait(testkit.Within(w.T, time.Hour))
		if _, ok := errors.AsType[*client.UncertainError](err); !ok || time.Since(begun) > 0 || w.calls("GET", "/v1/background/") != 0 {
			t.Errorf("got %v after %v and %d polls, want a *client.UncertainError at once: nothing can tell", err, time.Since(begun), w.calls("GET", "/v1/background/"))
		}
	})
}

// TestProposedIDMustBeProven lets a notification with our ref propose the id of
// another operation; the pairs of a notification are not signed, so that
// whoever has seen one can send it.
func TestProposedIDMustBeProven(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	ours := now.Format("2006-01-02T15:04:05.999")
	const uri = "https://finance.visma.net/0921001005/api/v2/customerInvoice"
	tests := []struct {
		name   string
		notify client.Notify
		state  func(ref string) (int, string)
		bound  bool
	}{
		{"ours", client.Subscription(), state(200, uri, ours+"Z", "subscription"), true},
		{"ours by a clock that is a little behind", client.Subscription(), state(200, uri, now.Add(-4*time.Minute).Format(time.RFC3339), ""), true},
		{"ours with a query", client.Subscription(), state(200, uri+"?x=1", ours+"Z", ""), true},
		{"another path", client.Subscription(), state(200, "https://finance.visma.net/0921001005/api/v1/journal", ours+"Z", ""), false},
		{"a path that only ends alike", client.Subscription(), state(200, "https://finance.visma.net/api/xv2/customerinvoices", ours+"Z", ""), false},
		{"older than the request", client.Subscription(), state(200, uri, now.Add(-time.Hour).Format(time.RFC3339), ""), false},
		{"of unknown age", client.Subscription(), state(200, uri, "", ""), false},
		{"unknown to the ERP", client.Subscription(), state(404, "", "", ""), false},
		{"of another company", client.Subscription(), state(403, "", "", ""), false},
		{"URL mode: our address", client.WebhookURL(hookBase, secret), func(ref string) (int, string) {
			return state(200, uri, ours+"Z", hookBase+"/"+ref+".10957.xyz")("")
		}, true},
		{"URL mode: another address", client.WebhookURL(hookBase, secret), state(200, uri, ours+"Z", hookBase+"/other.10957.xyz"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				var ref string
				c, hits := serving(t, client.Config{Store: st, Notify: tt.notify}, func(w http.ResponseWriter, r *http.Request) {
					if r.Method == "POST" {
						drop(w, r)
					}
					write(tt.state(ref))(w, r)
				})
				defer c.Close()
				op, _ := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				ref = op.Ref()
				if _, err := st.Notify(t.Context(), store.Notification{Ref: ref, ID: id1, Body: []byte("{}")}); err != nil {
					t.Fatal(err)
				}
				_, err := op.Wait(testkit.Within(t, time.Hour))
				rec, _ := st.Get(t.Context(), "default", ref)
				if bound := rec.ID == id1; bound != tt.bound || (err == nil) != tt.bound {
					t.Errorf("bound: %v, wait: %v", bound, err)
				}
				if !tt.bound && rec.Phase != store.Uncertain {
					t.Errorf("became %s", rec.Phase)
				}
				if n := hits.of("GET"); n > 100 {
					t.Errorf("%d polls of a forgery in an hour", n)
				}
			})
		})
	}
}

// state is a terminal state document for TestProposedIDMustBeProven.
func state(code int, uri, received, webhook string) func(string) (int, string) {
	return func(string) (int, string) {
		if received != "" {
			received = `"receivedUtc":"` + strings.Trim(received, `"`) + `",`
		}
		body := `{"status":"Finished","statusCode":201,` + received + `"originalUri":"` + uri + `","webhookAddress":"` + webhook + `"}`
		received = strings.TrimSuffix(strings.TrimPrefix(received, `"receivedUtc":"`), `",`)
		return code, body
	}
}

func TestIDOfAnotherOperationIsNotTaken(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, client.Config{Notify: client.Subscription()}, func(w *world) {
		first := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		lost, err := w.store.Create(w.Context(), store.Record{
			Tenant: "default", Ref: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Phase: store.Sending, Method: "POST", Path: "/v2/customerinvoice", Notify: "subscription", Key: "lost",
		}, "gone", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if _, err := w.store.Notify(w.Context(), store.Notification{Ref: lost.Ref, ID: first.ID(), Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		got, _ := w.store.Get(w.Context(), "default", lost.Ref)
		if got.ID != "" {
			t.Fatalf("bound %s", got.ID)
		}
		if res := w.wait(first); res.StatusCode != 201 {
			t.Errorf("the first: %d", res.StatusCode)
		}
	})
}

func TestKeyNamesTheWork(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		keyed := client.SubmitOptions{Key: "order-1"}
		first := w.submit(request("POST", "/v2/customerinvoice", invoice), keyed)
		w.wait(first)
		same := w.submit(request("POST", "/v2/customerinvoice", invoice), keyed)
		if same.Ref() != first.Ref() || same.ID() != first.ID() || same.Key() != "order-1" {
			t.Errorf("got %v", same)
		}
		for _, req := range []*http.Request{
			request("POST", "/v2/customerinvoice", `{}`), request("POST", "/v2/customerinvoice?x=1", invoice), request("PUT", "/v2/customerinvoice", invoice),
		} {
			if op, err := w.client.Submit(w.Context(), req, keyed); !errors.Is(err, client.ErrKeyReused) || op != nil {
				t.Errorf("other work under the same key: %v", err)
			}
		}
		if w.calls("POST", "") != 1 || w.calls("PUT", "") != 0 {
			t.Error("sent again")
		}
		_, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: first.Ref()})
		if err == nil || !strings.Contains(err.Error(), "did not fail") {
			t.Errorf("superseding a success: %v", err)
		}
		if err := first.Ack(w.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Purge(w.Context(), store.AnyTenant, store.Retention{Ended: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		_, err = w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), keyed)
		if !errors.Is(err, client.ErrDuplicateKey) || !strings.Contains(err.Error(), first.ID()) {
			t.Errorf("long after: %v", err)
		}
	})
}

func TestFailedWorkIsSupersededByName(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		bad := w.submit(request("POST", "/v2/customerinvoice", `{}`), client.SubmitOptions{Key: "order-1"})
		if _, err := bad.Wait(w.Context()); err == nil {
			t.Fatal("an empty invoice was created")
		}
		good := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: bad.Ref()})
		if res := w.wait(good); res.StatusCode != 201 || good.Ref() == bad.Ref() {
			t.Errorf("got %+v", res)
		}
		same := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if same.Ref() != good.Ref() {
			t.Errorf("the key belongs to %v", same)
		}
	})
}
