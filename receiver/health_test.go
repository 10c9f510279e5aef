package receiver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

func health(t testing.TB, rcv *receiver.Receiver) receiver.Health {
	t.Helper()
	h, err := rcv.Health(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHealthTellsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, st := setup(t)
		if h := health(t, rcv); h != (receiver.Health{}) {
			t.Errorf("a fresh one: %+v", h)
		}
		rcv.Handle(func(_ context.Context, n receiver.Notification) error {
			if n.ID == numbered(0) {
				return receiver.Discard(errors.New("no"))
			}
			return errors.New("not now")
		})
		begun := time.Now()
		deliver(t, mounted(rcv), 3)
		time.Sleep(time.Minute)
		if h := health(t, rcv); h.Backlog != 3 || !h.Oldest.Equal(begun) || h.Dead != 0 || h.Running || !h.LastStored.Equal(begun) || !h.LastFailed.IsZero() {
			t.Errorf("before Run: %+v", h)
		}
		stop := run(t, rcv)
		time.Sleep(time.Minute)
		if h := health(t, rcv); h.Backlog != 2 || h.Dead != 1 || !h.Running {
			t.Errorf("while it runs: %+v", h)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		wantStatus(t, serve(rcv, signed("done!")), 200)
		st.answer(func(context.Context, store.Notification) (store.Receipt, error) {
			return store.Receipt{}, store.ErrFull
		})
		time.Sleep(time.Minute)
		wantStatus(t, serve(rcv, signed(body)), 503)
		if h := health(t, rcv); h.Unparsed != 1 || h.Running || !h.LastFailed.Equal(time.Now()) || !h.LastStored.Equal(time.Now().Add(-time.Minute)) {
			t.Errorf("after trouble: %+v", h)
		}
	})
}

func TestHealthFailsWithTheStore(t *testing.T) {
	rcv, st := setup(t)
	st.Close()
	if _, err := rcv.Health(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v, want store.ErrClosed", err)
	}
}

// hung is a store that does not answer.
type hung struct{ store.Store }

func (hung) List(ctx context.Context, _ string, _ store.Query) ([]store.Record, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestHealthDoesNotHangWithTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rcv, _ := setup(t, func(c *receiver.Config) {
			c.Store, c.StoreTimeout = hung{store.NewMemory(store.MemoryConfig{})}, 2*time.Second
		})
		begun := time.Now()
		if _, err := rcv.Health(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 2*time.Second {
			t.Errorf("got %v after %v", err, time.Since(begun))
		}
	})
}
