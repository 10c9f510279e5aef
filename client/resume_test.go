package client_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/store"
)

// another is a second client of the same mock: another process.
func (w *world) another(cc client.Config) *client.Client {
	w.Helper()
	if cc.BaseURL == "" {
		cc.BaseURL = base
	}
	cc.HTTPClient = mockserver.MemoryClient(map[string]http.Handler{"erp.mock": w.mock, "api.finance.visma.net": w.mock})
	c, err := client.New(cc)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func TestPendingListsWhatIsNotAcknowledged(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		for range 250 { // more than a page
			w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		}
		done := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		w.wait(done)
		if err := done.Ack(w.Context()); err != nil {
			t.Fatal(err)
		}
		seen := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{})
		w.wait(seen)
		c := w.another(client.Config{Store: w.store}) // after a restart
		defer c.Close()
		n := 0
		for op, err := range c.Pending(w.Context()) {
			if err != nil || op.Ref() == done.Ref() {
				t.Fatalf("%v, %v", op, err)
			}
			if n++; n == 1 {
				if res, err := op.Wait(w.Context()); err != nil || res.StatusCode != 201 {
					t.Error(err)
				}
			}
		}
		if n != 251 {
			t.Errorf("%d pending", n)
		}
		for range c.Pending(w.Context()) {
			break
		}
		w.store.Close()
		for op, err := range c.Pending(w.Context()) {
			if !errors.Is(err, client.ErrClosed) || op != nil {
				t.Errorf("%v, %v", op, err)
			}
		}
	})
}

func TestTokenFindsTheOperationInAnotherProcess(t *testing.T) {
	play(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)}, client.Config{Notify: client.WebhookURL(hookBase+"/erp", secret)}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice?customer=10045", ""), client.SubmitOptions{})
		text, err := op.Token(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := base64.RawURLEncoding.DecodeString(text)
		for _, hush := range []string{secret, "customer=10045", "hooks.example"} {
			if strings.Contains(string(plain), hush) {
				t.Errorf("the token holds %q: %s", hush, plain)
			}
		}
		c := w.another(client.Config{}) // with an empty store
		defer c.Close()
		for range 2 {
			same, err := c.Resume(w.Context(), text)
			if err != nil || same.ID() != op.ID() || same.Ref() != op.Ref() {
				t.Fatalf("%v, %v", same, err)
			}
			if res, err := same.Wait(w.Context()); err != nil || res.StatusCode != 200 {
				t.Error(err)
			}
		}
		if again, err := w.client.Resume(w.Context(), text); err != nil || again.Ref() != op.Ref() {
			t.Errorf("in the same process: %v, %v", again, err)
		}
	})
}

func TestTokenIsBoundToTenantAndOrigin(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		text, err := op.Token(w.Context())
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := base64.RawURLEncoding.DecodeString(text)
		forge := func(old, new string) string {
			if !strings.Contains(string(plain), old) {
				t.Fatalf("%s is not in %s", old, plain)
			}
			return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(plain), old, new, 1)))
		}
		c := w.another(client.Config{})
		defer c.Close()
		for want, text := range map[string]string{
			"not one of this package":  "%%%",
			"want at most":             strings.Repeat("A", 5000),
			"its version is 2":         forge(`"v":1`, `"v":2`),
			`it is of tenant "other"`:  forge(`"t":"default"`, `"t":"other"`),
			"it is of https://erp.two": forge(base, "https://erp.two"),
			"damaged":                  forge(op.ID(), "../x"),
			"it is damaged":            forge(`"m":"GET"`, `"m":"G T"`),
			"of this package":          forge(`"v":1`, `"v":1,"extra":1`),
		} {
			if _, err := c.Resume(w.Context(), text); !errors.Is(err, client.ErrForeignToken) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v", want, err)
			}
		}
		moved := w.another(client.Config{BaseURL: "https://api.finance.visma.net", FormerOrigins: []string{base + "/"}})
		defer moved.Close()
		same, err := moved.Resume(w.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := same.Wait(w.Context()); err != nil || res.StatusCode != 200 {
			t.Errorf("after the host has moved: %v", err)
		}
	})
}

func TestWorkOfAnotherOriginIsNotLookedFor(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		for former, ok := range map[string]bool{"": false, base: true} {
			cc := client.Config{BaseURL: "https://api.finance.visma.net", Store: w.store}
			if former != "" {
				cc.FormerOrigins = []string{former}
			}
			c := w.another(cc)
			defer c.Close()
			before := w.calls("GET", "/v1/background/")
			for same, err := range c.Pending(w.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if _, err = same.Poll(w.Context()); !ok && !errors.Is(err, client.ErrUntrustedURL) {
					t.Errorf("poll: %v", err)
				}
				if _, err = same.Wait(w.Context()); (err == nil) != ok || !ok && !errors.Is(err, client.ErrUntrustedURL) {
					t.Errorf("wait: %v", err)
				}
			}
			if asked := w.calls("GET", "/v1/background/") > before; asked != ok {
				t.Errorf("asked: %v", asked)
			}
			if ok {
				return
			}
		}
		_ = op
	})
}

func TestOperationByID(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		op := w.submit(request("GET", "/v1/customerinvoice", ""), client.SubmitOptions{})
		if same, err := w.client.Operation(w.Context(), op.ID()); err != nil || same.Ref() != op.Ref() {
			t.Errorf("known here: %v, %v", same, err)
		}
		c := w.another(client.Config{})
		defer c.Close()
		for range 2 {
			found, err := c.Operation(w.Context(), op.ID())
			if err != nil {
				t.Fatal(err)
			}
			if res, err := found.Wait(w.Context()); err != nil || res.StatusCode != 200 || !res.HasContent() {
				t.Errorf("submitted elsewhere: %v", err)
			}
		}
		if _, err := c.Operation(w.Context(), "../x"); err == nil || !strings.Contains(err.Error(), "operation id") {
			t.Errorf("a bad id: %v", err)
		}
		// One that only a notification told of.
		if _, err := w.store.Notify(w.Context(), store.Notification{ID: id1, Tenant: "default", Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		unknown, err := w.client.Operation(w.Context(), id1)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := unknown.Poll(w.Context()); err != nil || !s.Missing || s.Notified.IsZero() || s.Phase != store.Accepted {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestOperationByKey(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{}, func(w *world) {
		first := w.submit(request("POST", "/v2/customerinvoice", `{}`), client.SubmitOptions{Key: "order-1"})
		for range 2 { // while it runs, and when it has ended
			op, err := w.client.OperationByKey(w.Context(), "order-1")
			if err != nil || op.Ref() != first.Ref() || op.Key() != "order-1" || op.ID() != first.ID() {
				t.Fatalf("got %v, %v", op, err)
			}
			if _, err := op.Wait(w.Context()); err == nil {
				t.Fatal("an empty invoice was made")
			}
		}
		second := w.submit(request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: "order-1", Supersede: first.Ref()})
		if op, err := w.client.OperationByKey(w.Context(), "order-1"); err != nil || op.Ref() != second.Ref() {
			t.Errorf("after its key was taken over: got %v, %v", op, err)
		}
		if _, err := w.client.OperationByKey(w.Context(), "order-2"); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), `"order-2"`) {
			t.Errorf("got %v", err)
		}
		w.client.Close()
		w.store.Close()
		if _, err := w.client.OperationByKey(w.Context(), "order-1"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestUncertainIsListedAndResolved(t *testing.T) {
	play(t, mockserver.Config{Faults: lost202(0)}, client.Config{}, func(w *world) {
		var ops []*client.Operation
		for i := range 4 {
			op, _ := w.client.Submit(w.Context(), request("POST", "/v2/customerinvoice", invoice), client.SubmitOptions{Key: string(rune('a' + i))})
			ops = append(ops, op)
		}
		n := 0
		for op, err := range w.client.Uncertain(w.Context()) {
			if n++; err != nil || op.ID() != "" {
				t.Errorf("%v, %v", op, err)
			}
		}
		if n != 4 {
			t.Errorf("%d uncertain", n)
		}
		if _, err := ops[0].Token(w.Context()); err == nil {
			t.Error("a token for an operation without an id")
		}
		ids := w.mock.Operations()

		// Accepted: found in the ERP by a person.
		if err := ops[0].Resolve(w.Context(), client.AcceptedAs(ids[0].ID)); err != nil {
			t.Fatal(err)
		}
		if res := w.wait(ops[0]); res.StatusCode != 201 || res.ID != ids[0].ID {
			t.Errorf("%+v", res)
		}
		// Not accepted: the key is free.
		if err := ops[1].Resolve(w.Context(), client.NotAccepted("no such invoice")); err != nil {
			t.Fatal(err)
		}
		_, err := ops[1].Wait(w.Context())
		if failed, ok := errors.AsType[*client.OperationError](err); !ok || failed.Status != "Rejected" || failed.Message != "no such invoice" {
			t.Errorf("wait for one that was not accepted: %v", err)
		}
		if _, err := w.store.GetByKey(w.Context(), "default", "b"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the key is held: %v", err)
		}
		// Given up: the key is free, and nobody waits for it.
		if err := ops[2].Resolve(w.Context(), client.GivenUp("nobody knows")); err != nil {
			t.Fatal(err)
		}
		_, err = ops[2].Wait(w.Context())
		if unclear, ok := errors.AsType[*client.UncertainError](err); !ok || unclear.Reason != "nobody knows" {
			t.Errorf("wait for one that was given up: %v", err)
		}
		// It shows up after all.
		if err := ops[2].Resolve(w.Context(), client.AcceptedAs(ids[2].ID)); err != nil {
			t.Fatal(err)
		}
		w.wait(ops[2])
		if s, _ := ops[2].State(w.Context()); !s.Late {
			t.Errorf("not late: %+v", s)
		}
		// What is wrong is said.
		for want, r := range map[string]client.Resolution{
			"want AcceptedAs":       {},
			"want a reason":         client.GivenUp(" "),
			"an id looks like":      client.AcceptedAs("a/b"),
			"is bound to operation": client.AcceptedAs(ids[0].ID),
		} {
			if err := ops[3].Resolve(w.Context(), r); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v", want, err)
			}
		}
		for _, r := range []client.Resolution{client.AcceptedAs(id2), client.NotAccepted("x"), client.GivenUp("x")} {
			if err := ops[0].Resolve(w.Context(), r); err == nil {
				t.Errorf("resolved what was settled with %+v", r)
			}
		}
	})
}
