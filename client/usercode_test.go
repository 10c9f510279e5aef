package client_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/store"
)

// TestCodeOfTheApplicationThatDoesNotReturn has it panic and end its goroutine:
// no worker is lost for it.
func TestCodeOfTheApplicationThatDoesNotReturn(t *testing.T) {
	ways := map[string]func(){"panics": func() { panic("boom") }, "ends its goroutine": runtime.Goexit}
	for how, fail := range ways {
		t.Run("a handler that "+how, func(t *testing.T) {
			var runs, good atomic.Int32
			cc := client.Config{Workers: 1, MaxAttempts: 3, OnComplete: map[string]client.Handler{
				"bad":  func(_ context.Context, d client.Completion) error { runs.Store(int32(d.Attempt)); fail(); return nil },
				"good": func(context.Context, client.Completion) error { good.Add(1); return nil },
			}}
			bubble(t, cc, acceptingMany(), func(t *testing.T, c *client.Client, _ *hits) {
				bad, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Kind: "bad"})
				if err != nil {
					t.Fatal(err)
				}
				stop := start(t, c)
				time.Sleep(time.Hour)
				if _, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Kind: "good"}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if good.Load() != 1 {
					t.Errorf("the other operation was handled %d times, want once", good.Load())
				}
				if s, err := bad.State(t.Context()); err != nil || s.Phase != store.Dead || runs.Load() != 3 {
					t.Errorf("got %+v, %v after %d runs, want it dead after 3", s, err, runs.Load())
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
			})
		})
		t.Run("a schedule and an observer that "+how, func(t *testing.T) {
			var n atomic.Int32
			cc := client.Config{
				InFlight: 1, Observer: &rude{fail: fail, n: &n},
				Schedule: func(client.PollInfo) time.Duration { fail(); return time.Second },
			}
			bubble(t, cc, accepting(write(200, ended("200"))), func(t *testing.T, c *client.Client, _ *hits) {
				if res, err := post(t, c).Wait(testkit.Within(t, time.Hour)); err != nil || res.StatusCode != 200 {
					t.Errorf("got %v, want the result in spite of %d failures", err, n.Load())
				}
			})
		})
		t.Run("a verifier that "+how, func(t *testing.T) {
			cc := client.Config{InFlight: 1, Verifiers: map[string]client.Verifier{"v": {
				Path:  func(client.Verification) (string, error) { return "/v1/x", nil },
				Check: func(client.Verification, *http.Response) error { fail(); return nil },
			}}}
			bubble(t, cc, acceptingMany(), func(t *testing.T, c *client.Client, _ *hits) {
				for range 2 {
					op, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Verify: "v"})
					if err != nil {
						t.Fatal(err)
					}
					_, err = op.Wait(testkit.Within(t, time.Hour))
					if failed, ok := errors.AsType[*client.OperationError](err); !ok || !failed.Refuted {
						t.Errorf("got %v, want it refuted", err)
					}
				}
			})
		})
		t.Run("a Refresh that "+how, func(t *testing.T) {
			bubble(t, client.Config{Refresh: func(context.Context) error { fail(); return nil }}, write(401, ``), func(t *testing.T, c *client.Client, n *hits) {
				_, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{})
				if err == nil || !strings.Contains(err.Error(), "Config.Refresh") || n.of("POST") != 1 {
					t.Errorf("got %v after %d requests, want an error about Refresh", err, n.of("POST"))
				}
			})
		})
	}
}

// rude is an observer that fails a few times for each call of a poll.
type rude struct {
	client.NopObserver
	fail func()
	n    *atomic.Int32
}

func (r *rude) Call(_ context.Context, c client.Call) {
	if c.Kind == "state" && r.n.Add(1) <= 2 {
		r.fail()
	}
}

// TestAPerishedRunCounts has the process end in each run of a handler.
func TestAPerishedRunCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		defer st.Close()
		settleRecord(t, st, "r1", "", id1, 200)
		for range 3 { // each begins a run, and is gone
			if _, _, err := st.Acquire(t.Context(), "default", "r1", "killed", store.ToRun, time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		ran := 0
		c, _ := serving(t, client.Config{Store: st, MaxAttempts: 3, OnComplete: map[string]client.Handler{
			"": func(context.Context, client.Completion) error { ran++; return nil },
		}}, write(500, ""))
		defer c.Close()
		stop := start(t, c)
		time.Sleep(time.Minute)
		if err := stop(); err != nil {
			t.Error(err)
		}
		rec, err := st.Get(t.Context(), "default", "r1")
		if err != nil || rec.Phase != store.Dead || !strings.Contains(rec.Reason, "the process ended during run 3") || ran != 0 {
			t.Errorf("got %s, %q, %v after %d more runs, want it dead, and why", rec.Phase, rec.Reason, err, ran)
		}
	})
}

func TestAKindWithoutAHandlerIsWarnedOfOnce(t *testing.T) {
	log, lines := logTo()
	cc := client.Config{Logger: log, OnComplete: map[string]client.Handler{"invoice": nothing}}
	bubble(t, cc, acceptingMany(), func(t *testing.T, c *client.Client, _ *hits) {
		stop := start(t, c)
		for _, kind := range []string{"invoce", "invoce", "invoice", client.KindHTTP} {
			if _, err := c.Submit(t.Context(), request("POST", "/v1/x", `{}`), client.SubmitOptions{Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := strings.Count(lines.String(), "level=WARN"); got != 3 || strings.Count(lines.String(), "kind=invoce") != 2 || strings.Count(lines.String(), "kind=http") != 1 {
			t.Errorf("%d warnings, want two about the misspelt kind, at the submit and at the end, and one about what Do left\n%s", got, lines)
		}
	})
}

// TestTimesOfAClockThatWasAhead has a clock that was 48 h ahead, and was set
// right, leave its times in the store.
func TestTimesOfAClockThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(48 * time.Hour)
		for name, spoil := range map[string]func(*store.Record){
			"due":         func(r *store.Record) { r.Due = ahead },
			"looked at":   func(r *store.Record) { r.PolledAt = ahead },
			"accepted at": func(r *store.Record) { r.AcceptedAt = ahead },
		} {
			st := spoilt{store.NewMemory(store.MemoryConfig{}), spoil}
			c, _ := serving(t, client.Config{Store: st, Tenant: "default"}, accepting(write(200, ended("200"))))
			begun := time.Now()
			if _, err := post(t, c).Wait(testkit.Within(t, 72*time.Hour)); err != nil || time.Since(begun) > time.Minute {
				t.Errorf("%s: %v after %v, want no delay", name, err, time.Since(begun))
			}
			c.Close()
			st.Close()
		}
	})
}

// spoilt is a store whose records say something else until they have ended.
type spoilt struct {
	store.Store
	spoil func(*store.Record)
}

func (s spoilt) Get(ctx context.Context, tenant, ref string) (store.Record, error) {
	rec, err := s.Store.Get(ctx, tenant, ref)
	s.spoil(&rec)
	return rec, err
}

func (s spoilt) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	l, rec, err := s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
	s.spoil(&rec)
	return l, rec, err
}
