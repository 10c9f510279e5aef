package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
)

// invoiceReleased confirms an invoice's release action by reading the invoice.
var invoiceReleased = client.Verifier{
	Path: func(v client.Verification) (string, error) {
		path, found := strings.CutSuffix(v.Path, "/action/release")
		if !found {
			return "", fmt.Errorf("%s is no release action", v.Path)
		}
		return path, nil
	},
	Check: func(_ client.Verification, resp *http.Response) error {
		var doc struct{ Status string }
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
			return err
		}
		switch doc.Status {
		case "Open", "Closed":
			return nil
		case "Balanced":
			return client.ErrNotYet
		}
		return fmt.Errorf("the invoice is %s", doc.Status)
	},
}

// releasing is an ERP whose release action answers at once and goes on: the
// invoice shows the given status after a while.
func releasing(after time.Duration, status string) http.HandlerFunc {
	var start time.Time
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "POST":
			start = time.Now()
			write(202, `{"id":"`+id1+`"}`)(w, r)
		case strings.HasSuffix(r.URL.Path, "/content"):
			write(200, `{"actionId":"1","actionResult":"Queued","errorInfo":null}`)(w, r)
		case strings.Contains(r.URL.Path, "/background/"):
			write(200, `{"status":"Finished","statusCode":200,"hasResponseContent":true}`)(w, r)
		case time.Since(start) < after:
			write(200, `{"status":"Balanced"}`)(w, r)
		default:
			write(200, `{"status":"`+status+`"}`)(w, r)
		}
	}
}

func release(t *testing.T, c *client.Client, verify string) (*client.Operation, *client.Result, error) {
	t.Helper()
	op, err := c.Submit(t.Context(), request("POST", "/v1/customerinvoice/003547/action/release", ""), client.SubmitOptions{Verify: verify})
	if err != nil {
		t.Fatal(err)
	}
	res, err := op.Wait(t.Context())
	return op, res, err
}

func TestVerifierTurnsStartedIntoReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cc := client.Config{Verifiers: map[string]client.Verifier{"invoice-released": invoiceReleased}}
		c, hits := serving(t, cc, releasing(10*time.Minute, "Open"))
		defer c.Close()
		start := time.Now()
		_, res, err := release(t, c, "invoice-released")
		if err != nil || res.Unconfirmed() || time.Since(start) < 10*time.Minute || time.Since(start) > 12*time.Minute {
			t.Errorf("%+v, %v after %v", res, err, time.Since(start))
		}
		if n := hits.of("GET"); n > 60 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestUnconfirmedIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, releasing(time.Minute, "Open"))
		defer c.Close()
		if _, res, err := release(t, c, ""); err != nil || !res.Unconfirmed() {
			t.Errorf("%+v, %v", res, err)
		}
	})
	for body, want := range map[string]bool{
		`{"actionResult":"Done"}`: false, `{"actionResult":"inprocess"}`: true, `{"actionResult":"Queued"}`: true,
		`[1]`: false, `%PDF`: false, `{"actionResult":7}`: true, `{"actionResult":null}`: false, `{"actionResult":"Completed"}`: true,
	} {
		synctest.Test(t, func(t *testing.T) {
			cc := client.Config{Verifiers: map[string]client.Verifier{"v": invoiceReleased}}
			c, _ := serving(t, cc, write(200, body)) // in the foreground
			defer c.Close()
			if _, res, err := release(t, c, ""); err != nil || res.Unconfirmed() != want {
				t.Errorf("%s: %+v, %v", body, res, err)
			}
			if _, res, err := release(t, c, "v"); err != nil || !res.Unconfirmed() {
				t.Errorf("%s: a verifier that had no part: %+v, %v", body, res, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c, _ := serving(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "POST" {
				write(202, `{"id":"`+id1+`"}`)(w, r)
				return
			}
			write(200, ended("202"))(w, r)
		})
		defer c.Close()
		if _, res, err := release(t, c, ""); err != nil || !res.Unconfirmed() {
			t.Errorf("a 202 as answer: %+v, %v", res, err)
		}
	})
}

func TestVerifierThatFindsOtherwise(t *testing.T) {
	for name, tt := range map[string]struct {
		v    client.Verifier
		want string
	}{
		"check": {invoiceReleased, "the invoice is Voided"},
		"path":  {client.Verifier{Path: func(client.Verification) (string, error) { return "", errors.New("no path") }, Check: invoiceReleased.Check}, "no path"},
		"foreign path": {
			client.Verifier{Path: func(client.Verification) (string, error) { return "https://evil.example/v1/x", nil }, Check: invoiceReleased.Check},
			"it names https://evil.example",
		},
		"panic": {client.Verifier{Path: invoiceReleased.Path, Check: func(client.Verification, *http.Response) error { panic("oh") }}, "panicked: oh"},
		"never": {client.Verifier{Path: invoiceReleased.Path, Within: 3 * time.Minute, Check: func(client.Verification, *http.Response) error {
			return fmt.Errorf("balance: %w", client.ErrNotYet)
		}}, "not confirmed within 3m0s: balance: not yet"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := serving(t, client.Config{Verifiers: map[string]client.Verifier{"v": tt.v}}, releasing(0, "Voided"))
				defer c.Close()
				_, res, err := release(t, c, "v")
				refuted, ok := errors.AsType[*client.OperationError](err)
				if !ok || !refuted.Refuted || !strings.Contains(refuted.Message, tt.want) || res == nil || !res.Unconfirmed() {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestVerifierIsPatientWithTheERP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := releasing(0, "Open")
		var reads atomic.Int32
		failures := []http.HandlerFunc{write(500, ``), write(429, ``, "Retry-After", "30"), drop, write(403, ``), write(408, ``)}
		cc := client.Config{Verifiers: map[string]client.Verifier{"v": invoiceReleased}}
		c, _ := serving(t, cc, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" && strings.Contains(r.URL.Path, "customerinvoice") {
				if i := int(reads.Add(1)) - 1; i < len(failures) {
					failures[i](w, r)
					return
				}
			}
			erp(w, r)
		})
		defer c.Close()
		if _, res, err := release(t, c, "v"); err != nil || res.Unconfirmed() || int(reads.Load()) != len(failures)+1 {
			t.Errorf("%+v, %v after %d reads", res, err, reads.Load())
		}
	})
}

func TestVerifierSurvivesARestartByName(t *testing.T) {
	play(t, mockserver.Config{}, client.Config{Verifiers: map[string]client.Verifier{"released": invoiceReleased}}, func(w *world) {
		op := w.submit(request("POST", "/v1/customerinvoice/003547/action/release", ""), client.SubmitOptions{Verify: "released"})
		w.client.Close()

		without := w.another(client.Config{Store: w.store})
		defer without.Close()
		for same := range without.Pending(w.Context()) {
			_, err := same.Wait(testkit.Within(w.T, time.Minute))
			if p, ok := errors.AsType[*client.PendingError](err); !ok || p.Last == nil || !strings.Contains(p.Last.Error(), `Config.Verifiers has no "released"`) {
				t.Errorf("a replica that does not know the verifier: %v", err)
			}
		}
		with := w.another(client.Config{Store: w.store, Verifiers: map[string]client.Verifier{"released": invoiceReleased}})
		defer with.Close()
		for same, err := range with.Pending(w.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if res, err := same.Wait(w.Context()); err != nil || res.Unconfirmed() || res.ID != op.ID() {
				t.Errorf("%+v, %v", res, err)
			}
		}
		_, err := with.Submit(w.Context(), request("POST", "/v1/x", ""), client.SubmitOptions{Verify: "other"})
		if err == nil || !strings.Contains(err.Error(), `Verify: Config.Verifiers has no "other"`) {
			t.Errorf("an unknown name: %v", err)
		}
	})
	if _, err := client.New(client.Config{BaseURL: base, Verifiers: map[string]client.Verifier{"v": {}}}); err == nil || !strings.Contains(err.Error(), `Verifiers["v"]`) {
		t.Errorf("an empty verifier: %v", err)
	}
}

// A verifier turns "the release was started" into "the invoice is released".
func ExampleVerifier() {
	ctx := context.Background()
	mock := newMock()
	defer mock.Close()
	c, err := client.New(client.Config{
		BaseURL: "https://erp.mock", HTTPClient: mock.Client(),
		Verifiers: map[string]client.Verifier{"invoice-released": invoiceReleased},
	})
	if err != nil {
		panic(err)
	}
	defer c.Close()

	req, _ := http.NewRequest("POST", "/v1/customerinvoice/003547/action/release", nil)
	op, err := c.Submit(ctx, req, client.SubmitOptions{Verify: "invoice-released"})
	if err != nil {
		panic(err)
	}
	res, err := op.Wait(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(res.StatusCode, res.Unconfirmed())
	// Output: 200 false
}
