package receiver_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// witness notes what it is told.
type witness struct {
	mu       sync.Mutex // guards the rest
	received []receiver.Received
	handled  []receiver.Handled
}

func (w *witness) Received(_ context.Context, r receiver.Received) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received = append(w.received, r)
}

func (w *witness) Handled(_ context.Context, h receiver.Handled) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handled = append(w.handled, h)
}

func TestTheObserverIsToldOfEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w witness
		rcv, st := setup(t, func(c *receiver.Config) {
			c.Observer, c.SigningKeys = &w, []string{key, oldKey}
			c.CapabilitySecrets = []string{"a-newer-secret-of-the-tests", secret}
		})
		mux := mounted(rcv)
		old := signed(body)
		old.Header.Set("x-vwd-signature-v1", sign(oldKey, body))
		serve(mux, signed(body))
		serve(mux, old)
		serve(mux, signed("done!"))
		serve(mux, post(path+"/"+capability(), body))
		serve(mux, post(path, body))
		serve(mux, post(path+"/x", body))
		serve(mux, httptest.NewRequest("GET", path, nil))
		st.answer(func(context.Context, store.Notification) (store.Receipt, error) {
			time.Sleep(3 * time.Second)
			return store.Receipt{}, errors.New("down")
		})
		serve(mux, signed(body))

		want := []receiver.Received{
			{Mode: "subscription", Status: 200, Verdict: "unknown", Authenticated: true, Key: 0, Bytes: len(body)},
			{Mode: "subscription", Status: 200, Verdict: "duplicate", Authenticated: true, Key: 1, Bytes: len(body)},
			{Mode: "subscription", Status: 200, Verdict: "unknown", Unparsed: true, Authenticated: true, Key: 0, Bytes: 5},
			{Mode: "url", Status: 200, Verdict: "duplicate", Authenticated: true, Key: 1, Bytes: len(body)},
			{Mode: "subscription", Status: 401},
			{Status: 404},
			{Status: 405},
			{Mode: "subscription", Status: 503, Authenticated: true, Key: 0, Bytes: len(body), Stored: 3 * time.Second, Duration: 3 * time.Second},
		}
		if !slices.Equal(w.received, want) {
			t.Errorf("got\n%+v\nwant\n%+v", w.received, want)
		}
	})
}

func TestTheObserverIsToldOfEveryRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w witness
		rcv, _ := setup(t, func(c *receiver.Config) { c.Observer = &w })
		no, never := errors.New("no"), receiver.Discard(errors.New("never"))
		rcv.Handle(func(_ context.Context, n receiver.Notification) error {
			time.Sleep(2 * time.Second)
			return map[int]error{1: no, 2: never}[n.Attempt]
		})
		deliver(t, mounted(rcv), 1)
		time.Sleep(5 * time.Second)
		run(t, rcv)
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []receiver.Handled{
			{Mode: "subscription", Outcome: receiver.HandlerRetried, Attempt: 1, Delay: 5 * time.Second, Duration: 2 * time.Second, Err: no},
			{Mode: "subscription", Outcome: receiver.HandlerDiscarded, Attempt: 2, Duration: 2 * time.Second, Err: never},
		}
		if !slices.Equal(w.handled, want) {
			t.Errorf("got\n%+v\nwant\n%+v", w.handled, want)
		}
	})
}
