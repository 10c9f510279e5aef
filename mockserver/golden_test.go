package mockserver_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
)

// wire writes headers in their order by name, an empty line, and the body.
func wire(first string, h http.Header, body string) string {
	lines := []string{first}
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body + "\n"
}

func (a answer) wire() string {
	return wire(fmt.Sprintf("HTTP/1.1 %d %s", a.status, http.StatusText(a.status)), a.header, a.body)
}

func (r received) wire() string {
	return wire("POST "+r.path+" HTTP/1.1\nHost: "+r.host, r.header, r.body)
}

func TestGoldenWireShapes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(1250 * time.Millisecond), Subscription: mockserver.Subscription{
			URL: "http://hook.test/erp", SigningKey: "c2lnbi1rZXktZm9yLXRlc3Rz",
		}})
		h.Handle("POST /v1/broken", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of paper") }))

		list := h.want(202, "GET", "/v1/customerinvoice?pageNumber=1&pageSize=1", "", "erp-api-background", "http://hook.test/url")
		testkit.Golden(t, filepath.Join("testdata", "202.golden"), list.wire())
		id := h.Operations()[0].ID
		testkit.Golden(t, filepath.Join("testdata", "state-running.golden"), h.do("GET", "/v1/background/"+id, "").wire())
		time.Sleep(2 * time.Second)
		testkit.Golden(t, filepath.Join("testdata", "state-finished.golden"), h.do("GET", "/v1/background/"+id, "").wire())
		testkit.Golden(t, filepath.Join("testdata", "content.golden"), h.do("GET", "/v1/background/"+id+"/content", "").wire())
		testkit.Golden(t, filepath.Join("testdata", "notification-url.golden"), h.hook.all()[0].wire())

		created := h.submit("subscription:order=4711,src=shop", "POST", "/API/controller/api/v2/customerinvoice", newInvoice)
		waiting := h.submit("none", "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"x"}}`)
		testkit.Golden(t, filepath.Join("testdata", "state-queued.golden"), h.do("GET", "/v1/background/"+waiting, "").wire())
		time.Sleep(5 * time.Second)
		testkit.Golden(t, filepath.Join("testdata", "state-created.golden"), h.do("GET", "/v1/background/"+created, "").wire())
		testkit.Golden(t, filepath.Join("testdata", "notification-subscription.golden"), h.hook.all()[1].wire())

		failed := h.submit("subscription", "POST", "/v1/broken", "{}")
		time.Sleep(2 * time.Second)
		testkit.Golden(t, filepath.Join("testdata", "state-failed.golden"), h.do("GET", "/v1/background/"+failed, "").wire())
		testkit.Golden(t, filepath.Join("testdata", "notification-failed.golden"), h.hook.all()[2].wire())
	})
}

const newInvoice = `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},
 "invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`
