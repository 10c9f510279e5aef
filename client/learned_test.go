package client_test

import (
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// What one client has learned of a route another one on its store tells.
func TestWhatWasLearnedIsTold(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	cc := client.Config{Store: st, Tenant: "acme"}
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute), Workers: 100}, cc, func(w *world) {
		if got, err := w.client.Learned(w.Context()); err != nil || len(got) != 0 {
			w.Errorf("got %+v, %v before anything ran", got, err)
		}
		for range 30 {
			op := w.submit(request("GET", "/v1/customerinvoice/003501", ""), client.SubmitOptions{})
			if _, err := op.Wait(w.Context()); err != nil {
				w.Fatal(err)
			}
		}
		got, err := w.client.Learned(w.Context())
		if err != nil || len(got) != 1 || got[0].Route != "GET /v1/customerinvoice/{}" || got[0].Count() < 20 {
			w.Fatalf("got %+v (%d), %v, want one route, learned from about 30 operations (old ones count less)", got, got[0].Count(), err)
		}
		if median := got[0].Quantile(0.5); median < 50*time.Second || median > 75*time.Second {
			w.Errorf("half have ended after %v, want about a minute", median)
		}
		time.Sleep(time.Minute) // it is written now and then
		other, err := client.New(client.Config{BaseURL: mockserver.BaseURL, HTTPClient: w.mock.Client(), Store: st, Tenant: "acme"})
		if err != nil {
			w.Fatal(err)
		}
		defer other.Close()
		if got, err := other.Learned(w.Context()); err != nil || len(got) != 1 || got[0].Count() == 0 {
			w.Errorf("another client got %+v, %v, want the same route", got, err)
		}
	})
}
