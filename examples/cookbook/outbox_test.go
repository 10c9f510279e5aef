package cookbook

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/mockservertest"
)

// A nightly import hands over more than an hour of calls allows, and returns. Run
// sends it through the night; each invoice is made once, and its handler is told.
func TestNightlyImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := mockservertest.Start(t, mockserver.Config{RateLimit: mockserver.RateLimit{Limit: 60, Window: time.Hour}})
		made := make(chan string, 100)
		c := newClient(t, erp, client.Config{OnComplete: map[string]client.Handler{
			"import": func(_ context.Context, done client.Completion) error {
				if done.Err != nil { // the ERP refused it, or it failed
					return client.Discard(done.Err)
				}
				made <- done.Key
				return nil
			},
		}})
		for row := range 50 {
			key := fmt.Sprintf("import-2026-11-28/%d", row) // a second run of the import makes nothing twice
			if _, err := c.Enqueue(t.Context(), newInvoice(), client.SubmitOptions{Key: key, Kind: "import"}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go c.Run(ctx)
		time.Sleep(12 * time.Hour)
		if len(made) != 50 {
			t.Errorf("%d of 50 invoices were made by the morning", len(made))
		}
		accepted(t, erp, 50)
	})
}

// Corrections of one customer go in order: the second is sent when the first has
// succeeded. One that fails stops those behind it, and a person decides.
func TestOrderedCorrections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t)
		c := newClient(t, erp, client.Config{})
		correct := func(req *http.Request) *client.Operation {
			op, err := c.Enqueue(t.Context(), req, client.SubmitOptions{Sequence: "customer 10045"})
			if err != nil {
				t.Fatal(err)
			}
			return op
		}
		empty, err := http.NewRequest("POST", "/v2/customerinvoice", strings.NewReader(`{}`))
		if err != nil {
			t.Fatal(err)
		}
		first := correct(empty) // the ERP refuses it
		second := correct(newInvoice())
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go c.Run(ctx)

		time.Sleep(time.Hour)
		if s, err := c.Sequence(t.Context(), "customer 10045"); err != nil || !s.Stopped || s.Head != first.Ref() {
			t.Fatalf("the sequence: %+v, %v, want it stopped at the first one", s, err)
		}
		if err := first.ResumeSequence(t.Context(), client.Skip, "it was a mistake of ours"); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
