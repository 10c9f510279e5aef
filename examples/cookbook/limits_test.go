package cookbook

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/client/clientauth"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/mockservertest"
)

// The ERP refuses the call for a minute: Submit waits, and sends it once more.
func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{On: fault.OnIntake, Times: 1, Do: fault.Answer{Status: http.StatusTooManyRequests, RetryAfter: time.Minute}})
		c := newClient(t, erp, client.Config{})

		begin := time.Now()
		if _, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < time.Minute {
			t.Errorf("it was sent again after %v, want a minute at least", took)
		}
		accepted(t, erp, 1)
	})
}

// The company has ten calls an hour: the client learns that from the answers,
// polls the less often the fewer are left, and none of its calls is refused.
func TestRateLimitWhilePolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := mockservertest.Start(t, mockserver.Config{
			ExecTime:  mockserver.Fixed(20 * time.Minute),
			RateLimit: mockserver.RateLimit{Limit: 10, Window: time.Hour},
		})
		c := newClient(t, erp, client.Config{})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		refused := 0
		for _, r := range erp.Journal().Requests("") {
			if r.StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused != 0 {
			t.Errorf("%d calls were refused, want none", refused)
		}
	})
}

// Tokens last ten minutes and the operation an hour; one more is revoked in
// between.
func TestExpiredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := mockservertest.Start(t, mockserver.Config{
			ExecTime: mockserver.Fixed(time.Hour),
			Auth: mockserver.Auth{
				Mode: mockserver.AuthStrict, TokenLife: 10 * time.Minute,
				Clients: map[string]mockserver.AuthClient{"app": {Secret: "s3cret"}},
				Tenants: map[string]string{"tenant-of-the-company": "1000001"},
			},
			Faults: []fault.Rule{{Name: "revoked", On: fault.OnAuth, After: 5, Times: 1, Do: fault.Answer{Status: http.StatusUnauthorized}}},
		})
		auth, err := clientauth.New(clientauth.Config{
			BaseURLs: []string{erp.URL()}, ClientID: "app", ClientSecret: "s3cret", TenantID: "tenant-of-the-company",
			HTTPClient: erp.Client(), Transport: erp.Client().Transport, // in memory; leave both out elsewhere
		})
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, erp, client.Config{HTTPClient: auth.HTTPClient(), Refresh: auth.Refresh})

		op, err := c.Submit(t.Context(), newInvoice(), client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := op.Wait(t.Context()); err != nil {
			t.Errorf("wait: %v, want it to outlive its tokens", err)
		}
		if got := erp.Faults().Count("revoked", "").Hits; got != 1 {
			t.Errorf("%d tokens were revoked, want 1", got)
		}
	})
}
