package receiver_test

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// With a store on disk, in real time: one process takes in, another handles.
func TestWhatOneProcessTookInAnotherHandlesAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "background.db")
	open := func() *sqlitestore.Store {
		st, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: file})
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	const n = 40
	st := open()
	deliver(t, mounted(shared(t, st, 1)[0]), n)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	other, st := open(), open() // two handles, as two processes have them
	defer other.Close()
	defer st.Close()
	rcv := shared(t, st, 1)[0]
	if h := health(t, rcv); h.Backlog != n || h.Oldest.IsZero() {
		t.Errorf("after the restart: %+v", h)
	}
	var mu sync.Mutex
	runs := make(map[string]int)
	var late atomic.Int64
	done := make(chan struct{}, n+1)
	rcv.Handle(func(_ context.Context, got receiver.Notification) error {
		mu.Lock()
		defer mu.Unlock()
		runs[got.ID]++
		late.Store(int64(time.Since(got.ReceivedAt)))
		done <- struct{}{}
		return nil
	})
	stop := run(t, rcv)
	wait := func(n int) {
		t.Helper()
		timeout := time.After(30 * time.Second)
		for range n {
			select {
			case <-done:
			case <-timeout:
				t.Fatal("not handled")
			}
		}
	}
	wait(n)
	// While it runs, another process takes one in.
	wantStatus(t, serve(mounted(shared(t, other, 1)[0]), signed(body)), 200)
	wait(1)
	if d := time.Duration(late.Load()); d > 10*time.Second {
		t.Errorf("handled %v after another process took it in", d)
	}
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if len(runs) != n+1 || left(t, st, store.Delivery) != 0 {
		t.Errorf("%d handled, %d left", len(runs), left(t, st, store.Delivery))
	}
	for id, times := range runs {
		if times != 1 {
			t.Errorf("%s: %d runs", id, times)
		}
	}
}
