package client_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
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

// nothing is a handler that is content with everything.
func nothing(context.Context, client.Completion) error { return nil }

// TestObserverIsToldHowEachOperationEnds has one operation end in each way,
// awaited by a Wait and by Run.
func TestObserverIsToldHowEachOperationEnds(t *testing.T) {
	const about = `settled POST /v2/customerinvoice "k" `
	lost := fault.Rule{On: fault.OnIntake, Times: 1, Do: fault.Answer{Process: true, Drop: true}}
	tests := []struct {
		name   string
		body   string
		notify client.Notify
		rules  []fault.Rule
		after  func(*world, *client.Operation)
		want   string
	}{
		{name: "by polls", body: invoice, want: about + "succeeded 201 by=poll late=false polls="},
		{name: "by a notification", body: invoice, notify: client.Subscription(), want: about + "succeeded 201 by=notification late=false polls=1 after=10s ran=10s link=link"},
		{name: "an answer that is no success", body: `{}`, notify: client.Subscription(), want: about + "failed 400 by=notification late=false polls=1 after=10s ran=10s link=link"},
		{
			name: "not run at all", body: invoice, notify: client.Subscription(), rules: []fault.Rule{{Do: fault.Queue{Fail: "restarted"}}},
			want: about + "failed 500 by=notification late=false polls=1 after=10s ran=10s link=link",
		},
		{
			name: "forgotten by the ERP", body: invoice, rules: []fault.Rule{{On: fault.OnState, Do: fault.Answer{Status: 404}}},
			want: about + "expired 0 by=poll late=false polls=",
		},
		{
			name: "late", body: invoice, notify: client.Subscription(),
			rules: []fault.Rule{lost, {Do: fault.Notify{Delay: time.Minute}}},
			after: func(w *world, op *client.Operation) {
				if err := op.Resolve(w.Context(), client.GivenUp("nobody knows")); err != nil {
					w.Error(err)
				}
			},
			want: about + "succeeded 201 by=notification late=true polls=1 after=0s ran=10s link=link",
		},
	}
	for _, tt := range tests {
		for _, by := range []string{"Wait", "Run"} {
			t.Run(tt.name+" for "+by, func(t *testing.T) {
				d := &diary{link: "link"}
				cc := client.Config{Observer: d, Notify: tt.notify, OnComplete: map[string]client.Handler{"k": nothing}}
				play(t, mockserver.Config{ExecTime: mockserver.Fixed(10 * time.Second), Faults: tt.rules}, cc, func(w *world) {
					op, err := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", tt.body), client.SubmitOptions{Kind: "k"})
					if op == nil {
						w.Fatal(err)
					}
					if tt.after != nil {
						tt.after(w, op)
					}
					if by == "Run" {
						stop := start(w.T, w.client)
						time.Sleep(30 * time.Hour)
						if err := stop(); err != nil {
							w.Error(err)
						}
					}
					for range 2 { // told of once, however often it is asked for
						if tt.after == nil {
							_, _ = op.Wait(testkit.Within(w.T, 30*time.Hour))
						} else {
							time.Sleep(2 * time.Minute)
							_, _ = op.Wait(testkit.Within(w.T, time.Hour))
						}
					}
					if got := d.about("settled"); len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
						t.Errorf("got %q, want one %s", got, tt.want)
					}
				})
			})
		}
	}
}

// slowReport is a store that takes a terminal state only after a while: a
// process that was stopped just then.
type slowReport struct {
	store.Store
	slept atomic.Bool
}

func (s *slowReport) Report(ctx context.Context, tenant, ref string, f store.Fact) (store.Record, error) {
	if _, end := f.(store.SettledFact); end && s.slept.CompareAndSwap(false, true) {
		time.Sleep(time.Hour)
		ctx = context.WithoutCancel(ctx) // it had no time to end
	}
	return s.Store.Report(ctx, tenant, ref, f)
}

func TestReplicasTellOfAnEndOnceBetweenThem(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		d := &diary{}
		cc := client.Config{Observer: d, OnComplete: map[string]client.Handler{"": nothing}, Store: store.NewMemory(store.MemoryConfig{})}
		shared := cc.Store
		if stopped {
			cc.Store, cc.Tenant = &slowReport{Store: shared}, "default"
		}
		play(t, mockserver.Config{}, cc, func(w *world) {
			stops := []func() error{start(w.T, w.client)}
			for range 20 {
				w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
			}
			for range 2 {
				c := w.another(client.Config{Observer: d, OnComplete: cc.OnComplete, Store: shared})
				defer c.Close()
				stops = append(stops, start(w.T, c))
			}
			time.Sleep(5 * time.Hour)
			for _, stop := range stops {
				if err := stop(); err != nil {
					t.Error(err)
				}
			}
			if n, runs := len(d.about("settled")), len(d.about("acknowledged")); n != 20 || runs != 20 {
				t.Errorf("stopped %v: told of %d ends and %d runs, want 20 and 20", stopped, n, runs)
			}
		})
	}
}

func TestObserverIsToldOfAnswersInTheForeground(t *testing.T) {
	d := &diary{link: "link"}
	withERP(t, client.Config{Observer: d}, write(201, ``), func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
		post(t, c)
		st.Fail("Report", 2, errDisk)
		if _, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice?x=1", invoice), client.SubmitOptions{}); err == nil {
			t.Error("recorded by a store that fails")
		}
		const line = `settled POST /v2/customerinvoice "" succeeded 201 by=foreground late=false polls=0 after=0s ran=0s link=link`
		if got := d.about("settled"); !slices.Equal(got, []string{line}) {
			t.Errorf("before the second is recorded: %q", got)
		}
		time.Sleep(time.Minute)
		if got := d.about("settled"); !slices.Equal(got, []string{line, line}) {
			t.Errorf("got %q, want two", got)
		}
	})
}

// TestObserverIsToldOfEachRunOfAHandler has runs end in each way.
func TestObserverIsToldOfEachRunOfAHandler(t *testing.T) {
	paper := errors.New("out of paper")
	tests := map[string]struct {
		run  func(ctx context.Context, done client.Completion) error
		want []string
	}{
		"acknowledged": {func(context.Context, client.Completion) error { time.Sleep(3 * time.Second); return nil }, []string{
			`handle GET /v1/customerinvoice "k" attempt=1 late=0s`, "acknowledged err=<nil> after=3s",
		}},
		"retried": {func(_ context.Context, done client.Completion) error {
			if done.Attempt < 2 {
				return paper
			}
			return nil
		}, []string{
			`handle GET /v1/customerinvoice "k" attempt=1 late=0s`, "retried err=out of paper after=0s",
			`handle GET /v1/customerinvoice "k" attempt=2 late=0s`, "acknowledged err=<nil> after=0s",
		}},
		"dead": {func(context.Context, client.Completion) error { panic(paper) }, []string{
			`handle GET /v1/customerinvoice "k" attempt=1 late=0s`, "retried err=the handler panicked: out of paper after=0s",
			`handle GET /v1/customerinvoice "k" attempt=2 late=0s`, "dead err=the handler panicked: out of paper after=0s",
		}},
		"discarded": {func(context.Context, client.Completion) error { return client.Discard(paper) }, []string{
			`handle GET /v1/customerinvoice "k" attempt=1 late=0s`, "discarded err=out of paper after=0s",
		}},
		"interrupted": {func(ctx context.Context, _ client.Completion) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}, []string{
			`handle GET /v1/customerinvoice "k" attempt=1 late=0s`, "interrupted err=handlers were cut off by the drain timeout after=9m",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &diary{}
			cc := client.Config{Observer: d, MaxAttempts: 2, DrainTimeout: 5 * time.Minute, OnComplete: map[string]client.Handler{"k": tt.run}}
			play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Second)}, cc, func(w *world) {
				w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "k"})
				stop := start(w.T, w.client)
				time.Sleep(5 * time.Minute)
				if err := stop(); err != nil && !errors.Is(err, client.ErrDrainTimeout) {
					t.Error(err)
				}
				got := d.about("handle", "acknowledged", "retried", "dead", "discarded", "interrupted", "lost")
				if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
				}
			})
		})
	}
}

// TestObserverIsToldOfLostRuns has a handler lose its lease, and the store
// refuse what the handler decided.
func TestObserverIsToldOfLostRuns(t *testing.T) {
	runs := []string{"handle", "acknowledged", "lost"}
	t.Run("lease", func(t *testing.T) {
		d := &diary{}
		var st *faultstore.Store
		var once sync.Once
		h := func(ctx context.Context, _ client.Completion) error {
			once.Do(func() {
				st.Fail("Extend", faultstore.Always, errors.New("stopped"))
				<-ctx.Done()
				st.Fail("Extend", 0, nil)
			})
			return nil // the first time it is too late
		}
		synctest.Test(t, func(t *testing.T) {
			st = faultstore.NewMemory()
			c, _ := serving(t, client.Config{Observer: d, Store: st, Tenant: "fjord", OnComplete: map[string]client.Handler{"": h}}, accepting(write(200, ended("200"))))
			defer c.Close()
			post(t, c)
			stop := start(t, c)
			time.Sleep(10 * time.Minute)
			want := []string{
				`handle POST /v2/customerinvoice "" attempt=1 late=0s`, "lost err=<nil> after=25s",
				`handle POST /v2/customerinvoice "" attempt=2 late=30s`, "acknowledged err=<nil> after=0s",
			}
			if got := d.about(runs...); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("store", func(t *testing.T) {
		d := &diary{}
		var st *faultstore.Store
		h := func(context.Context, client.Completion) error { st.Fail("Decide", 1, errDisk); return nil }
		withERP(t, client.Config{Observer: d, OnComplete: map[string]client.Handler{"": func(ctx context.Context, done client.Completion) error {
			if len(d.about("lost")) == 0 {
				return h(ctx, done)
			}
			return nil
		}}}, accepting(write(200, ended("200"))), func(t *testing.T, c *client.Client, s *faultstore.Store, _ *hits) {
			st = s
			post(t, c)
			stop := start(t, c)
			time.Sleep(10 * time.Minute)
			got := d.about(runs...)
			if len(got) != 4 || got[1] != "lost err=<nil> after=0s" || got[3] != "acknowledged err=<nil> after=0s" {
				t.Errorf("got %q", got)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestAHandlerReachesItsClientAndItsTrace submits the next step from a handler.
func TestAHandlerReachesItsClientAndItsTrace(t *testing.T) {
	d := &diary{}
	var next atomic.Int32
	cc := client.Config{Observer: d, OnComplete: map[string]client.Handler{
		"first": func(ctx context.Context, done client.Completion) error {
			if ctx.Value(marked{}) == nil {
				t.Error("the handler's context is not the observer's")
			}
			_, err := done.Client.Submit(ctx, request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "second", Key: "second/" + done.Ref})
			return err
		},
		"second": func(_ context.Context, done client.Completion) error { next.Add(1); return nil },
	}}
	play(t, mockserver.Config{}, cc, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{Kind: "first"})
		if op.Client() != w.client {
			t.Error("another client")
		}
		stop := start(w.T, w.client)
		time.Sleep(5 * time.Minute)
		if err := stop(); err != nil || next.Load() != 1 {
			t.Errorf("%v; the second step was handled %d times", err, next.Load())
		}
	})
}

// few is an observer that wants to hear of some things only.
type few struct {
	client.NopObserver
	ends atomic.Int32
}

func (f *few) Settled(context.Context, client.Settled) { f.ends.Add(1) }

func TestAnObserverMayHearOfSomeThingsOnly(t *testing.T) {
	f := &few{}
	play(t, mockserver.Config{}, client.Config{Observer: f, OnComplete: map[string]client.Handler{"": nothing}}, func(w *world) {
		w.wait(w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{}))
		stop := start(w.T, w.client)
		time.Sleep(time.Minute)
		if err := stop(); err != nil || f.ends.Load() != 1 {
			t.Errorf("%v, told of %d ends", err, f.ends.Load())
		}
	})
}

// TestAnAnswerInTheForegroundSurvivesAStoreThatFails has the store fail when
// the answer is to be recorded.
func TestAnAnswerInTheForegroundSurvivesAStoreThatFails(t *testing.T) {
	body := `{"referenceNumber":"000001"}`
	fail := func(t *testing.T, c *client.Client, st *faultstore.Store, n int) (*client.Operation, error) {
		t.Helper()
		st.Fail("Report", n, errDisk)
		op, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "k"})
		unrecorded, ok := errors.AsType[*client.RecordError](err)
		if !ok || op == nil || unrecorded.Ref != op.Ref() || unrecorded.ID != "" || unrecorded.StatusCode != 201 || !errors.Is(err, errDisk) {
			t.Fatalf("got %v", err)
		}
		if want := "ran in the foreground with status 201 and is not yet recorded: disk full"; !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
		return op, err
	}
	erp := write(201, body, "Location", "/v1/customerinvoice/7")
	t.Run("written later", func(t *testing.T) {
		withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, st *faultstore.Store, n *hits) {
			op, _ := fail(t, c, st, 5)
			res, err := op.Wait(testkit.Within(t, 10*time.Minute))
			if err != nil || res.StatusCode != 201 || !res.Foreground || res.Header.Get("Location") == "" {
				t.Fatalf("got %+v, %v", res, err)
			}
			if got, err := res.Bytes(t.Context()); string(got) != body || err != nil {
				t.Errorf("got %s, %v", got, err)
			}
			again, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "k"})
			if err != nil || again.Ref() != op.Ref() || n.of("POST") != 1 {
				t.Errorf("again: %v, %v, sent %d times", again, err, n.of("POST"))
			}
		})
	})
	t.Run("written for Do", func(t *testing.T) {
		withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			st.Fail("Report", 5, errDisk)
			resp, err := c.Do(request("POST", base+"/v2/customerinvoice", invoice))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusCreated {
				t.Errorf("got %s", resp.Status)
			}
		})
	})
	t.Run("lost with the process", func(t *testing.T) {
		withERP(t, client.Config{}, erp, func(t *testing.T, c *client.Client, st *faultstore.Store, _ *hits) {
			op, _ := fail(t, c, st, 1000)
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
			if rec := record(t, st, op); rec.Phase != store.Uncertain {
				t.Errorf("it is %s, want the careful side", rec.Phase)
			}
		})
	})
}
