package client_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// answersLate returns a store over st that answers a Create late: the record is
// written, and so is its lease.
func answersLate(st store.Store, d time.Duration) *faultstore.Store {
	late := faultstore.New(st)
	late.Late("Create", d)
	return late
}

// TestRequestIsNotSentWithoutItsLease has an attempt lose its lease before its
// first byte, in a process that stands still after its record is written. Somebody
// else does the work meanwhile.
func TestRequestIsNotSentWithoutItsLease(t *testing.T) {
	var posts atomic.Int32
	erp := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			write(429, ``, "Retry-After", "120")(w, r)
			return
		}
		write(202, `{"id":"id-`+strconv.Itoa(int(posts.Add(1)))+`"}`)(w, r)
	}
	for name, late := range map[string]func(t *testing.T, st *faultstore.Store) *client.Client{
		"stopped": func(t *testing.T, st *faultstore.Store) *client.Client {
			c, _ := serving(t, client.Config{Store: answersLate(st, 2*time.Minute), Tenant: "fjord"}, erp)
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			posts.Store(0)
			withERP(t, client.Config{}, erp, func(t *testing.T, other *client.Client, st *faultstore.Store, _ *hits) {
				cut := late(t, st)
				defer cut.Close()
				if err := overtake(t, cut, other, st.Store); !errors.Is(err, store.ErrFenced) && !errors.Is(err, errDisk) {
					t.Errorf("got error %v, want that of the lease", err)
				}
				if posts.Load() != 1 {
					t.Errorf("the work of one key was sent %d times, want 1", posts.Load())
				}
			})
		})
	}
}

// TestAttemptThatTurnsOutNotSentIsRejected finds its lease gone and its record
// uncertain. It knows better: nothing was sent, and the key is free.
func TestAttemptThatTurnsOutNotSentIsRejected(t *testing.T) {
	withERP(t, client.Config{}, write(202, `{"id":"id-1"}`), func(t *testing.T, _ *client.Client, st *faultstore.Store, _ *hits) {
		c, n := serving(t, client.Config{Store: answersLate(st, time.Minute), Tenant: "fjord"}, write(202, `{"id":"id-1"}`))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
		if op != nil || !errors.Is(err, store.ErrFenced) || n.of("POST") != 0 {
			t.Errorf("got %v, %v after %d requests, want store.ErrFenced after none", op, err, n.of("POST"))
		}
		if _, err := st.Store.GetByKey(t.Context(), "fjord", "order-1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the key is still held: %v", err)
		}
	})
}

// TestAHandlerIsNotBegunAfterItsLease stops a process after the store has given it the
// lease of a run. Somebody else may run the handler when it goes on.
func TestAHandlerIsNotBegunAfterItsLease(t *testing.T) {
	var begun atomic.Int32
	cc := client.Config{OnComplete: map[string]client.Handler{"": func(context.Context, client.Completion) error {
		begun.Add(1)
		return nil
	}}}
	withERP(t, cc, accepting(write(200, ended("200"))), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := post(t, c)
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		st.Late("Acquire", time.Minute)
		stop := start(t, c)
		time.Sleep(5 * time.Minute)
		if n := begun.Load(); n != 0 {
			t.Errorf("the handler was begun %d times after its lease was over, want never", n)
		}
		st.Late("Acquire", 0)
		time.Sleep(5 * time.Minute)
		if n := begun.Load(); n != 1 {
			t.Errorf("the handler was begun %d times after the store was quick again, want once", n)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
