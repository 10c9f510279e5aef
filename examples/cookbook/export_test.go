package cookbook

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/openapi"
)

// A full export. The answer to one page is lost, and the process stops in the
// middle: the next one goes on behind the last invoice that was taken.
func TestFullExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		erp := newERP(t, fault.Rule{Name: "lost", On: fault.OnIntake, After: 2, Times: 1, Do: fault.Answer{Process: true, Drop: true}})
		c := newClient(t, erp, client.Config{Notify: client.Subscription()})

		taken := make(map[string]int)
		var last client.Position // stored together with what was taken
		export := func(most int) {
			list, err := http.NewRequest("GET", "/v1/customerinvoice", nil)
			if err != nil {
				t.Fatal(err)
			}
			for row, err := range client.Pages[openapi.CustomerInvoice](t.Context(), c, list, client.PagesOptions{PageSize: 10, After: last}) {
				if err != nil {
					t.Fatal(err)
				}
				taken[row.Value.ReferenceNumber]++
				last = row.Position
				if most--; most == 0 {
					return
				}
			}
		}
		export(15) // stopped
		export(-1) // started again

		if len(taken) != last.Total || erp.Faults().Count("lost", "").Hits != 1 {
			t.Errorf("%d invoices were taken, want all %d, with one answer lost", len(taken), last.Total)
		}
		for number, times := range taken {
			if times != 1 {
				t.Errorf("invoice %s was taken %d times, want once", number, times)
			}
		}
		for op, err := range c.Pending(t.Context()) {
			t.Errorf("left pending: %v, %v", op, err)
		}
	})
}
