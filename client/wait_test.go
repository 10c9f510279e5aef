package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// accepting answers a submit with id1 and leaves the rest to h.
func accepting(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Erp-Api-Background") != "" {
			write(202, `{"id":"`+id1+`","stateLocation":"`+base+`/v1/background/`+id1+`"}`)(w, r)
			return
		}
		h(w, r)
	}
}

// TestFailedPollNeverEndsAWait runs through everything that may go wrong with
// a poll before the end is read.
func TestFailedPollNeverEndsAWait(t *testing.T) {
	failures := []http.HandlerFunc{
		write(500, ``), write(502, `<html>`), write(404, ``), write(410, ``), drop, write(408, ``),
		write(200, `{"status":`), write(200, `null`), write(200, `[]`), write(200, `{"status":null}`),
		write(301, ``, "Location", "https://evil.example/"), write(200, strings.Repeat(" ", 2<<20)),
		write(429, ``, "Retry-After", "120"), write(401, ``), write(403, ``), write(200, `{"status":"Started"}`),
		write(200, `{"status":"Sleeping","statusCode":200}`), write(418, ``),
		func(w http.ResponseWriter, _ *http.Request) { // cut off
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"status":"Finished"`)
			panic(http.ErrAbortHandler)
		},
		func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, // hangs
		func(w http.ResponseWriter, r *http.Request) { // never ends
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		},
	}
	synctest.Test(t, func(t *testing.T) {
		var polls atomic.Int32
		c, hits := serving(t, client.Config{}, accepting(func(w http.ResponseWriter, r *http.Request) {
			i := int(polls.Add(1)) - 1
			if i < len(failures) {
				failures[i](w, r)
				return
			}
			write(200, ended("201"))(w, r)
		}))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := op.Wait(t.Context())
		if err != nil || res.StatusCode != 201 || hits.of("POST") != 1 || int(polls.Load()) != len(failures)+1 {
			t.Errorf("%v after %d polls and %d submits", err, polls.Load(), hits.of("POST"))
		}
	})
}

func TestPendingErrorTellsWhyTheLastPollFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, accepting(write(503, `{"message":"maintenance"}`)))
		defer c.Close()
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = op.Wait(testkit.Within(t, time.Minute))
		pending, ok := errors.AsType[*client.PendingError](err)
		if !ok || pending.Last == nil || !strings.Contains(err.Error(), "maintenance") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRefusedCredentialsEndAWaitAndNotTheOperation(t *testing.T) {
	for _, code := range []int{401, 403} {
		synctest.Test(t, func(t *testing.T) {
			var open atomic.Bool
			var refreshes atomic.Int32
			cc := client.Config{Refresh: func(ctx context.Context) error { refreshes.Add(1); return nil }}
			c, hits := serving(t, cc, accepting(func(w http.ResponseWriter, r *http.Request) {
				if open.Load() {
					write(200, ended("200"))(w, r)
					return
				}
				write(code, ``)(w, r)
			}))
			defer c.Close()
			op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = op.Wait(t.Context())
			refused, ok := errors.AsType[*client.ResponseError](err)
			if !ok || refused.StatusCode != code {
				t.Fatalf("got %v", err)
			}
			if n := hits.of("GET"); code == 401 && (n != 6 || refreshes.Load() != 3) || code == 403 && n != 3 {
				t.Errorf("%d: %d polls and %d refreshes before giving up", code, n, refreshes.Load())
			}
			open.Store(true)
			if res, err := op.Wait(t.Context()); err != nil || res.StatusCode != 200 {
				t.Errorf("later: %v", err)
			}
		})
	}
}

func TestRateLimitedPollPausesAllPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var early, polls atomic.Int32
		var limited atomic.Pointer[time.Time]
		c, _ := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			switch id := r.Header.Get("Ref"); {
			case r.Header.Get("Erp-Api-Background") != "":
				write(202, `{"id":"id-`+id+`"}`)(w, r)
			case polls.Add(1) == 1:
				now := time.Now()
				limited.Store(&now)
				write(429, ``, "X-RateLimit-Reset", "600")(w, r)
			default:
				// One at the same moment was under way already.
				if since := limited.Load(); since != nil && time.Since(*since) > 0 && time.Since(*since) < 10*time.Minute {
					early.Add(1)
				}
				write(200, strings.Replace(ended("200"), id1, r.URL.Path[len("/v1/background/"):], 1))(w, r)
			}
		})
		defer c.Close()
		var ops []*client.Operation
		for i := range 20 {
			req := request("GET", "/v1/customerinvoice", "")
			req.Header.Set("Ref", string(rune('a'+i)))
			op, err := c.Submit(t.Context(), req, client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
		}
		var wg sync.WaitGroup
		for _, op := range ops {
			wg.Go(func() {
				if _, err := op.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if early.Load() != 0 {
			t.Errorf("%d polls in spite of the limit", early.Load())
		}
	})
}

func TestExpiryIsCertainAndReported(t *testing.T) {
	mc := mockserver.Config{Faults: []fault.Rule{{On: fault.OnState, Do: fault.Answer{Status: 404}}}}
	play(t, mc, client.Config{}, func(w *world) {
		start := time.Now()
		op := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		_, err := op.Wait(testkit.Within(w.T, time.Hour))
		if _, ok := errors.AsType[*client.PendingError](err); !ok {
			t.Fatalf("within an hour: %v", err)
		}
		if s, _ := op.State(w.Context()); !s.Missing || s.Phase != store.Accepted {
			t.Errorf("state %+v", s)
		}
		if n := w.calls("GET", "/v1/background/"); n > 30 {
			t.Errorf("%d polls in an hour for a missing operation", n)
		}
		_, err = op.Wait(w.Context())
		if !errors.Is(err, client.ErrExpired) || time.Since(start) < 24*time.Hour || time.Since(start) > 25*time.Hour {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if _, err := op.Wait(w.Context()); !errors.Is(err, client.ErrExpired) {
			t.Errorf("again: %v", err)
		}
	})
}

func TestStateThatCannotBeReadYetIsPending(t *testing.T) {
	start := time.Now()
	mc := mockserver.Config{Faults: []fault.Rule{{On: fault.OnState, Between: fault.Span{To: 5 * time.Second}, Do: fault.Answer{Status: 404}}}}
	play(t, mc, client.Config{}, func(w *world) {
		start = time.Now()
		w.wait(w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}))
		if took := time.Since(start); took > 12*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// down has a store fail the calls of a wait, or work again.
func down(st *faultstore.Store, now bool) {
	n := 0
	if now {
		n = faultstore.Always
	}
	for _, method := range []string{"Report", "Get"} {
		st.Fail(method, n, errDisk)
	}
}

func TestAcceptedIDSurvivesAStoreThatFails(t *testing.T) {
	for _, name := range []string{"written later", "written by a wait", "lost with the process"} {
		t.Run(name, func(t *testing.T) {
			st := faultstore.NewMemory()
			down(st, true)
			play(t, mockserver.Config{}, client.Config{Store: st, Tenant: "fjord"}, func(w *world) {
				op, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
				unrecorded, ok := errors.AsType[*client.RecordError](err)
				if !ok || op == nil || unrecorded.ID == "" || unrecorded.ID != op.ID() {
					t.Fatalf("got %v", err)
				}
				switch name {
				case "written later":
					time.AfterFunc(time.Minute, func() { down(st, false) })
					time.Sleep(5 * time.Minute)
					if rec, err := st.GetByID(w.Context(), "fjord", op.ID()); err != nil || rec.Ref != op.Ref() {
						t.Errorf("recorded: %+v, %v", rec, err)
					}
				case "written by a wait":
					time.AfterFunc(time.Second, func() { down(st, false) })
					if res := w.wait(op); res.StatusCode != 201 {
						t.Errorf("status %d", res.StatusCode)
					}
				default:
					w.client.Close()
					down(st, false)
					time.Sleep(time.Minute)
					if rec, err := st.Get(w.Context(), "fjord", op.Ref()); err != nil || rec.Phase != store.Uncertain {
						t.Errorf("recorded: %+v, %v", rec, err)
					}
				}
			})
		})
	}
}

func TestStoreThatFailsBeforeTheSendSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		c, hits := serving(t, client.Config{Store: st}, write(202, `{"id":"`+id1+`"}`))
		defer c.Close()
		st.Close()
		if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{}); err == nil || hits.of("POST") != 0 {
			t.Errorf("%v, sent %d times", err, hits.of("POST"))
		}
	})
}

func TestSlowSubmitKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		c, _ := serving(t, client.Config{Store: st}, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			time.Sleep(5 * time.Minute)
			write(202, `{"id":"`+id1+`"}`)(w, r)
		})
		defer c.Close()
		done := make(chan error, 1)
		go func() {
			_, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
			done <- err
		}()
		for range 9 {
			time.Sleep(30 * time.Second)
			if list, _ := st.List(t.Context(), "default", store.Query{}); list[0].Phase != store.Sending {
				t.Fatalf("while it is being sent: %s", list[0].Phase)
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestAckIsForWhatHasEnded(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if err := op.Ack(w.Context()); err == nil || !strings.Contains(err.Error(), "accepted") {
			t.Errorf("acknowledged while pending: %v", err)
		}
		w.wait(op)
		for range 2 {
			if err := op.Ack(w.Context()); err != nil {
				t.Error(err)
			}
		}
		if res := w.wait(op); res.StatusCode != 200 {
			t.Errorf("status %d", res.StatusCode)
		}
	})
}

// settledMeanwhile is a store in which another replica has the lease of an operation
// when this one asks for it, and records the end before this one has heard of that.
type settledMeanwhile struct {
	store.Store
	once sync.Once
}

func (s *settledMeanwhile) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (l store.Lease, rec store.Record, err error) {
	s.once.Do(func() {
		if _, err = s.Report(ctx, tenant, ref, store.SettledFact{ID: id1, Outcome: store.Outcome{Status: "Finished", StatusCode: 204}}); err == nil {
			time.Sleep(time.Second) // the waiter is woken by that
			rec.Lease.Until, err = time.Now().Add(10*time.Minute), store.ErrLeased
		}
	})
	if err != nil {
		return l, rec, err
	}
	return s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
}

// TestEndWhileAnotherReplicaHasTheLease hears of an end at once, and not when the lease
// of the one that found it would be over.
func TestEndWhileAnotherReplicaHasTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &settledMeanwhile{Store: store.NewMemory(store.MemoryConfig{})}
		defer st.Close()
		c, _ := serving(t, client.Config{Store: st, Tenant: "fjord", Notify: client.NoNotification()}, accepting(write(200, stateDoc(`"Started"`, ``))))
		defer c.Close()
		began := time.Now()
		if _, err := post(t, c).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("the end was known after %v, want seconds", took)
		}
	})
}
