package mockserver_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/journal"
)

// Whoever names a new company in each request fills no more than the table;
// those that were there, and those of the configuration, are served.
func TestCompaniesAreBounded(t *testing.T) {
	h := start(t, mockserver.Config{
		MaxCompanies: 8, Companies: map[string]string{"token": "token-co"},
		Auth:          mockserver.Auth{Tenants: map[string]string{"t": "tenant-co"}},
		Subscriptions: map[string]mockserver.Subscription{"sub-co": {}},
	})
	served := 0
	for i := range 50 {
		a := h.do("GET", "/v1/customerinvoice/003501", "", "ipp-company-id", fmt.Sprint("c-", i))
		switch {
		case a.status == 200:
			served++
		case a.status != 503 || !strings.Contains(a.body, "no more than 8 companies (Config.MaxCompanies)"):
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
	if served != 4 {
		t.Errorf("served %d companies beside the default one and three of the configuration, want 4", served)
	}
	for _, company := range []string{"", "1000001", "token-co", "tenant-co", "sub-co", "c-0"} {
		h.want(200, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", company)
	}
	if got := h.Journal().Select(journal.Filter{Company: "c-49"}).Entries(); len(got) != 0 {
		t.Errorf("the journal has %v", got)
	}
	form := "grant_type=client_credentials&client_id=a&client_secret=b&tenant_id="
	for _, tenant := range []string{"t", "unknown"} { // the latter is no company's
		h.want(200, "POST", "/connect/token", form+tenant, "Content-Type", "application/x-www-form-urlencoded")
	}

	h = start(t, mockserver.Config{MaxCompanies: 1})
	h.want(200, "GET", "/v1/customerinvoice/003501", "")
	h.want(503, "POST", "/connect/token", form+"new", "Content-Type", "application/x-www-form-urlencoded")
	h.want(200, "POST", "/connect/token", form+"1000001", "Content-Type", "application/x-www-form-urlencoded")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/connect/token", "/v1/customerinvoice/003501/action/release"} {
		h.want(503, "POST", path, form+"1000001", "Content-Type", "application/x-www-form-urlencoded")
	}
}

// What a company costs is as the documentation says, about.
func TestTheCostOfACompany(t *testing.T) {
	h := start(t, mockserver.Config{JournalBytes: 1})
	h.want(200, "GET", "/v1/customerinvoice/003501", "")
	const n = 200
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range n {
		h.want(200, "GET", "/v1/customerinvoice/003501", "", "ipp-company-id", fmt.Sprint("c-", i))
	}
	if each := (heap() - before) / n; each > 5_000 {
		t.Errorf("%d bytes for each company", each)
	}
	runtime.KeepAlive(h)
}

// What one company changes is not seen by another one, though they begin with
// the same documents.
func TestCompaniesBeginAlike(t *testing.T) {
	h := start(t, mockserver.Config{})
	const path = "/v1/customerinvoice/003545"
	before := h.want(200, "GET", path, "", "ipp-company-id", "2").body
	line := `{"note":{"value":"changed"},"invoiceLines":[{"operation":"Update","lineNumber":{"value":1},"quantity":{"value":77},"description":{"value":"other"}}]}`
	h.want(204, "PUT", path, line, "ipp-company-id", "1", "Content-Type", "application/json")
	h.want(200, "POST", path+"/action/release", "{}", "ipp-company-id", "1")
	for _, company := range []string{"2", "3"} {
		if got := h.want(200, "GET", path, "", "ipp-company-id", company).body; got != before {
			t.Errorf("company %s: got  %s\nwant %s", company, got, before)
		}
	}
	if got := h.want(200, "GET", path, "", "ipp-company-id", "1").body; !strings.Contains(got, "changed") || !strings.Contains(got, `"quantity":77`) {
		t.Errorf("got %s", got)
	}
}
