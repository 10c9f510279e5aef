package mockserver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/mockservertest"
	"github.com/vismanet-go/background/mockserver/operation"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/store"
)

// A clientFlow is a client and a receiver with a store between them, and the
// mock that they talk to, in a bubble.
type clientFlow struct {
	*mockservertest.Server
	t *testing.T
	c *client.Client
}

func startClientFlow(t *testing.T, cfg mockserver.Config, notify client.Notify) *clientFlow {
	t.Helper()
	cfg.Subscription.SigningKey = signingKey
	s := mockservertest.Start(t, cfg)
	st := store.NewMemory(store.MemoryConfig{})
	rcv, err := receiver.New(receiver.Config{Store: st, SigningKeys: []string{signingKey}, CapabilitySecrets: []string{capability}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	rcv.Register(mux, "/erp")
	s.Hook.Forward(mux)
	own := client.Config{BaseURL: s.URL(), HTTPClient: s.Client(), Header: fullHeader("1000001"), Store: st, Tenant: "flow", Notify: notify}
	if cfg.Auth.Mode == mockserver.AuthStrict {
		auth, err := clientauth.New(clientauth.Config{
			BaseURLs: []string{s.URL()}, ClientID: "app", ClientSecret: "s3cret", TenantID: "1000001",
			HTTPClient: s.Client(), Transport: s.Client().Transport,
		})
		if err != nil {
			t.Fatal(err)
		}
		own.HTTPClient, own.Refresh = auth.HTTPClient(), auth.Refresh
		own.Header.Del("Authorization")
	}
	return &clientFlow{s, t, newFlowClient(t, own)}
}

// fullHeader is all that the strict profile demands of every call.
func fullHeader(company string) http.Header {
	return http.Header{
		"Authorization":        {"Bearer company:" + company},
		"Ipp-Company-Id":       {company},
		"Ipp-Application-Type": {"Visma.net Financials"},
	}
}

func newFlowClient(t *testing.T, cfg client.Config) *client.Client {
	t.Helper()
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (f *clientFlow) submit(method, path, body string, opts client.SubmitOptions, headers ...string) *client.Operation {
	f.t.Helper()
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	op, err := f.c.Submit(f.t.Context(), req, opts)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return op
}

// done waits for a success.
func (f *clientFlow) done(op *client.Operation, status int) *client.Result {
	f.t.Helper()
	res, err := op.Wait(f.t.Context())
	if err != nil || res.Status != "Finished" || res.StatusCode != status {
		f.t.Fatalf("got %+v, %v; want %d", res, err, status)
	}
	return res
}

// refused waits for an end that is no success, whose message has a text in it.
func (f *clientFlow) refused(op *client.Operation, status string, statusCode int, text string) {
	f.t.Helper()
	_, err := op.Wait(f.t.Context())
	failed, ok := errors.AsType[*client.OperationError](err)
	if !ok || failed.Status != status || failed.StatusCode != statusCode || !strings.Contains(failed.Message, text) {
		f.t.Errorf("got %v, want %s %d %q", err, status, statusCode, text)
	}
}

// told waits for a notification to reach the receiver, which took it.
func (f *clientFlow) told(op *client.Operation, want mockservertest.Delivery) operation.Delivery {
	f.t.Helper()
	want.OperationID, want.Within = op.ID(), 2*time.Hour
	return mockservertest.RequireDelivered(f.t, f.Server, want)
}

// state is what the client knows without a poll.
func (f *clientFlow) state(op *client.Operation) client.State {
	f.t.Helper()
	s, err := op.State(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// The same flows with this repository's client and receiver, in virtual time;
// also where everything is demanded that a careful client does.
func TestFlowsByClientAndReceiver(t *testing.T) {
	subscription := client.Subscription()
	notify := func(f fault.Notify) mockserver.Config {
		return mockserver.Config{Faults: []fault.Rule{{Times: 1, Do: f}}}
	}
	for _, flow := range []struct {
		name   string
		cfg    mockserver.Config
		notify client.Notify
		run    func(f *clientFlow)
	}{
		{"1 list without a notification", mockserver.Config{}, client.NoNotification(), clientLists},
		{"2 create with a webhook URL", mockserver.Config{}, client.WebhookURL(mockservertest.HookURL, capability), clientCreates},
		{"3 changes that are refused", mockserver.Config{}, subscription, clientIsRefused},
		{"4 release", mockserver.Config{}, subscription, clientReleases},
		{"5 subscription with pairs", mockserver.Config{}, client.Subscription(client.Pair{Name: "order", Value: "4711"}), clientSendsPairs},
		{"6 the machinery fails", mockserver.Config{Faults: []fault.Rule{
			{Do: fault.Queue{Fail: "The database is not available."}},
		}}, subscription, clientSeesAFailure},
		{"7 notification lost", notify(fault.Notify{Drop: true}), subscription, clientIsNotTold(0)},
		{"7 notification late", notify(fault.Notify{Delay: time.Hour}), subscription, clientIsNotTold(1)},
		{"7 notification doubled", notify(fault.Notify{Duplicates: 2}), subscription, clientIsTold(3)},
		{"7 notification before the 202", notify(fault.Notify{Early: true}), subscription, clientIsTold(1)},
		{"7 notifications out of order", notify(fault.Notify{Reorder: true}), subscription, clientIsToldInAnotherOrder},
		{"7 notification badly signed", notify(fault.Notify{Forge: true}), subscription, clientIsLiedTo},
		{"8 too many requests", mockserver.Config{Faults: []fault.Rule{
			{On: fault.OnIntake, Times: 1, Do: fault.Answer{Status: 429, RetryAfter: time.Minute}},
			{On: fault.OnState, Times: 1, Do: fault.Answer{Status: 429, RetryAfter: 10 * time.Minute}},
		}}, client.NoNotification(), clientWaits},
		{"8 expired token and another company", mockserver.Config{ExecTime: mockserver.Fixed(time.Hour), Auth: mockserver.Auth{
			Mode: mockserver.AuthStrict, TokenLife: 10 * time.Minute, Clients: map[string]mockserver.AuthClient{"app": {Secret: "s3cret"}},
		}}, client.NoNotification(), clientRenewsItsToken},
		{"9 after 24 hours", mockserver.Config{}, client.NoNotification(), clientComesLate},
	} {
		for _, name := range []string{"current", "strict"} {
			t.Run(flow.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := flow.cfg
					if cfg.ExecTime == nil {
						cfg.ExecTime = mockserver.Fixed(5 * time.Second)
					}
					cfg.Profile, _ = profile.Named(name)
					flow.run(startClientFlow(t, cfg, flow.notify))
				})
			})
		}
	}
}

func clientLists(f *clientFlow) {
	op := f.submit("GET", listed, "", client.SubmitOptions{})
	if s, err := op.Poll(f.t.Context()); err != nil || s.Status != "Started" || s.StatusCode != 0 {
		f.t.Errorf("got %+v, %v", s, err)
	}
	res := f.done(op, 200)
	if rows, err := client.Decode[[]map[string]any](f.t.Context(), res); err != nil || len(rows) != 48 || !res.HasContent() {
		f.t.Errorf("%d invoices, %v", len(rows), err)
	}
	mockservertest.RequireRequest(f.t, f.Server, mockservertest.Request{Path: "/v1/customerinvoice", Background: "none", StatusCode: 202})
	mockservertest.RequireNoMore(f.t, f.Server, mockservertest.Request{}, mockservertest.Delivery{})
}

func clientCreates(f *clientFlow) {
	op := f.submit("POST", "/v2/customerinvoice", newInvoice, client.SubmitOptions{})
	res := f.done(op, 201)
	if !strings.HasSuffix(res.Header.Get("Location"), "/v1/customerinvoice/003549") || res.HasContent() {
		f.t.Errorf("got %+v", res)
	}
	d := f.told(op, mockservertest.Delivery{Mode: "url", Attempts: 1})
	if d.Attempts[0].StatusCode/100 != 2 || !strings.HasPrefix(d.URL, mockservertest.HookURL+"/") || f.state(op).Notified.IsZero() {
		f.t.Errorf("delivered %+v", d)
	}
}

func clientIsRefused(f *clientFlow) {
	const invoice = "/v1/customerinvoice/003547"
	f.done(f.submit("PUT", invoice, `{"note":{"value":"by somebody else"}}`, client.SubmitOptions{}), 204)
	stale := f.submit("PUT", invoice, `{"note":{"value":"mine"}}`, client.SubmitOptions{}, "If-Match", `"AAAAAAB3K88="`)
	f.refused(stale, "Finished", 412, "changed by someone else")
	f.refused(f.submit("PUT", invoice, `{"customerNumber":{"value":"nobody"}}`, client.SubmitOptions{}), "Finished", 400, "'nobody' cannot be found")
}

func clientReleases(f *clientFlow) {
	const release = "/v1/customerinvoice/003547/action/release"
	res := f.done(f.submit("POST", release, "", client.SubmitOptions{Key: "once"}), 200)
	action, err := client.Decode[struct{ ActionResult string }](f.t.Context(), res)
	if err != nil || action.ActionResult != "Done" || res.Unconfirmed() {
		f.t.Errorf("got %+v, %v", action, err)
	}
	invoice, err := client.Decode[struct{ Status string }](f.t.Context(), f.done(f.submit("GET", "/v1/customerinvoice/003547", "", client.SubmitOptions{}), 200))
	if err != nil || invoice.Status != "Open" {
		f.t.Errorf("got %+v, %v", invoice, err)
	}
	f.refused(f.submit("POST", release, "", client.SubmitOptions{Key: "twice"}), "Finished", 400, "already released")
}

func clientSendsPairs(f *clientFlow) {
	op := f.submit("GET", listed, "", client.SubmitOptions{Pairs: []client.Pair{{Name: "src", Value: "shop"}}})
	f.done(op, 200)
	d := f.told(op, mockservertest.Delivery{Mode: "subscription", Header: map[string]string{"order": "4711", "src": "shop"}})
	if d.Attempts[0].StatusCode/100 != 2 || f.state(op).Notified.IsZero() {
		f.t.Errorf("the receiver did not take it: %+v", d)
	}
}

func clientSeesAFailure(f *clientFlow) {
	op := f.submit("GET", listed, "", client.SubmitOptions{})
	f.refused(op, "Failed", 500, "The database is not available.")
	f.told(op, mockservertest.Delivery{Attempts: 1})
}

// clientIsNotTold finds the end by polling; the notification comes later or
// never.
func clientIsNotTold(notifications int) func(f *clientFlow) {
	return func(f *clientFlow) {
		op := f.submit("GET", listed, "", client.SubmitOptions{})
		f.done(op, 200)
		if s := f.state(op); !s.Notified.IsZero() || len(f.Hook.Notifications()) != 0 {
			f.t.Errorf("notified at %v", s.Notified)
		}
		time.Sleep(2 * time.Hour)
		if got := len(f.Hook.Notifications()); got != notifications {
			f.t.Errorf("%d notifications in the end, want %d", got, notifications)
		}
	}
}

// clientIsTold finds the end at once, whatever the copies.
func clientIsTold(copies int) func(f *clientFlow) {
	return func(f *clientFlow) {
		op := f.submit("GET", listed, "", client.SubmitOptions{})
		res := f.done(op, 200)
		if late := time.Since(res.Finished); late > time.Second {
			f.t.Errorf("known %v after the end", late)
		}
		f.told(op, mockservertest.Delivery{Attempts: copies})
		if s := f.state(op); s.Notified.IsZero() || s.Polls != 1 {
			f.t.Errorf("got %+v, want one poll", s)
		}
	}
}

func clientIsToldInAnotherOrder(f *clientFlow) {
	first := f.submit("GET", listed, "", client.SubmitOptions{})
	time.Sleep(6 * time.Second)
	second := f.submit("GET", listed, "", client.SubmitOptions{})
	f.done(second, 200)
	f.done(first, 200)
	f.told(first, mockservertest.Delivery{})
	if got := string(f.Hook.Notifications()[0].Body); !strings.Contains(got, second.ID()) {
		f.t.Errorf("the first one is %s", got)
	}
}

// clientIsLiedTo finds the end by polling: the receiver refused what was not
// signed by the ERP. Once redelivered it is taken.
func clientIsLiedTo(f *clientFlow) {
	op := f.submit("GET", listed, "", client.SubmitOptions{})
	f.done(op, 200)
	d := f.told(op, mockservertest.Delivery{State: operation.DeliveryDead})
	if d.Attempts[0].StatusCode != 401 || !f.state(op).Notified.IsZero() {
		f.t.Errorf("got %+v", d.Attempts[0])
	}
	if err := f.Redeliver(f.t.Context(), op.ID()); err != nil || f.state(op).Notified.IsZero() {
		f.t.Errorf("redelivered: %v, %+v", err, f.state(op))
	}
}

func clientWaits(f *clientFlow) {
	begin := time.Now()
	op := f.submit("GET", listed, "", client.SubmitOptions{})
	if waited := time.Since(begin); waited < time.Minute {
		f.t.Errorf("submitted after %v", waited)
	}
	f.done(op, 200)
	if waited := time.Since(begin); waited < 11*time.Minute || waited > 13*time.Minute {
		f.t.Errorf("done after %v", waited)
	}
	limited := mockservertest.Request{StatusCode: 429, Path: "/v1/{rest...}"}
	mockservertest.RequireRequest(f.t, f.Server, limited)
	mockservertest.RequireRequest(f.t, f.Server, limited)
	mockservertest.RequireNoMore(f.t, f.Server, limited)
}

func clientRenewsItsToken(f *clientFlow) {
	op := f.submit("GET", listed, "", client.SubmitOptions{})
	f.done(op, 200)
	for range 3 { // in an hour, each good for ten minutes
		mockservertest.RequireRequest(f.t, f.Server, mockservertest.Request{Path: "/connect/token", StatusCode: 200})
	}
	stranger, err := clientauth.New(clientauth.Config{
		BaseURLs: []string{f.URL()}, ClientID: "app", ClientSecret: "s3cret", TenantID: "1000002",
		HTTPClient: f.Client(), Transport: f.Client().Transport,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	header := fullHeader("1000002")
	header.Del("Authorization")
	c := newFlowClient(f.t, client.Config{BaseURL: f.URL(), HTTPClient: stranger.HTTPClient(), Header: header})
	theirs, err := c.Operation(f.t.Context(), op.ID())
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = theirs.Wait(f.t.Context())
	if forbidden, ok := errors.AsType[*client.ResponseError](err); !ok || forbidden.StatusCode != 403 {
		f.t.Errorf("got %v, want 403", err)
	}
}

func clientComesLate(f *clientFlow) {
	small := newFlowClient(f.t, client.Config{BaseURL: f.URL(), HTTPClient: f.Client(), Header: fullHeader("1000001"), KeepContent: 1})
	req, _ := http.NewRequest("GET", listed, nil)
	known, err := small.Submit(f.t.Context(), req, client.SubmitOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	res := f.done(known, 200)
	forgotten := f.submit("GET", listed, "", client.SubmitOptions{})
	time.Sleep(25 * time.Hour)
	if _, err := forgotten.Wait(f.t.Context()); !errors.Is(err, client.ErrExpired) {
		f.t.Errorf("the state: got %v, want %v", err, client.ErrExpired)
	}
	if _, err := res.Bytes(f.t.Context()); !errors.Is(err, client.ErrContentExpired) {
		f.t.Errorf("the content: got %v, want %v", err, client.ErrContentExpired)
	}
}

// Against the API of 2022 an action is known to have begun and no more, and
// what was created has no address.
func TestTheClientAgainstTheLegacyProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := startClientFlow(t, mockserver.Config{Profile: profile.Legacy2022()}, client.WebhookURL(mockservertest.HookURL, capability))
		const release = "/v1/customerinvoice/003547/action/release"
		if res := f.done(f.submit("POST", release, "", client.SubmitOptions{Key: "once"}), 202); !res.Unconfirmed() {
			t.Error("taken for done")
		}
		time.Sleep(time.Second)
		f.refused(f.submit("POST", release, "", client.SubmitOptions{Key: "twice"}), "Finished", 400, "already released")
		if res := f.done(f.submit("POST", "/v2/customerinvoice", newInvoice, client.SubmitOptions{}), 201); res.Header.Get("Location") != "" {
			t.Errorf("got %v", res.Header)
		}
		mockservertest.RequireOperation(t, f.Server, mockservertest.Operation{Path: "/v2/customerinvoice", State: operation.Finished})
	})
}
