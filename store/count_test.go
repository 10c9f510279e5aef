package store_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/vismanet-go/background/store"
)

// plain is a store that cannot count.
type plain struct{ store.Store }

type failing struct{ store.Store }

func (failing) List(context.Context, string, store.Query) ([]store.Record, error) {
	return nil, store.ErrClosed
}

func TestCountReadsPagesWhereTheStoreCannotCount(t *testing.T) {
	m := store.NewMemory(store.MemoryConfig{})
	defer m.Close()
	for i := range 1200 {
		phase := store.Queued
		if i%2 == 0 {
			phase = store.Sending
		}
		rec := store.Record{Tenant: "fjord", Ref: strconv.Itoa(i), Phase: phase, Method: "GET", Path: "/"}
		if _, err := m.Create(t.Context(), rec, "me", 1<<40); err != nil {
			t.Fatal(err)
		}
	}
	queued := store.Query{Phases: []store.Phase{store.Queued}, After: "5"}
	for _, tt := range []struct {
		name string
		s    store.Store
		q    store.Query
		want int
	}{
		{"exact", m, queued, 600},
		{"all pages", plain{m}, queued, 600},
		{"up to 1000", plain{m}, store.Query{}, 1000},
		{"up to a limit", plain{m}, store.Query{Limit: 70}, 70},
		{"exact whatever the limit", m, store.Query{Limit: 70}, 1200},
	} {
		if got, err := store.Count(t.Context(), tt.s, "fjord", tt.q); got != tt.want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
	if _, err := store.Count(t.Context(), failing{m}, "fjord", queued); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
