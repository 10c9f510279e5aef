package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// oldStore is a store of an earlier version: it neither tells what is due nor has an
// outbox.
type oldStore struct{ store.Store }

func (oldStore) Due(context.Context, string, store.DueQuery) (store.DueList, error) {
	return store.DueList{}, errors.ErrUnsupported
}

func (oldStore) Enqueue(context.Context, store.Record, []byte) (store.Record, error) {
	return store.Record{}, errors.ErrUnsupported
}

func (oldStore) Sequences(context.Context, string, store.SequenceQuery) ([]store.Sequence, error) {
	return nil, errors.ErrUnsupported
}

// TestRunOnAStoreOfAnEarlierVersion has Run do without what the store lacks, and Enqueue
// say so.
func TestRunOnAStoreOfAnEarlierVersion(t *testing.T) {
	var done outcomes
	cc := client.Config{
		Store: oldStore{store.NewMemory(store.MemoryConfig{})}, Tenant: "fjord",
		OnComplete: map[string]client.Handler{"invoice": done.handler},
	}
	bubble(t, cc, taking(&taken{}, nil, nil), func(t *testing.T, c *client.Client, _ *hits) {
		submit := func(reference string) {
			t.Helper()
			if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), named(reference)); err != nil {
				t.Fatal(err)
			}
		}
		submit("before")
		stop := start(t, c)
		submit("after")
		time.Sleep(10 * time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		for _, reference := range []string{"before", "after"} {
			if err, told := done.of(reference); err != nil || !told {
				t.Errorf("%s Run: its handler was told: %v, of %v", reference, told, err)
			}
		}
		if _, err := c.Enqueue(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}); err == nil || !strings.Contains(err.Error(), "Store:") {
			t.Errorf("Enqueue: got %v, want an error that names the store", err)
		}
		if _, err := c.Stats(t.Context()); err != nil {
			t.Errorf("Stats: %v", err)
		}
	})
}
