package client_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// transaction holds back what is enqueued in it until it is committed. Like one of a
// database it sees what was committed before.
type transaction struct {
	store.Store
	held []func() error
}

func (tx *transaction) Enqueue(ctx context.Context, rec store.Record, body []byte) (store.Record, error) {
	if before, err := tx.GetByKey(ctx, rec.Tenant, rec.Key); rec.Key != "" && err == nil {
		return store.Record{}, &store.KeyHeldError{Record: before}
	}
	tx.held = append(tx.held, func() error {
		_, err := tx.Store.Enqueue(ctx, rec, body)
		return err
	})
	made := rec
	made.Phase, made.Enqueued = store.Queued, true
	return made, nil
}

func (tx *transaction) commit(t *testing.T) {
	t.Helper()
	for _, write := range tx.held {
		if err := write(); err != nil {
			t.Fatalf("commit: %v", err)
		}
	}
}

func TestEnqueueWithinATransaction(t *testing.T) {
	var list taken
	var done outcomes
	st := store.NewMemory(store.MemoryConfig{})
	cc := client.Config{Store: st, Tenant: "fjord", OnComplete: map[string]client.Handler{"invoice": done.handler}}
	bubble(t, cc, taking(&list, nil, nil), func(t *testing.T, c *client.Client, _ *hits) {
		stop := start(t, c)
		committed, rolledBack := &transaction{Store: st}, &transaction{Store: st}
		within := func(tx store.Enqueuer, reference string) client.SubmitOptions {
			opts := named(reference)
			opts.Within = tx
			return opts
		}
		op := enqueue(t, c, "committed", within(committed, "committed"))
		never := enqueue(t, c, "rolled back", within(rolledBack, "rolled back"))
		time.Sleep(time.Hour)
		if got := list.all(); len(got) != 0 {
			t.Errorf("before the commit %q were sent, want none", got)
		}
		if stats, err := c.Stats(t.Context()); err != nil || stats.Polls != (client.PollStats{}) {
			t.Errorf("before the commit the client plans %+v, %v; want nothing", stats.Polls, err)
		}
		if _, err := op.Wait(t.Context()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("before the commit a wait got %v, want %v", err, store.ErrNotFound)
		}
		committed.commit(t)
		time.Sleep(time.Hour)
		if got := list.all(); !slices.Equal(got, []string{"committed"}) {
			t.Errorf("sent %q, want what was committed", got)
		}
		if err, told := done.of("committed"); err != nil || !told {
			t.Errorf("its handler was told %v, of %v; want a success", told, err)
		}
		if _, err := st.Get(t.Context(), "fjord", never.Ref()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("of what was rolled back there is %v, want %v", err, store.ErrNotFound)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestKeysWithinATransaction has the errors be those of Enqueue.
func TestKeysWithinATransaction(t *testing.T) {
	cc := client.Config{Store: store.NewMemory(store.MemoryConfig{}), Tenant: "fjord"}
	bubble(t, cc, taking(&taken{}, nil, nil), func(t *testing.T, c *client.Client, _ *hits) {
		for name, tx := range map[string]store.Enqueuer{"the store itself": cc.Store, "a transaction": &transaction{Store: cc.Store}} {
			first := enqueue(t, c, name, client.SubmitOptions{Key: name})
			opts := client.SubmitOptions{Key: name, Within: tx}
			if again := enqueue(t, c, name, opts); again.Ref() != first.Ref() {
				t.Errorf("%s: the same again is operation %s, want %s", name, again.Ref(), first.Ref())
			}
			_, err := c.Enqueue(t.Context(), request("POST", "/v2/customerinvoice", `{"other":1}`), opts)
			if !errors.Is(err, client.ErrKeyReused) {
				t.Errorf("%s: the key for other work: got %v, want %v", name, err, client.ErrKeyReused)
			}
		}
	})
}

func TestOneTransactionInTwoPlaces(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	cc := client.Config{Store: st, Tenant: "fjord"}
	bubble(t, cc, taking(&taken{}, nil, nil), func(t *testing.T, c *client.Client, _ *hits) {
		try := func(inContext, given store.Enqueuer) error {
			ctx := client.InBackground(t.Context(), client.SubmitOptions{Within: inContext})
			_, err := c.Enqueue(ctx, request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Within: given})
			return err
		}
		tx := &transaction{Store: st}
		if err := try(tx, nil); err != nil || len(tx.held) != 1 {
			t.Errorf("in the context only: %v, and %d in the transaction, want 1", err, len(tx.held))
		}
		if err := try(tx, tx); err != nil || len(tx.held) != 2 {
			t.Errorf("the same in both: %v, and %d in the transaction, want 2", err, len(tx.held))
		}
		for name, other := range map[string]store.Enqueuer{"another": &transaction{Store: st}, "one that cannot be compared": struct {
			store.Store
			_ []int
		}{Store: st}} {
			if err := try(other, tx); err == nil || !strings.Contains(err.Error(), "Within:") {
				t.Errorf("%s: got %v, want an error that names Within", name, err)
			}
		}
	})
}
