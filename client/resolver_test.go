package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/store"
)

// oracle is a resolver that answers as it is set, and remembers when it was asked.
type oracle struct {
	mu     sync.Mutex // guards the rest
	answer client.Resolver
	asked  []time.Time
	seen   []client.Unresolved
	inside int
	most   int // that were asked at a time
}

func (o *oracle) set(r client.Resolver) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = r
}

func (o *oracle) resolve(ctx context.Context, u client.Unresolved) (client.Resolution, error) {
	o.mu.Lock()
	o.asked, o.seen = append(o.asked, time.Now()), append(o.seen, u)
	o.inside++
	o.most = max(o.most, o.inside)
	answer := o.answer
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.inside--
	}()
	return answer(ctx, u)
}

func (o *oracle) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

// telling returns a resolver that answers always the same.
func telling(r client.Resolution, err error) client.Resolver {
	return func(context.Context, client.Unresolved) (client.Resolution, error) { return r, err }
}

var made = client.Answer{StatusCode: 201, Header: http.Header{"Location": {"/v1/customerinvoice/300142"}}}

// resolving runs f with an uncertain operation of which an oracle may tell, and
// a client that runs.
func resolving(t *testing.T, cc client.Config, answer client.Resolver, f func(*testing.T, *client.Client, *told, *client.Operation, *oracle)) {
	t.Helper()
	o := &oracle{answer: answer}
	cc.Resolvers = map[string]client.Resolver{"": o.resolve}
	withTold(t, cc, func(t *testing.T, c *client.Client, e *told, op *client.Operation) {
		stop := start(t, c)
		f(t, c, e, op, o)
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func stateOf(t *testing.T, op *client.Operation) client.State {
	t.Helper()
	s, err := op.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAResolverTellsWhatBecameOfACall has a resolver find what a call made.
func TestAResolverTellsWhatBecameOfACall(t *testing.T) {
	t.Run("it ended", func(t *testing.T) {
		var done []client.Completion
		cc := client.Config{OnComplete: map[string]client.Handler{"": func(_ context.Context, d client.Completion) error { done = append(done, d); return nil }}}
		resolving(t, cc, telling(client.EndedWith(made, "invoice 300142 has our order's number"), nil), func(t *testing.T, c *client.Client, _ *told, op *client.Operation, o *oracle) {
			time.Sleep(time.Second)
			s := stateOf(t, op)
			if s.Phase != store.Acknowledged || s.StatusCode != 201 || s.Told != `the resolver of "": invoice 300142 has our order's number` {
				t.Errorf("got %+v, want it ended as the resolver told, and its handler called", s)
			}
			if u := o.seen[0]; len(o.seen) != 1 || u.Client != c || u.Ref != op.Ref() || u.Key != "order-1" || u.Method != "POST" || u.Path != "/v2/customerinvoice" ||
				u.State.Phase != store.Uncertain || u.State.Reason == "" || u.State.Sent.IsZero() || u.State.Asked != 1 {
				t.Errorf("asked %d times, with %+v", len(o.seen), u)
			}
			if len(done) != 1 || done[0].Result.CreatedID() != "300142" || done[0].Err != nil {
				t.Errorf("the handler got %+v", done)
			}
			again, err := c.Submit(t.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1"})
			if err != nil || again.Ref() != op.Ref() {
				t.Errorf("the key is not held any more: %v, %v", again, err)
			}
		})
	})
	t.Run("it was accepted", func(t *testing.T) {
		resolving(t, client.Config{}, telling(client.AcceptedAs(id1), nil), func(t *testing.T, _ *client.Client, e *told, op *client.Operation, o *oracle) {
			time.Sleep(time.Second)
			if s := stateOf(t, op); s.Phase != store.Uncertain || o.count() != 1 {
				t.Fatalf("got %+v after %d questions, want it uncertain while the ERP shows nothing", s, o.count())
			}
			e.set(ours(`"status":"Started"`))
			time.Sleep(time.Minute)
			if s := stateOf(t, op); s.Phase != store.Accepted || s.ID != id1 || s.Tentative || s.Status != "Started" {
				t.Fatalf("got %+v, want it accepted, and confirmed by the ERP", s)
			}
			e.set(ours(`"status":"Finished","statusCode":201`))
			time.Sleep(time.Minute)
			if s := stateOf(t, op); s.Phase != store.Settled || s.Told != "" || o.count() != 2 {
				t.Errorf("got %+v after %d questions, want the ERP's own answer after 2", s, o.count())
			}
		})
	})
	t.Run("it is certainly not there", func(t *testing.T) {
		resolving(t, client.Config{}, telling(client.NotAccepted("no invoice has our order's number"), nil), func(t *testing.T, c *client.Client, _ *told, op *client.Operation, o *oracle) {
			time.Sleep(15*time.Minute - time.Second)
			if s := stateOf(t, op); s.Phase != store.Uncertain || o.count() < 3 {
				t.Errorf("got %+v after %d questions, want it uncertain: the ERP may still be at it", s, o.count())
			}
			time.Sleep(15 * time.Minute)
			if s := stateOf(t, op); s.Phase != store.Rejected || s.Reason != `the resolver of "": no invoice has our order's number` {
				t.Errorf("got %+v, want it not accepted as the resolver told", s)
			}
			if _, err := c.OperationByKey(t.Context(), "order-1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("got %v, want the key free", err)
			}
		})
	})
	t.Run("what an end means", func(t *testing.T) {
		o := &oracle{answer: telling(client.EndedWith(made, "it is there"), nil)}
		cc := client.Config{Resolvers: map[string]client.Resolver{"": o.resolve}}
		bubble(t, cc, accepting(write(200, stateDoc(`"Completed"`, anEnd))), func(t *testing.T, c *client.Client, _ *hits) {
			op := post(t, c)
			stop := start(t, c)
			time.Sleep(time.Hour)
			if s := stateOf(t, op); s.Phase != store.Settled || s.Told == "" || o.count() != 1 || o.seen[0].State.Phase != store.Unclear || o.seen[0].ID != id1 {
				t.Errorf("got %+v after %d questions %+v", s, o.count(), o.seen)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestAResolverIsAskedOnlyOnceNothingElseMayTell has the ERP asked for a
// notification.
func TestAResolverIsAskedOnlyOnceNothingElseMayTell(t *testing.T) {
	resolving(t, client.Config{Notify: client.WebhookURL(hookBase+"/erp", secret)}, telling(client.NotAccepted("it is not there"), nil),
		func(t *testing.T, _ *client.Client, _ *told, op *client.Operation, o *oracle) {
			begun := time.Now()
			time.Sleep(15*time.Minute - time.Second)
			if o.count() != 0 {
				t.Fatalf("asked %d times while a notification may tell", o.count())
			}
			time.Sleep(2 * time.Second)
			if s := stateOf(t, op); s.Phase != store.Rejected || o.count() != 1 {
				t.Errorf("got %+v after %d questions in %v, want it resolved by one", s, o.count(), time.Since(begun))
			}
		})
}

// TestAResolverThatDoesNotTellIsAskedAgain has resolvers fail in every way.
func TestAResolverThatDoesNotTellIsAskedAgain(t *testing.T) {
	tests := map[string]struct {
		answer client.Resolver
		needs  bool // a person
		log    string
	}{
		"it does not know":      {telling(client.Resolution{}, client.ErrNotYet), false, ""},
		"that is wrapped":       {telling(client.NotAccepted("x"), fmt.Errorf("page 2: %w", client.ErrNotYet)), false, ""},
		"an error":              {telling(client.Resolution{}, errors.New("the search is down")), true, "the search is down"},
		"an error and a word":   {telling(client.NotAccepted("x"), errors.New("the search is down")), true, "the search is down"},
		"a panic":               {func(context.Context, client.Unresolved) (client.Resolution, error) { panic("a nil map") }, true, "the resolver panicked: a nil map"},
		"it ends its goroutine": {func(context.Context, client.Unresolved) (client.Resolution, error) { runtime.Goexit(); panic("") }, true, "ended its goroutine"},
		"it is slow": {func(ctx context.Context, _ client.Unresolved) (client.Resolution, error) {
			<-ctx.Done()
			return client.Resolution{}, ctx.Err()
		}, true, "context deadline exceeded"},
		"it never looks at its context": {func(context.Context, client.Unresolved) (client.Resolution, error) {
			time.Sleep(10 * time.Minute)
			return client.NotAccepted("x"), nil
		}, false, ""},
		"no word":         {telling(client.Resolution{}, nil), true, "want AcceptedAs"},
		"no reason":       {telling(client.NotAccepted(" "), nil), true, "want a reason"},
		"no status code":  {telling(client.EndedWith(client.Answer{}, "x"), nil), true, "StatusCode 0"},
		"no id":           {telling(client.AcceptedAs("300142"), nil), true, "EndedWith"},
		"an id of nobody": {telling(client.AcceptedAs(id1), nil), true, "could not be asked"},
		"a person's word": {telling(client.GivenUp("nobody knows"), nil), true, "want a person's word"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log, lines := logTo()
			d := &diary{}
			resolving(t, client.Config{Logger: log, Observer: d}, tt.answer, func(t *testing.T, c *client.Client, _ *told, op *client.Operation, o *oracle) {
				time.Sleep(14 * time.Minute)
				n := o.count()
				if s := stateOf(t, op); s.Phase != store.Uncertain || s.Asked != n || n < 2 || n > 8 || s.ID != "" {
					t.Errorf("got %+v after %d questions, want it as it was after 2 to 8", s, n)
				}
				for i := range n - 1 {
					// The slow ones are asked when they have answered.
					if wait, least := o.asked[i+1].Sub(o.asked[i]), 9*time.Second<<i; wait < least {
						t.Errorf("question %d came %v after the one before, want at least %v", i+2, wait, least)
					}
				}
				told := d.about("attention")
				if tt.needs != (len(told) == 1) || tt.needs && !strings.Contains(told[0], "resolver_fails") {
					t.Errorf("the observer was told %q, want that a person is needed once: %v", told, tt.needs)
				}
				if !strings.Contains(lines.String(), tt.log) || strings.Count(lines.String(), `level=ERROR msg="a resolver`) != len(told) {
					t.Errorf("want %q in the log, and an Error for each that the observer was told of:\n%s", tt.log, lines)
				}
				if _, err := c.OperationByKey(t.Context(), "order-1"); err != nil {
					t.Errorf("the key is free: %v", err)
				}
				o.set(telling(client.EndedWith(made, "found it"), nil))
				time.Sleep(time.Hour)
				if s := stateOf(t, op); s.Phase != store.Settled || s.Told == "" {
					t.Errorf("got %+v, want it resolved in the end", s)
				}
			})
		})
	}
}

// TestAPersonIsToldWhatNoResolverKnows waits for as long as the ERP keeps an
// operation.
func TestAPersonIsToldWhatNoResolverKnows(t *testing.T) {
	d := &diary{}
	resolving(t, client.Config{Observer: d}, telling(client.Resolution{}, client.ErrNotYet), func(t *testing.T, _ *client.Client, _ *told, _ *client.Operation, o *oracle) {
		time.Sleep(24*time.Hour - time.Minute)
		if told := d.about("attention"); len(told) != 0 {
			t.Errorf("told of %q within a day", told)
		}
		time.Sleep(24 * time.Hour)
		if told := d.about("attention"); len(told) != 1 || !strings.Contains(told[0], "uncertain") {
			t.Errorf("told of %q after a day, want that it is uncertain, once", told)
		}
		if n := o.count(); n < 48 || n > 65 {
			t.Errorf("asked %d times in two days, want about once an hour", n)
		}
	})
}

// TestAResolversWordDoesNotOverruleWhatBecameKnown has something else become known
// while a resolver is asked, which says that there is nothing.
func TestAResolversWordDoesNotOverruleWhatBecameKnown(t *testing.T) {
	tests := map[string]struct {
		meanwhile func(context.Context, store.Store, client.Unresolved) error
		want      store.Phase
	}{
		"a late 202": {func(ctx context.Context, st store.Store, u client.Unresolved) error {
			_, err := st.Report(ctx, "default", u.Ref, store.AcceptedFact{ID: id1, Source: store.FromAnswer})
			return err
		}, store.Settled},
		"a notification": {func(ctx context.Context, st store.Store, u client.Unresolved) error {
			_, err := st.Notify(ctx, store.Notification{Ref: u.Ref, ID: id1, Mode: "subscription", ReceivedAt: time.Now()})
			return err
		}, store.Settled},
		"a person": {func(ctx context.Context, st store.Store, u client.Unresolved) error {
			_, err := st.Report(ctx, "default", u.Ref, store.SettledFact{ByUser: true, Outcome: store.Outcome{StatusCode: 201, Told: "I saw it"}})
			return err
		}, store.Settled},
	}
	for name, tt := range tests {
		for say, r := range map[string]client.Resolution{
			"not there": client.NotAccepted("it is not there"), "another end": client.EndedWith(client.Answer{StatusCode: 400}, "x"), "another id": client.AcceptedAs(id2),
		} {
			t.Run(name+", "+say, func(t *testing.T) {
				st := store.NewMemory(store.MemoryConfig{})
				defer st.Close()
				cc := client.Config{Store: st, Tenant: "default", UncertainAfter: time.Minute}
				resolving(t, cc, telling(client.Resolution{}, client.ErrNotYet), func(t *testing.T, c *client.Client, e *told, op *client.Operation, o *oracle) {
					e.set(ours(`"status":"Finished","statusCode":201`))
					time.Sleep(10 * time.Minute)
					o.set(func(ctx context.Context, u client.Unresolved) (client.Resolution, error) {
						return r, tt.meanwhile(ctx, st, u)
					})
					if _, err := op.AskResolver(t.Context()); err == nil || !strings.Contains(err.Error(), "became known meanwhile") {
						t.Errorf("got %v, want that its answer came too late", err)
					}
					time.Sleep(10 * time.Minute)
					s := stateOf(t, op)
					if s.Phase != tt.want || s.StatusCode != 201 || strings.Contains(s.Told+s.Reason, "resolver") {
						t.Errorf("got %+v, want what became known", s)
					}
					if _, err := c.OperationByKey(t.Context(), "order-1"); err != nil {
						t.Errorf("the key is free: %v", err)
					}
				})
			})
		}
	}
}

// TestANotificationThatNobodyRefutedOutweighsAResolver has a notification name an
// id that the ERP does not tell of, and a resolver find nothing.
func TestANotificationThatNobodyRefutedOutweighsAResolver(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	cc := client.Config{Store: st, Tenant: "default"}
	resolving(t, cc, telling(client.NotAccepted("it is not there"), nil), func(t *testing.T, _ *client.Client, e *told, op *client.Operation, o *oracle) {
		time.Sleep(time.Minute)
		if _, err := st.Notify(t.Context(), store.Notification{Ref: op.Ref(), ID: id1, Mode: "subscription", ReceivedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Hour)
		if s := stateOf(t, op); s.Phase != store.Uncertain {
			t.Errorf("got %+v after %d questions, want it uncertain", s, o.count())
		}
		if _, err := op.AskResolver(t.Context()); err == nil || !strings.Contains(err.Error(), id1) {
			t.Errorf("got %v, want the id that speaks against it", err)
		}
		e.set(ours(`"status":"Finished","statusCode":201`))
		time.Sleep(3 * time.Hour)
		if s := stateOf(t, op); s.Phase != store.Settled || s.ID != id1 {
			t.Errorf("got %+v, want the operation of the notification", s)
		}
	})
}

// TestReplicasAskOneAtATime has three replicas run with the same store.
func TestReplicasAskOneAtATime(t *testing.T) {
	st := store.NewMemory(store.MemoryConfig{})
	defer st.Close()
	cc := client.Config{Store: st, Tenant: "default"}
	slow := func(ctx context.Context, _ client.Unresolved) (client.Resolution, error) {
		time.Sleep(5 * time.Second)
		return client.Resolution{}, client.ErrNotYet
	}
	resolving(t, cc, slow, func(t *testing.T, _ *client.Client, _ *told, op *client.Operation, o *oracle) {
		cc.Resolvers = map[string]client.Resolver{"": o.resolve}
		for range 2 {
			c, _ := serving(t, cc, write(500, ``))
			defer c.Close()
			stop := start(t, c)
			defer func() {
				if err := stop(); err != nil {
					t.Error(err)
				}
			}()
		}
		time.Sleep(10 * time.Minute)
		if n := o.count(); o.most != 1 || n < 5 || n > 7 {
			t.Errorf("asked %d times, up to %d at a time, want as often as one replica asks, and one at a time", n, o.most)
		}
		o.set(telling(client.EndedWith(made, "found it"), nil))
		time.Sleep(time.Hour)
		n := o.count()
		time.Sleep(24 * time.Hour)
		if s := stateOf(t, op); s.Phase != store.Settled || s.Told == "" || o.count() != n {
			t.Errorf("got %+v, and %d questions after the end", s, o.count()-n)
		}
	})
}

// TestWhoIsKilledWhileItAsksIsReplaced leaves behind what a process does that is
// killed while it asks.
func TestWhoIsKilledWhileItAsksIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory(store.MemoryConfig{})
		defer st.Close()
		rec, err := st.Create(t.Context(), store.Record{
			Tenant: "default", Ref: "r1", Phase: store.Sending, Method: "POST", Path: "/v1/x", Key: "k", Notify: "none", Origin: base,
		}, "sender", 30*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for n := range 3 { // each takes its process with it
			_, got, err := st.Acquire(t.Context(), "default", rec.Ref, fmt.Sprint("killed ", n), store.ToResolve, time.Minute)
			if err != nil || got.Asks != n+1 {
				t.Fatalf("got %+v, %v", got, err)
			}
			time.Sleep(time.Minute)
		}
		if _, _, err := st.Acquire(t.Context(), "default", rec.Ref, "killed", store.ToResolve, time.Minute); err != nil {
			t.Fatal(err)
		}
		killed := time.Now()
		o := &oracle{answer: telling(client.EndedWith(made, "found it"), nil)}
		c, hits := serving(t, client.Config{Store: st, Tenant: "default", Resolvers: map[string]client.Resolver{"": o.resolve}}, write(500, ``))
		defer c.Close()
		stop := start(t, c)
		time.Sleep(10 * time.Minute)
		if got, err := st.Get(t.Context(), "default", rec.Ref); err != nil || got.Phase != store.Settled || o.count() != 1 || hits.of("POST") != 0 {
			t.Fatalf("got %+v, %v after %d questions", got, err, o.count())
		}
		// The fourth wait is 80 s, give or take a tenth.
		if waited := o.asked[0].Sub(killed); waited < 72*time.Second || waited > 88*time.Second {
			t.Errorf("asked %v after the fourth question began, want the wait after that", waited)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestAResolverIsAskedByName asks without Run.
func TestAResolverIsAskedByName(t *testing.T) {
	o := &oracle{answer: telling(client.NotAccepted("it is not there"), nil)}
	withTold(t, client.Config{Resolvers: map[string]client.Resolver{"": o.resolve}}, func(t *testing.T, c *client.Client, _ *told, op *client.Operation) {
		if s, err := op.AskResolver(t.Context()); !errors.Is(err, client.ErrNotYet) || s.Phase != store.Uncertain || s.Asked != 1 {
			t.Errorf("got %+v, %v, want that it is too soon", s, err)
		}
		time.Sleep(15 * time.Minute)
		if s, err := op.AskResolver(t.Context()); err != nil || s.Phase != store.Rejected {
			t.Errorf("got %+v, %v, want it not accepted", s, err)
		}
		if s, err := op.AskResolver(t.Context()); err != nil || s.Phase != store.Rejected || o.count() != 2 {
			t.Errorf("got %+v, %v after %d questions, want no third one", s, err, o.count())
		}
		c.Close()
		if _, err := op.AskResolver(t.Context()); !errors.Is(err, client.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
	withTold(t, client.Config{}, func(t *testing.T, _ *client.Client, _ *told, op *client.Operation) {
		if _, err := op.AskResolver(t.Context()); err == nil || !strings.Contains(err.Error(), "Config.Resolvers") {
			t.Errorf("got %v, want that there is no resolver", err)
		}
	})
	if _, err := client.New(client.Config{BaseURL: base, Resolvers: map[string]client.Resolver{"invoice": nil}}); err == nil || !strings.Contains(err.Error(), `Resolvers["invoice"]`) {
		t.Errorf("got %v, want the resolver that is missing", err)
	}
}

// TestAShutdownEndsAQuestion stops a client whose resolver waits for its context.
func TestAShutdownEndsAQuestion(t *testing.T) {
	o := &oracle{answer: func(ctx context.Context, _ client.Unresolved) (client.Resolution, error) {
		<-ctx.Done()
		return client.Resolution{}, ctx.Err()
	}}
	d := &diary{}
	cc := client.Config{Observer: d, DrainTimeout: 2 * time.Second, Resolvers: map[string]client.Resolver{"": o.resolve}}
	withTold(t, cc, func(t *testing.T, c *client.Client, _ *told, op *client.Operation) {
		stop := start(t, c)
		time.Sleep(time.Second)
		begun := time.Now()
		if err := stop(); !errors.Is(err, client.ErrDrainTimeout) || time.Since(begun) != 2*time.Second {
			t.Errorf("got %v after %v, want it cut off after 2 s", err, time.Since(begun))
		}
		if s := stateOf(t, op); s.Phase != store.Uncertain || s.Asked != 1 || slices.ContainsFunc(d.about("attention"), func(s string) bool { return strings.Contains(s, "resolver") }) {
			t.Errorf("got %+v, and told %q", s, d.about("attention"))
		}
	})
}

// rivalry is a store in which another replica asks just before this one does.
type rivalry struct {
	store.Store
	asks int // how often it still does
}

func (s *rivalry) Acquire(ctx context.Context, tenant, ref, owner string, purpose store.Purpose, ttl time.Duration) (store.Lease, store.Record, error) {
	if purpose == store.ToResolve && s.asks > 0 {
		s.asks--
		l, _, err := s.Store.Acquire(ctx, tenant, ref, "rival", purpose, ttl)
		if err = errors.Join(err, s.Release(ctx, l)); err != nil {
			return store.Lease{}, store.Record{}, err
		}
	}
	return s.Store.Acquire(ctx, tenant, ref, owner, purpose, ttl)
}

// TestWhatAnotherReplicaHasJustAskedIsNotAsked has a rival ask between the reading
// of a record and its lease.
func TestWhatAnotherReplicaHasJustAskedIsNotAsked(t *testing.T) {
	st := &rivalry{Store: store.NewMemory(store.MemoryConfig{}), asks: 1}
	defer st.Close()
	resolving(t, client.Config{Store: st, Tenant: "default"}, telling(client.EndedWith(made, "found it"), nil), func(t *testing.T, _ *client.Client, _ *told, op *client.Operation, o *oracle) {
		time.Sleep(5 * time.Second)
		if s := stateOf(t, op); o.count() != 0 || s.Phase != store.Uncertain {
			t.Errorf("asked %d times right after a rival, and got %+v", o.count(), s)
		}
		time.Sleep(time.Minute)
		if s := stateOf(t, op); o.count() != 1 || s.Phase != store.Settled {
			t.Errorf("asked %d times, and got %+v, want it resolved by the next question", o.count(), s)
		}
	})
}

// TestCloseEndsAQuestion closes a client whose resolver waits for its context.
func TestCloseEndsAQuestion(t *testing.T) {
	waits := func(ctx context.Context, _ client.Unresolved) (client.Resolution, error) {
		<-ctx.Done()
		return client.Resolution{}, ctx.Err()
	}
	withTold(t, client.Config{Resolvers: map[string]client.Resolver{"": waits}}, func(t *testing.T, c *client.Client, _ *told, op *client.Operation) {
		begun := time.Now()
		ended := make(chan error)
		go func() {
			_, err := op.AskResolver(t.Context())
			ended <- err
		}()
		time.Sleep(time.Second)
		c.Close()
		if err := <-ended; !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second {
			t.Errorf("got %v after %v, want it ended with the client", err, time.Since(begun))
		}
	})
}
