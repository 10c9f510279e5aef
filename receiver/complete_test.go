package receiver_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// TestAHandlerThatAcknowledgesByItself does so as in a transaction of its own, or its
// transaction was rolled back, and then returns all that a handler may.
func TestAHandlerThatAcknowledgesByItself(t *testing.T) {
	const again = "it is not handled again"
	failed := errors.New("the mail was not sent")
	commits := func(st *faultstore.Store, n receiver.Notification) error {
		_, err := st.Store.Decide(context.Background(), n.Lease, store.AcknowledgeDecision{})
		return err
	}
	for _, tt := range []struct {
		name string
		run  func(ctx context.Context, st *faultstore.Store, n receiver.Notification) error
		want []receiver.HandlerOutcome
		logs string // a part of what is logged; nothing is, if empty
	}{
		{"and returns nil", func(_ context.Context, st *faultstore.Store, n receiver.Notification) error {
			return commits(st, n)
		}, []receiver.HandlerOutcome{receiver.HandlerAcknowledged}, ""},
		{"and returns an error", func(_ context.Context, st *faultstore.Store, n receiver.Notification) error {
			return errors.Join(commits(st, n), failed)
		}, []receiver.HandlerOutcome{receiver.HandlerAcknowledged}, again},
		{"and discards", func(_ context.Context, st *faultstore.Store, n receiver.Notification) error {
			return receiver.Discard(errors.Join(commits(st, n), failed))
		}, []receiver.HandlerOutcome{receiver.HandlerAcknowledged}, again},
		{"and goes on until its lease is found gone", func(ctx context.Context, st *faultstore.Store, n receiver.Notification) error {
			err := commits(st, n)
			<-ctx.Done()
			return err
		}, []receiver.HandlerOutcome{receiver.HandlerAcknowledged}, ""},
		{"after its lease could not be renewed for as long as its transaction took", func(ctx context.Context, st *faultstore.Store, n receiver.Notification) error {
			st.Fail("Extend", faultstore.Always, context.DeadlineExceeded)
			defer st.Fail("Extend", 0, nil)
			<-ctx.Done()
			return commits(st, n)
		}, []receiver.HandlerOutcome{receiver.HandlerAcknowledged}, "not renewed"},
		{"not, because it was rolled back, and returns the error", func(_ context.Context, st *faultstore.Store, n receiver.Notification) error {
			if n.Attempt == 1 {
				return failed
			}
			return commits(st, n)
		}, []receiver.HandlerOutcome{receiver.HandlerRetried, receiver.HandlerAcknowledged}, "will try again"},
		{"not, because it was rolled back, and returns nil", func(context.Context, *faultstore.Store, receiver.Notification) error {
			return nil // what it should have done is not done, and never will be
		}, []receiver.HandlerOutcome{receiver.HandlerAcknowledged}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w witness
				var logs buffer
				st := faultstore.NewMemory()
				rcv, _ := setup(t, func(c *receiver.Config) {
					c.Store, c.Observer, c.Logger = st, &w, slog.New(slog.NewTextHandler(&logs, nil))
				})
				rcv.Handle(func(ctx context.Context, n receiver.Notification) error { return tt.run(ctx, st, n) })
				stop := run(t, rcv)
				deliver(t, mounted(rcv), 1)
				time.Sleep(48 * time.Hour)
				if err := stop(); err != nil {
					t.Error(err)
				}
				if here, dead := left(t, st, store.Delivery), left(t, st, store.Dead); here+dead != 0 {
					t.Errorf("%d deliveries are left, and %d dead ones, want none", here, dead)
				}
				var got []receiver.HandlerOutcome
				for _, h := range w.handled {
					got = append(got, h.Outcome)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("the runs: got %q, want %q", got, tt.want)
				}
				if out := logs.String(); !strings.Contains(out, tt.logs) || tt.logs == "" && out != "" {
					t.Errorf("logged %q, want %q", out, tt.logs)
				}
			})
		})
	}
}
