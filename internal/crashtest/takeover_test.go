//go:build unix

package crashtest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store/sqlitestore"
)

// stick is a process whose handlers never return, under the leases that the
// client takes by itself.
func stick(o orders) error {
	ctx := context.Background()
	st, err := sqlitestore.Open(ctx, sqlitestore.Config{Path: storePath(o.Dir), BusyTimeout: patience})
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{BaseURL: o.Base, Store: st, Tenant: tenant, Workers: 2, OnComplete: map[string]client.Handler{
		"good": func(_ context.Context, done client.Completion) error {
			say("begin", done.Ref, now())
			select {}
		},
	}})
	if err != nil {
		return err
	}
	return c.Run(ctx)
}

// TestTheHandlersOfAKilledProcessRunElsewhereAtOnce: a process beside the one
// that is killed, which waits for the leases of handlers that last for minutes,
// runs them within a second.
func TestTheHandlersOfAKilledProcessRunElsewhereAtOnce(t *testing.T) {
	t.Parallel()
	b, err := newBatch(t, 4) // two of them are good
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	p, err := b.start(orders{Role: "stuck"})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); len(p.said("begin")) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d handlers have begun, want 2", len(p.said("begin")))
		}
	}
	var runs atomic.Int32
	last := make(chan time.Time, 2)
	_, c, end, err := b.open(t.Context(), map[string]client.Handler{"good": func(context.Context, client.Completion) error {
		runs.Add(1)
		last <- time.Now()
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	defer func() {
		stop()
		if err := errors.Join(<-ended, end()); err != nil {
			t.Error(err)
		}
	}()
	time.Sleep(time.Second) // it finds that both are leased
	if n := runs.Load(); n != 0 {
		t.Fatalf("%d handlers were run while another process runs them", n)
	}
	killed := time.Now()
	p.kill()
	for range 2 {
		select {
		case at := <-last:
			// Less than a second where nothing else runs; by time it would be two minutes.
			if took := at.Sub(killed); took >= 5*time.Second {
				t.Errorf("run %v after the kill, want it at once", took)
			}
		case <-time.After(patience):
			t.Fatal("never run elsewhere")
		}
	}
}
