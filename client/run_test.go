package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit/faultstore"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// start runs the client until the returned function is called, which returns
// what Run returned.
func start(t *testing.T, c *client.Client) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	return func() error {
		cancel()
		return <-done
	}
}

// diaryOf collects completions.
type diaryOf struct {
	mu   sync.Mutex
	seen []string
}

func (d *diaryOf) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, fmt.Sprintf(format, args...))
}

func (d *diaryOf) list() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	got := slices.Clone(d.seen)
	slices.Sort(got)
	return got
}

func TestCompletionsReachTheHandlerOfTheirKind(t *testing.T) {
	var got diaryOf
	record := func(_ context.Context, done client.Completion) error {
		code := 0
		if done.Result != nil {
			code = done.Result.StatusCode
		}
		got.add("%s %s %d err=%v attempt=%d order=%s", done.Kind, done.Key, code, done.Err != nil, done.Attempt, done.Metadata["order"])
		return nil
	}
	cc := client.Config{
		Notify:     client.Subscription(),
		OnComplete: map[string]client.Handler{"invoice": record, "": record},
	}
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second)}, cc, func(w *world) {
		w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Kind: "invoice", Key: "early", Metadata: map[string]string{"order": "4711"}})
		stop := start(w.T, w.client)
		w.submit(request("POST", "/v2/customerinvoice", `{}`), client.SubmitOptions{Kind: "invoice", Key: "bad"})
		w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Key: "plain"})
		other := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "nobody's", Key: "left"})
		time.Sleep(5 * time.Minute)
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		want := []string{
			" plain 200 err=false attempt=1 order=",
			"invoice bad 400 err=true attempt=1 order=",
			"invoice early 201 err=false attempt=1 order=4711",
		}
		if !slices.Equal(got.list(), want) {
			t.Errorf("got %q", got.list())
		}
		if s, _ := other.State(w.Context()); s.Phase != store.Settled {
			t.Errorf("an operation without a handler is %s", s.Phase)
		}
		for _, key := range []string{"early", "bad", "plain"} {
			if rec, err := w.store.GetByKey(w.Context(), "default", key); err != nil || rec.Phase != store.Acknowledged {
				t.Errorf("%s is %s, %v", key, rec.Phase, err)
			}
		}
	})
}

func TestHandlerThatFailsIsTriedAgainThenDeadLetteredThenReplayed(t *testing.T) {
	var runs, healthy atomic.Int32
	cc := client.Config{MaxAttempts: 4, OnComplete: map[string]client.Handler{
		"flaky": func(context.Context, client.Completion) error {
			if runs.Add(1); healthy.Load() == 1 {
				return nil
			}
			if runs.Load()%2 == 0 {
				panic("out of paper")
			}
			return errors.New("database down")
		},
		"hopeless": func(context.Context, client.Completion) error { return client.Discard(errors.New("no such order")) },
	}}
	play(t, mockserver.Config{}, cc, func(w *world) {
		w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "flaky", Key: "flaky"})
		w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "hopeless", Key: "hopeless"})
		stop := start(w.T, w.client)
		time.Sleep(time.Hour)
		if runs.Load() != 4 {
			t.Errorf("%d runs of 4", runs.Load())
		}
		reasons := map[string]string{}
		for op, err := range w.client.Dead(w.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			rec, _ := w.store.Get(w.Context(), "default", op.Ref())
			reasons[op.Key()] = rec.Reason
			healthy.Store(1)
			if err := op.Replay(w.Context()); err != nil {
				t.Error(err)
			}
			// The hopeless one may be dead again already.
			if err := op.Replay(w.Context()); err == nil && op.Key() == "flaky" {
				t.Error("replayed what is not dead")
			}
		}
		if !strings.Contains(reasons["flaky"], "out of paper") || reasons["hopeless"] != "no such order" {
			t.Errorf("reasons %q", reasons)
		}
		time.Sleep(time.Hour)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if rec, _ := w.store.GetByKey(w.Context(), "default", "flaky"); rec.Phase != store.Acknowledged || runs.Load() != 5 {
			t.Errorf("replayed: %s after %d runs", rec.Phase, runs.Load())
		}
		if rec, _ := w.store.GetByKey(w.Context(), "default", "hopeless"); rec.Phase != store.Dead {
			t.Errorf("hopeless: %s", rec.Phase)
		}
	})
}

func TestEveryCompletionIsHandledOnceByManyReplicas(t *testing.T) {
	var mu sync.Mutex
	runs := map[string]int{}
	busy, most := 0, 0
	h := func(ctx context.Context, done client.Completion) error {
		mu.Lock()
		runs[done.Ref]++
		busy++
		most = max(most, busy)
		mu.Unlock()
		select {
		case <-time.After(2 * time.Minute): // longer than a lease
		case <-ctx.Done():
			t.Errorf("cut off: %v", context.Cause(ctx))
		}
		mu.Lock()
		busy--
		mu.Unlock()
		return nil
	}
	cc := client.Config{OnComplete: map[string]client.Handler{"": h}, Workers: 3}
	play(t, mockserver.Config{Workers: 50}, cc, func(w *world) {
		var stops []func() error
		for range 3 {
			c := w.another(client.Config{Store: w.store, OnComplete: map[string]client.Handler{"": h}, Workers: 3})
			defer c.Close()
			stops = append(stops, start(w.T, c))
		}
		for range 40 {
			w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		}
		time.Sleep(time.Hour)
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		if len(runs) != 40 || most > 9 {
			t.Errorf("%d handled, up to %d at a time", len(runs), most)
		}
		for ref, n := range runs {
			if n != 1 {
				t.Errorf("%s was handled %d times", ref, n)
			}
		}
		if w.calls("POST", "") != 40 {
			t.Errorf("sent %d times", w.calls("POST", ""))
		}
	})
}

func TestLostLeaseCancelsTheHandlerAndAnotherTakesOver(t *testing.T) {
	var st *faultstore.Store
	var causes diaryOf
	var second atomic.Int32
	slow := func(ctx context.Context, _ client.Completion) error {
		st.Fail("Extend", faultstore.Always, errors.New("stopped")) // so is the process
		<-ctx.Done()
		causes.add("%v", context.Cause(ctx))
		return nil // too late: the decision is fenced
	}
	quick := func(context.Context, client.Completion) error { second.Add(1); return nil }
	synctest.Test(t, func(t *testing.T) {
		shared := store.NewMemory(store.MemoryConfig{})
		st = faultstore.New(shared)
		c1, _ := serving(t, client.Config{Store: st, Tenant: "fjord", OnComplete: map[string]client.Handler{"": slow}}, accepting(write(200, ended("200"))))
		defer c1.Close()
		c2, _ := serving(t, client.Config{Store: shared, Tenant: "fjord", OnComplete: map[string]client.Handler{"": quick}}, accepting(write(200, ended("200"))))
		defer c2.Close()
		op, err := c1.Submit(t.Context(), request("POST", "/v1/x", "{}"), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		stop1 := start(t, c1)
		time.Sleep(10 * time.Second)
		stop2 := start(t, c2)
		time.Sleep(10 * time.Minute)
		if got := causes.list(); !slices.Equal(got, []string{store.ErrFenced.Error()}) { // who lost it leaves it to the other
			t.Errorf("causes %q", got)
		}
		if rec, _ := shared.Get(t.Context(), "fjord", op.Ref()); rec.Phase != store.Acknowledged || rec.Attempts != 2 || second.Load() != 1 {
			t.Errorf("%s after %d runs, %d of them elsewhere", rec.Phase, rec.Attempts, second.Load())
		}
		if err := errors.Join(stop1(), stop2()); err != nil {
			t.Error(err)
		}
	})
}

func TestRunDrainsBeforeItReturns(t *testing.T) {
	for name, tt := range map[string]struct {
		work time.Duration
		want error
	}{"in time": {20 * time.Second, nil}, "too long": {time.Hour, client.ErrDrainTimeout}} {
		t.Run(name, func(t *testing.T) {
			var finished atomic.Int32
			cc := client.Config{DrainTimeout: time.Minute, OnComplete: map[string]client.Handler{"": func(ctx context.Context, _ client.Completion) error {
				select {
				case <-time.After(tt.work):
					finished.Add(1)
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}}}
			play(t, mockserver.Config{}, cc, func(w *world) {
				op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
				stop := start(w.T, w.client)
				time.Sleep(5 * time.Second)
				if err := w.client.Run(w.Context()); err == nil {
					t.Error("ran twice at once")
				}
				begin := time.Now()
				err := stop()
				if !errors.Is(err, tt.want) || tt.want == nil && err != nil || time.Since(begin) > time.Minute {
					t.Errorf("got %v after %v", err, time.Since(begin))
				}
				s, _ := op.State(w.Context())
				want := store.Acknowledged
				if tt.want != nil {
					want = store.Settled
				}
				if s.Phase != want || finished.Load() == 0 != (tt.want != nil) {
					t.Errorf("%s, %d finished", s.Phase, finished.Load())
				}
				counted := int(finished.Load()) // a run that was cut off is not
				if rec, _ := w.store.Get(w.Context(), "default", op.Ref()); rec.Attempts != counted || rec.Lease.Owner != "" {
					t.Errorf("%d attempts counted, want %d; leased to %q", rec.Attempts, counted, rec.Lease.Owner)
				}
			})
		})
	}
}

func TestHandlerTimeoutIsAFailure(t *testing.T) {
	var runs atomic.Int32
	cc := client.Config{HandlerTimeout: time.Minute, MaxAttempts: 2, OnComplete: map[string]client.Handler{"": func(ctx context.Context, _ client.Completion) error {
		runs.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}}}
	play(t, mockserver.Config{}, cc, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		stop := start(w.T, w.client)
		time.Sleep(time.Hour)
		if s, _ := op.State(w.Context()); s.Phase != store.Dead || runs.Load() != 2 {
			t.Errorf("%s after %d runs", s.Phase, runs.Load())
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestExpiredOperationsAreToldToTheirHandler(t *testing.T) {
	var got diaryOf
	cc := client.Config{OnComplete: map[string]client.Handler{"": func(_ context.Context, done client.Completion) error {
		got.add("%v %v", errors.Is(done.Err, client.ErrExpired), done.Result == nil)
		return nil
	}}}
	mc := mockserver.Config{Faults: []fault.Rule{{On: fault.OnState, Do: fault.Answer{Status: 404}}}}
	play(t, mc, cc, func(w *world) {
		w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		stop := start(w.T, w.client)
		time.Sleep(26 * time.Hour)
		if err := stop(); err != nil || !slices.Equal(got.list(), []string{"true true"}) {
			t.Errorf("%q, %v", got.list(), err)
		}
	})
}

func TestUnknownOperationsAreHandledOnlyIfAdopted(t *testing.T) {
	for _, adopt := range []bool{false, true} {
		var handled atomic.Int32
		cc := client.Config{AdoptUnmatched: adopt, OnComplete: map[string]client.Handler{"": func(context.Context, client.Completion) error { handled.Add(1); return nil }}}
		play(t, mockserver.Config{}, cc, func(w *world) {
			elsewhere := w.another(client.Config{})
			defer elsewhere.Close()
			op, err := elsewhere.Submit(w.Context(), request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
			if err != nil {
				t.Fatal(err)
			}
			stop := start(w.T, w.client)
			for _, id := range []string{op.ID(), id1} { // one of ours, one of nobody
				if _, err := w.store.Notify(w.Context(), store.Notification{ID: id, Tenant: "default", Body: []byte(id)}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(20 * time.Hour)
			if want := map[bool]int32{false: 0, true: 1}[adopt]; handled.Load() != want {
				t.Errorf("adopt %v: %d handled", adopt, handled.Load())
			}
			if n := w.calls("GET", id1); n > 60 {
				t.Errorf("%d polls of an operation of nobody", n)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRunSurvivesAStoreThatFails(t *testing.T) {
	st := faultstore.NewMemory()
	var handled atomic.Int32
	cc := client.Config{Store: st, Tenant: "fjord", OnComplete: map[string]client.Handler{"": func(context.Context, client.Completion) error { handled.Add(1); return nil }}}
	play(t, mockserver.Config{}, cc, func(w *world) {
		stop := start(w.T, w.client)
		w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		down(st, true)
		time.Sleep(30 * time.Minute)
		if n := w.calls("GET", "/v1/background/"); n > 200 {
			t.Errorf("%d polls while the store was down", n)
		}
		down(st, false)
		time.Sleep(15 * time.Minute)
		if err := stop(); err != nil || handled.Load() != 1 {
			t.Errorf("%v, %d handled", err, handled.Load())
		}
	})
}

func TestRunEndsWithTheClient(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		done := make(chan error, 1)
		go func() { done <- w.client.Run(w.Context()) }()
		time.Sleep(time.Second)
		w.client.Close()
		if err := <-done; !errors.Is(err, client.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
	if _, err := client.New(client.Config{BaseURL: base, OnComplete: map[string]client.Handler{"x": nil}, Workers: -1}); err == nil ||
		!strings.Contains(err.Error(), `OnComplete["x"]`) || !strings.Contains(err.Error(), "Workers") {
		t.Errorf("got %v", err)
	}
}
