package store_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:   func(*testing.T) store.Store { return store.NewMemory(store.MemoryConfig{}) },
		Bubble: true,
		Ahead: func(_ *testing.T, s store.Store, by time.Duration, f func(store.Rules) error) error {
			return store.Ahead(s.(*store.Memory), by, f)
		},
	})
}

func TestMemoryDropsWhatEndedLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.NewMemory(store.MemoryConfig{Keep: time.Hour})
		defer m.Close()
		for i := range 1000 {
			ref := strconv.Itoa(i)
			rec, err := m.Create(t.Context(), store.Record{Tenant: "fjord", Ref: ref, Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Report(t.Context(), "fjord", ref, store.RejectedFact{Epoch: rec.SendEpoch}); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Notify(t.Context(), store.Notification{ID: "id-" + ref}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		for _, tenant := range []string{"fjord", store.NoTenant} {
			list, err := m.List(t.Context(), tenant, store.Query{Limit: 10_000})
			if err != nil || len(list) < 50 || len(list) > 70 {
				t.Errorf("tenant %q: %d records left after an hour of one a minute (%v)", tenant, len(list), err)
			}
		}
	})
}

func TestUnknownNotificationsAreCapped(t *testing.T) {
	m := store.NewMemory(store.MemoryConfig{})
	defer m.Close()
	rec, err := m.Create(t.Context(), store.Record{Tenant: "fjord", Ref: "ours", Phase: store.Sending, Method: "GET", Path: "/"}, "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		if _, err := m.Notify(t.Context(), store.Notification{ID: strconv.Itoa(i)}); err != nil {
			t.Fatalf("number %d: %v", i, err)
		}
	}
	if _, err := m.Notify(t.Context(), store.Notification{ID: "one more"}); !errors.Is(err, store.ErrFull) {
		t.Errorf("got error %v, want ErrFull", err)
	}
	if r, err := m.Notify(t.Context(), store.Notification{Ref: rec.Ref, ID: "ours"}); err != nil || r.Verdict != store.Matched {
		t.Errorf("one of ours: %+v, %v", r, err)
	}
	if _, err := m.Notify(t.Context(), store.Notification{Tenant: "fjell", ID: "another tenant"}); err != nil {
		t.Errorf("another tenant: %v", err)
	}
}
