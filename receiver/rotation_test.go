package receiver_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// erp accepts whatever the client sends and keeps the webhook addresses.
type erp struct {
	mu    sync.Mutex // guards hooks
	hooks []string
}

func (e *erp) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := httptest.NewRecorder()
	if r.Method == http.MethodPost {
		e.hooks = append(e.hooks, r.Header.Get("erp-api-background"))
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"id":"%s"}`, numbered(len(e.hooks)))
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// A secret is rotated while operations are under way: first every receiver
// learns the new one, then every client uses it, and after three days the old
// one is removed.
func TestACapabilitySecretIsRotatedWithoutLosingANotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const oldSecret, newSecret = "the-old-secret-of-the-tests", "the-new-secret-of-the-tests"
		st := store.NewMemory(store.MemoryConfig{})
		var system erp
		submit := func(secret string) (hook string, op *client.Operation) {
			c, err := client.New(client.Config{
				BaseURL: "https://erp.test", HTTPClient: &http.Client{Transport: &system}, Store: st, Tenant: "acme",
				Notify: client.WebhookURL("https://hooks.test"+path, secret),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			r, err := http.NewRequest(http.MethodPost, "/v2/customerinvoice", bytes.NewReader([]byte("{}")))
			if err != nil {
				t.Fatal(err)
			}
			op, err = c.Submit(t.Context(), r, client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return system.hooks[len(system.hooks)-1], op
		}
		serving := func(secrets ...string) http.Handler {
			rcv, err := receiver.New(receiver.Config{Store: st, CapabilitySecrets: secrets})
			if err != nil {
				t.Fatal(err)
			}
			return mounted(rcv)
		}
		notify := func(h http.Handler, hook string, op *client.Operation, want int) {
			t.Helper()
			r := httptest.NewRequest(http.MethodPost, hook, strings.NewReader(`{"id":"`+op.ID()+`"}`))
			wantStatus(t, serve(h, r), want)
			rec, err := st.Get(t.Context(), "acme", op.Ref())
			if err != nil || (rec.Notification != nil) != (want == 200) {
				t.Errorf("the store was told %v, %v", rec.Notification, err)
			}
		}

		before, opBefore := submit(oldSecret)
		during := serving(newSecret, oldSecret)
		between, opBetween := submit(oldSecret) // a client that is not deployed yet
		after, opAfter := submit(newSecret)
		forgotten, opForgotten := submit(oldSecret)
		notify(during, before, opBefore, 200)
		time.Sleep(47 * time.Hour)
		notify(during, between, opBetween, 200)
		notify(during, after, opAfter, 200)
		time.Sleep(25 * time.Hour)
		notify(during, forgotten, opForgotten, 404) // longer than any result lives
		late, opLate := submit(oldSecret)
		notify(serving(newSecret), late, opLate, 404)
		fresh, opFresh := submit(newSecret)
		notify(serving(newSecret), fresh, opFresh, 200)
	})
}

// While a key is rotated the observer tells which one is still in use.
func TestASigningKeyIsRemovedOnceNobodyUsesIt(t *testing.T) {
	var w witness
	rcv, _ := setup(t, func(c *receiver.Config) { c.SigningKeys, c.Observer = []string{key, oldKey}, &w })
	for _, used := range []string{oldKey, key, key} {
		r := post(path, body)
		r.Header.Set("x-vwd-signature-v1", sign(used, body))
		wantStatus(t, serve(rcv, r), 200)
	}
	var keys []int
	for _, r := range w.received {
		if r.Authenticated {
			keys = append(keys, r.Key)
		}
	}
	if fmt.Sprint(keys) != "[1 0 0]" {
		t.Errorf("keys used: %v", keys)
	}
}
