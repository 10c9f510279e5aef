package faultstore_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

func get(st *faultstore.Store) error {
	_, err := st.Get(context.Background(), "t", "r")
	return err
}

func TestAMethodFailsAsOftenAsItIsToldTo(t *testing.T) {
	st, down := faultstore.NewMemory(), errors.New("down")
	st.Fail("Get", 2, down)
	for i, want := range []error{down, down, store.ErrNotFound} {
		if err := get(st); !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i+1, err, want)
		}
	}
	if _, err := st.List(t.Context(), "t", store.Query{}); err != nil {
		t.Errorf("another method: got %v, want nil", err)
	}
	if st.Made() != 4 || st.Calls("Get") != 3 {
		t.Errorf("counted %d calls, %d of Get, want 4 and 3", st.Made(), st.Calls("Get"))
	}
	st.Fail("Get", faultstore.Always, down)
	for range 100 {
		if err := get(st); !errors.Is(err, down) {
			t.Fatalf("got %v, want %v", err, down)
		}
	}
	st.Fail("Get", 0, nil)
	if err := get(st); !errors.Is(err, store.ErrNotFound) || st.Made() != 1 {
		t.Errorf("got %v after %d calls, want %v after 1", err, st.Made(), store.ErrNotFound)
	}
}

func TestAStoreThatIsAskedWithoutEndFails(t *testing.T) {
	st := faultstore.NewMemory()
	for range 20_000 {
		if err := get(st); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if err := get(st); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want its own error", err)
	}
}

func TestALateAnswerComesWhenTheWorkIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		st.Late("Create", time.Minute)
		begun := time.Now()
		rec, err := st.Create(t.Context(), store.Record{Tenant: "t", Ref: "r", Phase: store.Sending, Method: "GET", Path: "/"}, "o", time.Hour)
		if took := time.Since(begun); err != nil || took != time.Minute || !rec.CreatedAt.Equal(begun) {
			t.Errorf("got %v after %v, made at %v, want a minute and %v", err, took, rec.CreatedAt, begun)
		}
	})
}
