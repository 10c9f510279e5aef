package scenario_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/scenario"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

const (
	signingKey = "the-key-that-the-portal-shows"
	capability = "a-secret-of-at-least-thirty-two-bytes"
)

// Every scenario again, with our client in place of what polls and reads, and our
// receiver behind the hook: the same has to be true in the end, and what the client
// says of each operation has to be what became of it.
func TestEveryScenarioPassesWithOurClient(t *testing.T) {
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			s, err := scenario.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { drive(t, s) })
		})
	}
}

// A driver takes the place of the steps.
type driver struct {
	*scenario.Mock
	t     *testing.T
	c     *client.Client
	ops   map[string]*client.Operation // that were not waited for yet
	order []string
}

func drive(t *testing.T, s *scenario.Scenario) {
	m, err := scenario.Start(s, func(cfg *mockserver.Config) {
		cfg.Clock = mockserver.ClockConfig{} // that of the bubble
		cfg.Subscription.SigningKey = signingKey
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, m)
	st := store.NewMemory(store.MemoryConfig{})
	defer closing(t, st)
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, CapabilitySecrets: []string{capability}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/erp")
	m.Hook.Forward(mux)
	d := &driver{Mock: m, t: t, ops: make(map[string]*client.Operation)}
	d.c = d.client(s, st)
	defer closing(t, d.c)
	for _, step := range s.Steps {
		d.do(step)
	}
	for _, name := range d.order {
		d.await(name)
	}
	time.Sleep(3 * time.Hour) // for what is late
	for _, check := range m.Verify() {
		if len(check.Problems) > 0 {
			t.Errorf("%s: %v", check.What, check.Problems)
		}
	}
}

func closing(t *testing.T, c io.Closer) {
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func (d *driver) client(s *scenario.Scenario, st store.Store) *client.Client {
	cfg := client.Config{
		BaseURL: mockserver.BaseURL, HTTPClient: d.Client(), Store: st, Tenant: "scenario",
		Header: http.Header{"Authorization": {"Bearer company:1000001"}},
	}
	for id, secret := range s.Auth.Clients {
		auth, err := clientauth.New(clientauth.Config{
			BaseURLs: []string{mockserver.BaseURL}, ClientID: id, ClientSecret: secret, TenantID: "1000001",
			HTTPClient: d.Client(), Transport: d.Client().Transport,
		})
		if err != nil {
			d.t.Fatal(err)
		}
		cfg.HTTPClient, cfg.Refresh, cfg.Header = auth.HTTPClient(), auth.Refresh, nil
	}
	c, err := client.New(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// do does what a step is for. What the client does by itself, and calls of others
// that change nothing, are left out.
func (d *driver) do(step scenario.Step) {
	switch {
	case step.Submit != nil && step.Submit.As != "":
		d.submit(step.Submit)
	case step.Wait != nil:
		d.await(step.Wait.Of)
	case step.Advance != nil:
		time.Sleep(*step.Advance)
	case step.Hook != nil:
		d.Hook.Answer(step.Hook.Answers...)
	}
}

func (d *driver) submit(s *scenario.Submit) {
	req, err := http.NewRequest(s.Method, s.Path, nil)
	if s.Body != nil {
		data, wrong := json.Marshal(s.Body)
		if wrong != nil {
			d.t.Fatal(wrong)
		}
		req, err = http.NewRequest(s.Method, s.Path, strings.NewReader(string(data)))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
	}
	if err != nil {
		d.t.Fatal(err)
	}
	notify, isSubscription := client.NoNotification(), strings.HasPrefix(s.Background, "subscription")
	if isSubscription {
		notify = client.Subscription()
	}
	op, err := d.c.Submit(d.t.Context(), req, client.SubmitOptions{Notify: notify})
	if uncertain, ok := errors.AsType[*client.UncertainError](err); ok && s.Expect.Broken {
		if uncertain.SafeToRepeat {
			d.t.Errorf("%s: a call that changes something is called safe to repeat", s.As)
		}
	} else if err != nil || s.Expect.Broken {
		d.t.Fatalf("%s: got %v; the answer was to break: %v", s.As, err, s.Expect.Broken)
	}
	d.ops[s.As] = op
	d.order = append(d.order, s.As)
	d.Name(s.As, op.ID())
}

// await waits for an operation, once, and holds what the client says against what
// the mock knows.
func (d *driver) await(name string) {
	op := d.ops[name]
	if op == nil {
		return
	}
	delete(d.ops, name)
	ctx, cancel := context.WithTimeout(d.t.Context(), 24*time.Hour)
	defer cancel()
	res, err := op.Wait(ctx)
	id := op.ID()
	if res != nil {
		id = res.ID // which may have been learnt late
	}
	d.Name(name, id)
	truth, ok := d.Operation(id)
	if !ok {
		d.t.Errorf("%s: got %+v, %v; the mock knows no operation %q", name, res, err, id)
		return
	}
	failed, isFailure := errors.AsType[*client.OperationError](err)
	switch success := truth.StatusCode/100 == 2; {
	case truth.State == operation.Expired:
		if !errors.Is(err, client.ErrExpired) {
			d.t.Errorf("%s: got %+v, %v; it has expired", name, res, err)
		}
	case !success && (!isFailure || failed.StatusCode != truth.StatusCode):
		d.t.Errorf("%s: got %+v, %v; it is %s %d", name, res, err, truth.State, truth.StatusCode)
	case success && (err != nil || res.StatusCode != truth.StatusCode):
		d.t.Errorf("%s: got %+v, %v; it is %s %d", name, res, err, truth.State, truth.StatusCode)
	case success && res.Unconfirmed() != (truth.StatusCode == http.StatusAccepted):
		d.t.Errorf("%s: unconfirmed is %v, the answer was %d", name, res.Unconfirmed(), truth.StatusCode)
	case success && truth.Method == http.MethodGet:
		if rows, err := client.Decode[[]map[string]any](ctx, res); err != nil || len(rows) == 0 {
			d.t.Errorf("%s: got %d rows, %v", name, len(rows), err)
		}
	}
}

// The scenarios have to show what they are named for: without these the client would
// not have been tested by them.
func TestTheScenariosNeedWhatTheyAreFor(t *testing.T) {
	for name, rules := range map[string][]string{
		"late-and-twice": {"late"}, "lost-202": {"lost"}, "stuck": {"stuck", "silent"}, "content-missing": {"missing", "cut"},
		"rolling-restart": {"died", "away", "broken", "content-away"}, "notify-before-202": {"early"},
		"chaos": {"lost", "late", "twice", "crossed", "died"},
	} {
		s, err := scenario.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		run(t, s, scenario.Options{After: func(m *scenario.Mock) {
			for _, rule := range rules {
				if m.Faults().Count(rule, "").Hits == 0 {
					t.Errorf("%s: %s did not hit", name, rule)
				}
			}
			if all := m.Faults().List(); name != "chaos" && slices.IndexFunc(rules, func(r string) bool { return r == all[0].Name }) < 0 {
				t.Errorf("%s: nobody looks at %s", name, all[0].Name)
			}
		}})
	}
}
