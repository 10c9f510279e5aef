package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/store"
)

// TestStoreThatFailsIsNotAskedWithoutEnd fails each write that a wait makes,
// for longer than the wait lasts, and counts what the ERP and the store get.
func TestStoreThatFailsIsNotAskedWithoutEnd(t *testing.T) {
	waits := map[string]func(context.Context, *client.Operation) error{
		"Wait": func(ctx context.Context, op *client.Operation) error {
			_, err := op.Wait(ctx)
			return err
		},
		"AsCompleted": func(ctx context.Context, op *client.Operation) (err error) {
			for _, err = range client.AsCompleted(ctx, op) {
			}
			return err
		},
	}
	faults := []struct {
		name, method, state string
		err                 error
	}{
		{"no lease is given", "Acquire", started, errDisk},
		{"the lease is another's and nobody says how long", "Acquire", started, store.ErrLeased},
		{"the next poll is not planned", "Decide", started, errDisk},
		{"the outcome is not taken", "Report", ended("201"), errDisk},
		{"nothing can be read", "Get", started, errDisk},
	}
	for _, tt := range faults {
		for how, wait := range waits {
			t.Run(tt.name+", "+how, func(t *testing.T) {
				withERP(t, client.Config{}, accepting(write(200, tt.state)), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
					op := post(t, c)
					st.Fail(tt.method, 1000, tt.err)
					err := wait(testkit.Within(t, 10*time.Second), op)
					if _, pending := errors.AsType[*client.PendingError](err); !pending {
						t.Errorf("got error %v, want a *client.PendingError", err)
					}
					if n.of("GET") > 10 || st.Made() > 150 {
						t.Errorf("in 10 s the ERP got %d calls and the store %d, want at most 10 and 150", n.of("GET"), st.Made())
					}
				})
			})
		}
	}
}

func TestWaitGoesOnWhenTheStoreWorksAgain(t *testing.T) {
	for method, state := range map[string]string{"Acquire": ended("201"), "Decide": started, "Report": ended("201"), "Get": ended("201")} {
		t.Run(method, func(t *testing.T) {
			start := time.Now()
			withERP(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
				if time.Since(start) > time.Minute {
					state = ended("201")
				}
				write(200, state)(w, r)
			}), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
				start = time.Now()
				op := post(t, c)
				st.Fail(method, 5, errDisk)
				if res, err := op.Wait(testkit.Within(t, 10*time.Minute)); err != nil || res.StatusCode != 201 {
					t.Errorf("got %+v, %v, want the outcome", res, err)
				}
			})
		})
	}
}

// late is a store whose clock is behind: by ours, the leases it names have
// ended.
type late struct{ *faultstore.Store }

func (s late) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	l, rec, err := s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
	if s.Made() < 1000 { // beyond it has caught up, so that the test ends
		rec.Lease.Until = rec.Lease.Until.Add(-time.Hour)
	}
	return l, rec, err
}

func TestLeaseThatEndedByOurClockIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := faultstore.NewMemory()
		c, _ := serving(t, client.Config{Store: late{st}, Tenant: "fjord"}, accepting(write(200, started)))
		defer c.Close()
		op := post(t, c)
		if _, _, err := st.Store.Acquire(t.Context(), "fjord", op.Ref(), "another replica", store.ToPoll, time.Minute); err != nil {
			t.Fatal(err)
		}
		st.Fail("", 0, nil)
		_, err := op.Wait(testkit.Within(t, 10*time.Second))
		if _, pending := errors.AsType[*client.PendingError](err); !pending || st.Made() > 150 {
			t.Errorf("got %v after %d calls of the store, want a *client.PendingError and at most 150", err, st.Made())
		}
	})
}

func TestSlowPollLeavesNoLeaseBehind(t *testing.T) {
	slow := accepting(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(12 * time.Second)
		write(200, ended("201"))(w, r)
	})
	t.Run("Ack", func(t *testing.T) {
		withERP(t, client.Config{}, slow, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			op := post(t, c)
			if _, err := op.Wait(testkit.Within(t, time.Hour)); err != nil {
				t.Fatal(err)
			}
			if l := record(t, st, op).Lease; l.Valid(time.Now()) {
				t.Errorf("the operation has ended and is leased for another %v", time.Until(l.Until))
			}
			start := time.Now()
			if err := op.Ack(t.Context()); err != nil || time.Since(start) > 0 {
				t.Errorf("Ack: got %v after %v, want none at once", err, time.Since(start))
			}
		})
	})
	t.Run("Do", func(t *testing.T) {
		withERP(t, client.Config{}, slow, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			resp, err := c.Do(request("POST", "/v2/customerinvoice", invoice))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if list, err := st.List(t.Context(), "fjord", store.Query{}); err != nil || len(list) != 1 || list[0].Phase != store.Acknowledged {
				t.Errorf("got %+v, %v, want one that is handled", list, err)
			}
		})
	})
}

func TestPollThatIsNotRecordedGivesItsLeaseBack(t *testing.T) {
	for method, state := range map[string]string{"Decide": started, "Report": ended("201")} {
		withERP(t, client.Config{}, accepting(write(200, state)), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			op := post(t, c)
			st.Fail(method, 1, errDisk)
			if _, err := op.Poll(t.Context()); !errors.Is(err, errDisk) {
				t.Errorf("%s: Poll got error %v, want that of the store", method, err)
			}
			if _, _, err := st.Acquire(t.Context(), "fjord", op.Ref(), "another replica", store.ToPoll, time.Minute); err != nil {
				t.Errorf("%s: another replica got error %v, want the lease", method, err)
			}
		})
	}
}

func TestDecisionThatFailsGivesItsLeaseBack(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(200, ended("201"))), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := post(t, c)
		if _, err := op.Wait(testkit.Within(t, time.Hour)); err != nil {
			t.Fatal(err)
		}
		leased := func(after string) {
			t.Helper()
			l, _, err := st.Acquire(t.Context(), "fjord", op.Ref(), "another replica", store.ToPoll, time.Minute)
			if err != nil {
				t.Fatalf("after %s another replica got error %v, want the lease", after, err)
			}
			if err := st.Release(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		st.Fail("Decide", 1, errDisk)
		if err := op.Ack(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("Ack: got error %v, want that of the store", err)
		}
		leased("an Ack that failed")
		if err := op.Replay(t.Context()); err == nil {
			t.Error("an operation that is not dead was replayed")
		}
		leased("a Replay in the wrong phase")
		if err := op.Ack(t.Context()); err != nil {
			t.Errorf("Ack: got error %v, want none", err)
		}
	})
}

func TestAckMayBeCalledByManyAtOnce(t *testing.T) {
	for range 50 {
		c, _ := serving(t, client.Config{}, write(201, ``))
		op := post(t, c)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := op.Ack(t.Context()); err != nil {
					t.Errorf("Ack: got error %v, want none", err)
				}
			})
		}
		wg.Wait()
		c.Close()
	}
}

// TestPollThatAnotherTookOverIsNoError has a replica lose its lease while it
// reads the state.
func TestPollThatAnotherTookOverIsNoError(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(200, started)), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		op := post(t, c)
		st.Fail("Decide", 1, store.ErrFenced)
		if s, err := op.Poll(t.Context()); err != nil || s.Phase != store.Accepted {
			t.Errorf("got %+v, %v, want accepted and no error", s, err)
		}
	})
}

// overtaken is a store in which another replica polls just before each lease
// is asked for, and plans the next poll in an hour.
type overtaken struct{ *faultstore.Store }

func (s overtaken) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	if err := s.Call("Acquire"); err != nil {
		return store.Lease{}, store.Record{}, err
	}
	replica := s.Store.Store // without the count
	l, rec, err := replica.Acquire(ctx, tenant, ref, "another replica", store.ToPoll, time.Minute)
	if err == nil && rec.Polls == 0 {
		_, err = replica.Decide(ctx, l, store.RescheduleDecision{Due: time.Now().Add(time.Hour)})
	} else if err == nil {
		err = replica.Release(ctx, l)
	}
	if err != nil {
		return store.Lease{}, store.Record{}, err
	}
	return replica.Acquire(ctx, tenant, ref, owner, purpose, ttl)
}

func TestPollThatIsNoLongerDueIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := serving(t, client.Config{Store: overtaken{faultstore.NewMemory()}, Tenant: "fjord"}, accepting(write(200, started)))
		defer c.Close()
		op := post(t, c)
		_, err := op.Wait(testkit.Within(t, 50*time.Minute))
		if _, pending := errors.AsType[*client.PendingError](err); !pending || n.of("GET") != 0 {
			t.Errorf("got %v after %d polls, want a *client.PendingError and none", err, n.of("GET"))
		}
	})
}

func TestVerdictIsRecordedAlthoughTheCallerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		ctx, cancel := context.WithCancel(t.Context())
		c, err := client.New(client.Config{BaseURL: base, Store: st, HTTPClient: &http.Client{
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				cancel() // the answer is here
				return answer(202, `{"id":"`+id1+`"}`, r), nil
			}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		op, err := c.Submit(ctx, request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if err != nil || op.ID() != id1 {
			t.Fatalf("got %v, %v, want it accepted", op, err)
		}
		if rec, err := st.GetByID(t.Context(), "default", id1); err != nil || rec.Phase != store.Accepted {
			t.Errorf("recorded %+v, %v, want it accepted", rec, err)
		}
	})
}

func TestAttemptSurvivesAHeartbeatThatFails(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		time.Sleep(2 * time.Minute)
		write(202, `{"id":"`+id1+`"}`)(w, r)
	}
	withERP(t, client.Config{}, slow, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		st.Fail("Extend", 1, errDisk)
		done := make(chan error, 1)
		go func() {
			_, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			done <- err
		}()
		for range 11 {
			time.Sleep(10 * time.Second)
			if list, err := st.List(t.Context(), "fjord", store.Query{}); err != nil || list[0].Phase != store.Sending {
				t.Errorf("while it is being sent: got %+v, %v, want sending", list, err)
				break
			}
		}
		if err := <-done; err != nil {
			t.Errorf("submit: %v", err)
		}
	})
}

// TestIDThatIsNotTakenIsTriedNowAndThen has the store refuse an id that a
// handle knows: as the id of another operation, so that it stays refused.
func TestIDThatIsNotTakenIsTriedNowAndThen(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(200, started)), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		post(t, c) // has id1
		st.Fail("Report", 1, errDisk)
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice?x=1", invoice), client.SubmitOptions{})
		if _, unrecorded := errors.AsType[*client.RecordError](err); !unrecorded {
			t.Fatalf("got error %v, want a *client.RecordError", err)
		}
		st.Fail("", 0, nil)
		_, err = op.Wait(testkit.Within(t, 10*time.Second))
		if _, pending := errors.AsType[*client.PendingError](err); !pending {
			t.Errorf("got error %v, want a *client.PendingError", err)
		}
		if st.Made() > 50 || n.of("GET") > 0 {
			t.Errorf("in 10 s the store got %d calls and the ERP %d, want at most 50 and none", st.Made(), n.of("GET"))
		}
	})
}

func TestIDOutranksAPersonWhoFoundNothing(t *testing.T) {
	withERP(t, client.Config{}, accepting(write(200, ended("201"))), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		st.Fail("Report", 1, errDisk)
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if _, unrecorded := errors.AsType[*client.RecordError](err); !unrecorded {
			t.Fatalf("got error %v, want a *client.RecordError", err)
		}
		st.Fail("Report", 1000, errDisk)
		time.Sleep(time.Minute)
		if _, err := st.Store.Report(t.Context(), "fjord", op.Ref(), store.RejectedFact{ByUser: true, Reason: "not in the ERP"}); err != nil {
			t.Fatal(err)
		}
		st.Fail("Report", 0, nil)
		if res, err := op.Wait(testkit.Within(t, time.Minute)); err != nil || res.StatusCode != 201 {
			t.Fatalf("got %+v, %v, want the outcome", res, err)
		}
		if rec := record(t, st, op); rec.ID != id1 || !rec.Late {
			t.Errorf("got id %s, late %v, want %s, true", rec.ID, rec.Late, id1)
		}
	})
}

func TestEvidenceThatIsNotTakenIsNotReadWithoutEnd(t *testing.T) {
	withERP(t, subscribed, losing(proof), func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
		op := lose(t, c)
		propose(t, st, op, id2)
		st.Fail("Report", 1000, errDisk)
		_, err := op.Wait(testkit.Within(t, 10*time.Second))
		if _, pending := errors.AsType[*client.PendingError](err); !pending || n.of("GET") > 10 || st.Made() > 150 {
			t.Errorf("got %v; in 10 s the ERP got %d calls and the store %d, want a *client.PendingError, at most 10 and 150", err, n.of("GET"), st.Made())
		}
	})
}
