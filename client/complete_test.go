package client_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestAHandlerThatAcknowledgesByItself does so as in a transaction of its own, or its
// transaction was rolled back, and then returns all that a handler may.
func TestAHandlerThatAcknowledgesByItself(t *testing.T) {
	const lost, again = "lease was lost", "it does not run again"
	failed := errors.New("the mail was not sent")
	mem := store.NewMemory(store.MemoryConfig{})
	commits := func(done client.Completion) error {
		_, err := mem.Decide(context.Background(), done.Lease, store.AcknowledgeDecision{})
		return err
	}
	for _, tt := range []struct {
		name string
		run  func(ctx context.Context, st *faultstore.Store, done client.Completion) error
		want []string // what the observer is told of the runs
		logs string   // a part of what is logged
	}{
		{"and returns nil", func(_ context.Context, _ *faultstore.Store, done client.Completion) error {
			return commits(done)
		}, []string{"acknowledged err=<nil> after=0s"}, ""},
		{"and returns an error", func(_ context.Context, _ *faultstore.Store, done client.Completion) error {
			return errors.Join(commits(done), failed)
		}, []string{"acknowledged err=the mail was not sent after=0s"}, again},
		{"and discards", func(_ context.Context, _ *faultstore.Store, done client.Completion) error {
			return client.Discard(errors.Join(commits(done), failed))
		}, []string{"acknowledged err=the mail was not sent after=0s"}, again},
		{"and goes on until its lease is found gone", func(ctx context.Context, _ *faultstore.Store, done client.Completion) error {
			err := commits(done)
			<-ctx.Done()
			return err
		}, []string{"acknowledged err=<nil> after=10s"}, ""},
		{"after its lease could not be renewed for as long as its transaction took", func(ctx context.Context, st *faultstore.Store, done client.Completion) error {
			st.Fail("Extend", faultstore.Always, context.DeadlineExceeded)
			defer st.Fail("Extend", 0, nil)
			<-ctx.Done()
			return commits(done)
		}, []string{"acknowledged err=<nil> after=25s"}, ""},
		{"not, because it was rolled back, and returns the error", func(_ context.Context, _ *faultstore.Store, done client.Completion) error {
			if done.Attempt == 1 {
				return failed
			}
			return commits(done)
		}, []string{"retried err=the mail was not sent after=0s", "acknowledged err=<nil> after=0s"}, "handler failed"},
		{"not, because it was rolled back, and returns nil", func(context.Context, *faultstore.Store, client.Completion) error {
			return nil // what it should have done is not done, and never will be
		}, []string{"acknowledged err=<nil> after=0s"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var runs diary
			log, logged := logTo()
			mem = store.NewMemory(store.MemoryConfig{})
			st := faultstore.New(mem)
			cc := client.Config{Store: st, Tenant: "fjord", Observer: &runs, Logger: log, OnComplete: map[string]client.Handler{
				"": func(ctx context.Context, done client.Completion) error { return tt.run(ctx, st, done) },
			}}
			bubble(t, cc, taking(&taken{}, nil, nil), func(t *testing.T, c *client.Client, _ *hits) {
				stop := start(t, c)
				op := enqueue(t, c, "order", client.SubmitOptions{})
				time.Sleep(48 * time.Hour)
				if err := stop(); err != nil {
					t.Error(err)
				}
				if rec, err := mem.Get(t.Context(), "fjord", op.Ref()); err != nil || rec.Phase != store.Acknowledged {
					t.Errorf("it is %s, %v; want it to be %s", rec.Phase, err, store.Acknowledged)
				}
			})
			if got := runs.about("acknowledged", "retried", "dead", "discarded", "interrupted", "lost"); !slices.Equal(got, tt.want) {
				t.Errorf("the runs: got %q, want %q", got, tt.want)
			}
			if out := logged.String(); strings.Contains(out, lost) || !strings.Contains(out, tt.logs) || tt.logs == "" && strings.Contains(out, again) {
				t.Errorf("logged %s\nwant %q in it, and nothing of a lost lease", out, tt.logs)
			}
		})
	}
}
