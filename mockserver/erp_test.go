package mockserver_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi"
)

func (h *harness) invoice(number string) openapi.CustomerInvoice {
	h.t.Helper()
	return decode[openapi.CustomerInvoice](h.t, h.want(200, "GET", "/v1/customerinvoice/"+number, "").body)
}

// numbers lists what a query finds: the first, the last, and how many.
func (h *harness) numbers(query string) string {
	h.t.Helper()
	rows := decode[[]openapi.CustomerInvoice](h.t, h.want(200, "GET", "/v1/customerinvoice?"+query, "").body)
	if len(rows) == 0 {
		return "none"
	}
	return fmt.Sprintf("%s-%s %d of %d", rows[0].ReferenceNumber, rows[len(rows)-1].ReferenceNumber, len(rows), rows[0].Metadata.TotalCount)
}

func TestListsOfInvoices(t *testing.T) {
	h := start(t, mockserver.Config{})
	closed := h.closedIn("202606")
	for query, want := range map[string]string{
		"":                                    "003501-003548 48 of 48",
		"pageNumber=1&pageSize=20":            "003501-003520 20 of 48",
		"pageNumber=3&pageSize=20":            "003541-003548 8 of 48",
		"pageNumber=4&pageSize=20":            "none",
		"pageNumber=2147483647":               "none",
		"pageSize=999999":                     "003501-003548 48 of 48",
		"pageSize=0&pageNumber=0":             "003501-003548 48 of 48",
		"numberToRead=5&skipRecords=7&what=9": "003501-003548 48 of 48",
		"customerNumber=10045":                "003501-003548 48 of 48", // not a filter
		"customer=10045&pageSize=2":           "003503-003513 2 of 5",
		"status=hold":                         "003544-003548 2 of 2",
		"released=1":                          "003501-003540 40 of 40",
		"released=0":                          "003541-003548 8 of 8",
		"released=0&status=Balanced":          "003541-003547 6 of 6",
		"externalReference=WEB-4711":          "003512-003512 1 of 1",
		"greaterThanValue=003545":             "003546-003548 3 of 3",
		"financialPeriod=202609":              "003543-003548 6 of 6",
		"branch=2":                            "none",
		"documentType=invoice":                "003501-003548 48 of 48",
		"documentType=Credit+Note":            "none",
		"DocumentType=CreditNote":             "none",
		"closedFinancialPeriod=202606":        closed,
		"closedFinancialPeriod=209901":        "none",
		"dunningLevel=0":                      "003501-003548 48 of 48",
		"DunningLevel=1":                      "none",
		dates("dunningLetterDateTime", "2026-09-10", ">="):        "none",
		"documentDate=2026-09-10":                                 "003547-003547 1 of 1",
		dates("documentDate", "2026-09-10", ">="):                 "003547-003548 2 of 2",
		dates("documentDate", "2026-09-10", ">"):                  "003548-003548 1 of 1",
		dates("documentDueDate", "2026-06-15", "<"):               "none",
		dates("createdDateTime", "2026-06-01 08:30:00.110", "<="): "003501-003501 1 of 1",
		dates("lastModifiedDateTime", "2026-09-12T20:00:00", ">"): "003548-003548 1 of 1",
	} {
		if got := h.numbers(query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for query, name := range map[string]string{
		"documentDate=yesterday": "documentDate", dates("documentDate", "2026-09-10", "~"): "documentDateCondition",
		"released=yes": "released", "released=41": "released", "released=-1": "released", "pageSize=-1": "pageSize", "pageNumber=-3": "pageNumber",
		"pageNumber=2147483648": "pageNumber", "pageSize=9223372036854775808": "pageSize", "dunningLevel=x": "dunningLevel",
		"dunningLevel=2147483648": "dunningLevel", "dunningLetterDateTime=x": "dunningLetterDateTime",
	} {
		if a := h.want(400, "GET", "/v1/customerinvoice?"+query, ""); !strings.Contains(a.body, name) {
			t.Errorf("%s: got %s, want %s named", query, a.body, name)
		}
	}
}

// closedIn is what a list of the invoices closed in a period shows.
func (h *harness) closedIn(period string) string {
	h.t.Helper()
	var list []string
	for _, doc := range decode[[]openapi.CustomerInvoice](h.t, h.want(200, "GET", "/v1/customerinvoice", "").body) {
		if doc.ClosedFinancialPeriod == period {
			list = append(list, doc.ReferenceNumber)
		}
	}
	if len(list) == 0 || len(list) == 48 {
		h.t.Fatalf("%d invoices were closed in %s", len(list), period)
	}
	return fmt.Sprintf("%s-%s %d of %d", list[0], list[len(list)-1], len(list), len(list))
}

func dates(name, value, how string) string {
	return url.Values{name: {value}, name + "Condition": {how}}.Encode()
}

// A hundred thousand invoices can be walked through, found and changed, and every
// company has the same.
func TestManyInvoices(t *testing.T) {
	h := start(t, mockserver.Config{Invoices: 100_000})
	list := func(query string, headers ...string) []openapi.CustomerInvoice {
		t.Helper()
		return decode[[]openapi.CustomerInvoice](t, h.want(200, "GET", "/v1/customerinvoice?"+query, "", headers...).body)
	}
	rows := list("pageNumber=1000&pageSize=100")
	if len(rows) != 100 || rows[99].ReferenceNumber != "103500" || rows[0].Metadata.TotalCount != 100_000 {
		t.Fatalf("the last page has %d rows, of %d", len(rows), rows[0].Metadata.TotalCount)
	}
	one := h.want(200, "GET", "/v1/customerinvoice/103500", "")
	if other := h.want(200, "GET", "/v1/customerinvoice/103500", "", "ipp-company-id", "2"); one.body != other.body {
		t.Errorf("companies have\n%s and\n%s", one.body, other.body)
	}
	held := list("status=Hold&pageSize=1")[0].Metadata.TotalCount
	h.want(204, "PUT", "/v1/customerinvoice/103500", `{"hold":{"value":false},"externalReference":{"value":"mine"}}`)
	h.want(204, "DELETE", "/v1/customerinvoice/103499", "")
	if rows := list("externalReference=mine"); len(rows) != 1 || rows[0].ReferenceNumber != "103500" {
		t.Errorf("found %v", rows)
	}
	if got := list("status=Hold&pageSize=1")[0].Metadata.TotalCount; got != held-1 {
		t.Errorf("%d are on hold, want %d", got, held-1)
	}
	if got := list("pageSize=1")[0].Metadata.TotalCount; got != 99_999 {
		t.Errorf("%d are left, want 99 999", got)
	}
	if got := h.want(201, "POST", "/v2/customerinvoice", `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`).header.Get("Location"); !strings.HasSuffix(got, "/103501") {
		t.Errorf("Location %s, want number 103501", got)
	}
}

func TestListsLeaveFieldsOut(t *testing.T) {
	h := start(t, mockserver.Config{})
	row := func(query string) openapi.CustomerInvoice {
		return decode[[]openapi.CustomerInvoice](t, h.want(200, "GET", "/v1/customerinvoice?pageSize=1"+query, "").body)[0]
	}
	if r := row(""); r.CreditTerms.ID != "" || r.PaymentMethod.ID != "" || r.TaxDetails != nil || r.TimeStamp == "" {
		t.Errorf("got %+v", r)
	}
	if r := row("&expandTaxDetails=true"); len(r.TaxDetails) == 0 {
		t.Errorf("got %+v", r)
	}
	if one := h.invoice("003501"); one.CreditTerms.ID != "14" || one.Metadata.MaxPageSize != 1000 {
		t.Errorf("got %+v", one)
	}
	if a := h.want(200, "GET", "/v1/customerinvoice?pageNumber=99", ""); a.body != "[]" || a.header.Get("ETag") != "" {
		t.Errorf("got %s, ETag %q", a.body, a.header.Get("ETag"))
	}
}

func TestCreateAnInvoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		a := h.want(201, "POST", "https://integration.visma.net/API/controller/api/v2/CustomerInvoice", newInvoice)
		if a.body != "" || a.header.Get("Location") != "https://integration.visma.net/API/controller/api/v1/customerinvoice/003549" {
			t.Errorf("got %q, %v", a.body, a.header)
		}
		inv := h.invoice("003549")
		if a.header.Get("ETag") != `"`+inv.TimeStamp+`"` {
			t.Errorf("ETag %s, timeStamp %s", a.header.Get("ETag"), inv.TimeStamp)
		}
		for name, pair := range map[string][2]any{
			"customer": {inv.Customer.Name, "Fjordvik Sykkel AS"}, "status": {inv.Status, "Balanced"},
			"date": {inv.DocumentDate, "2026-09-01T00:00:00"}, "due": {inv.DocumentDueDate, "2026-09-15T00:00:00"},
			"period": {inv.FinancialPeriod + inv.PostPeriod, "202609202609"}, "amount": {inv.Amount, openapi.Decimal("1250")},
			"balance": {inv.BalanceInCurrency, openapi.Decimal("1250")}, "line": {inv.InvoiceLines[0].Description, "Sykkelservice"},
			"created": {inv.CreatedDateTime, "2000-01-01T01:00:00"}, "type": {inv.DocumentType, "Invoice"},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
			}
		}
		own := strings.Replace(newInvoice, "{", `{"referenceNumber":{"value":"900001"},"overrideNumberSeries":{"value":true},"hold":{"value":true},`, 1)
		h.want(201, "POST", "/v2/customerinvoice", own)
		if inv := h.invoice("900001"); inv.Status != "Hold" || !inv.Hold {
			t.Errorf("got %+v", inv)
		}
		h.want(400, "POST", "/v2/customerinvoice", own) // the number is taken
	})
}

func TestInvoicesThatAreRefused(t *testing.T) {
	h := start(t, mockserver.Config{})
	lines := func(l string) string {
		return `{"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"invoiceLines":[` + l + `]}`
	}
	const q = `"quantity":{"value":1}`
	const numbered = `{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"lineNumber":{"value":1},` + q + `}`
	for name, body := range map[string]string{
		"nothing":             ``,
		"not JSON":            `{`,
		"an array":            `[]`,
		"a plain value":       `{"customerNumber":"10045"}`,
		"no customer":         `{"documentDate":{"value":"2026-09-01"},"invoiceLines":[{"operation":"Insert","description":{"value":"x"},` + q + `}]}`,
		"no date":             `{"customerNumber":{"value":"10045"},"invoiceLines":[{"operation":"Insert","description":{"value":"x"},` + q + `}]}`,
		"unknown customer":    strings.Replace(newInvoice, "10045", "1", 1),
		"senseless date":      strings.Replace(newInvoice, "2026-09-01", "2026-13-01", 1),
		"null date":           strings.Replace(newInvoice, `"2026-09-01"`, "null", 1),
		"no line":             lines(``),
		"no operation":        lines(`{"inventoryNumber":{"value":"SYK-01"},` + q + `}`),
		"unknown operation":   lines(`{"operation":"Upsert","inventoryNumber":{"value":"SYK-01"},` + q + `}`),
		"unknown item":        lines(`{"operation":"Insert","inventoryNumber":{"value":"SYK-99"},` + q + `}`),
		"no item or text":     lines(`{"operation":"Insert",` + q + `}`),
		"no quantity":         lines(`{"operation":"Insert","inventoryNumber":{"value":"SYK-01"}}`),
		"unknown VAT code":    lines(`{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"vatCodeId":{"value":"99"},` + q + `}`),
		"discount above all":  lines(`{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"discountPercent":{"value":101},` + q + `}`),
		"line number twice":   lines(numbered + `,` + numbered),
		"too much":            lines(`{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":1e30}}`),
		"own number":          strings.Replace(newInvoice, "{", `{"referenceNumber":{"value":"900001"},`, 1),
		"unknown terms":       strings.Replace(newInvoice, "{", `{"creditTermsId":{"value":"99"},`, 1),
		"senseless rate":      strings.Replace(newInvoice, "{", `{"exchangeRate":{"value":0},`, 1),
		"senseless currency":  strings.Replace(newInvoice, "{", `{"currencyId":{"value":"kroner"},`, 1),
		"text where a number": lines(`{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":"1"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do("POST", "/v2/customerinvoice", body)
			if a.status != 400 || decode[map[string]string](t, a.body)["message"] == "" {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	if got := h.numbers(""); got != "003501-003548 48 of 48" {
		t.Errorf("a refused invoice was created: %s", got)
	}
}

func TestChangeAnInvoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		before := h.invoice("003547")
		time.Sleep(250 * time.Millisecond)
		a := h.want(204, "PUT", "/v1/customerinvoice/003547", `{"invoiceText":{"value":"Takk"},"customerRefNumber":{"value":"PO-1"},
			"invoiceLines":[{"operation":"Update","lineNumber":{"value":1},"quantity":{"value":10},"discountPercent":{"value":10}},
				{"operation":"Delete","lineNumber":{"value":2}},
				{"operation":"Insert","description":{"value":"Montering"},"quantity":{"value":1.5},"unitPriceInCurrency":{"value":333.33}}]}`,
			"If-Match", `"`+before.TimeStamp+`"`)
		after := h.invoice("003547")
		if a.body != "" || a.header.Get("ETag") != `"`+after.TimeStamp+`"` || after.TimeStamp == before.TimeStamp {
			t.Errorf("versions %s and %s, ETag %s", before.TimeStamp, after.TimeStamp, a.header.Get("ETag"))
		}
		if after.InvoiceText != "Takk" || after.Customer != before.Customer || after.ExternalReference != before.ExternalReference {
			t.Errorf("got %+v", after)
		}
		if after.LastModifiedDateTime != "2000-01-01T01:00:00.25" || after.CreatedDateTime != before.CreatedDateTime {
			t.Errorf("created %s, modified %s", after.CreatedDateTime, after.LastModifiedDateTime)
		}
		// 10 × 87.33 − 10 % at 12 %, and 1.5 × 333.33 at 25 %.
		l := after.InvoiceLines
		if len(l) != 2 || l[0].Amount != "785.97" || l[0].DiscountAmount != "87.33" || l[1].LineNumber != 2 || l[1].Amount != "500" || after.Amount != "1505.29" {
			t.Errorf("amount %v of lines %+v", after.Amount, l)
		}
		if got := h.numbers("customerRefNumber=PO-1"); got != "003547-003547 1 of 1" {
			t.Errorf("got %s", got)
		}
		h.want(204, "PUT", "/v1/customerinvoice/003547",
			`{"documentDate":{"value":"2026-10-05"},"invoiceText":{"value":null},"creditTermsId":{"value":"30"}}`, "If-Match", after.TimeStamp)
		again := h.invoice("003547")
		if again.DocumentDueDate != "2026-11-04T00:00:00" || again.FinancialPeriod != "202610" || again.InvoiceText != "" {
			t.Errorf("got %+v", again)
		}
	})
}

func TestChangeEverythingThatCanBeChanged(t *testing.T) {
	h := start(t, mockserver.Config{})
	h.want(204, "PUT", "/v1/customerinvoice/003547", `{"customerNumber":{"value":"10074"},"currencyId":{"value":"sek"},"exchangeRate":{"value":1.05},
		"billingAddress":{"value":{"addressLine1":{"value":"Strandgata 1"},"city":{"value":"Bergen"},"countryId":{"value":"NO"},"overrideAddress":{"value":true}}},
		"invoiceContact":{"value":{"attention":{"value":"Regnskap"},"email":{"value":"faktura@example.com"}}},
		"contact":{"value":88},"project":{"value":"P-100"},"startDate":{"value":"2026-09-01"},"endDate":{"value":null},
		"financialPeriod":{"value":"202610"},"documentDueDate":{"value":"2026-12-24"},"salesPersonID":{"value":7},
		"debtCollectionCaseNbr":{"value":"4711"},"debtCollectionCaseUrl":{"value":"https://case.example/4711"},"domesticServicesDeductibleDocument":{"value":true},
		"invoiceLines":[
			{"operation":"Update","lineNumber":{"value":1},"inventoryNumber":{"value":"EKS-01"},"manualAmountInCurrency":{"value":99.5},"termStartDate":{"value":"2026-09-02"},"typeOfWork":{"value":"Bygg"}},
			{"operation":"Update","lineNumber":{"value":2},"discountAmountInCurrency":{"value":9.6},"accountNumber":{"value":"3999"},"vatCodeId":{"value":"31"}}]}`)
	inv := h.invoice("003547")
	l := inv.InvoiceLines
	for name, pair := range map[string][2]any{
		"customer": {inv.Customer.Name, "Vintervoll Ski AB"}, "zone": {inv.CustomerVATZone.Description, "Utland"},
		"currency": {inv.CurrencyID, "SEK"}, "address": {inv.InvoiceAddress.AddressLine1 + inv.InvoiceAddress.Country.ID, "Strandgata 1NO"},
		"contact": {inv.InvoiceContact.Attention, "Regnskap"}, "contact id": {inv.Contact.ID, 88}, "project": {inv.Project.ID, "P-100"},
		"start": {inv.StartDate, "2026-09-01T00:00:00"}, "end": {inv.EndDate, ""}, "due": {inv.DocumentDueDate, "2026-12-24T00:00:00"},
		"period": {inv.FinancialPeriod, "202610"}, "item": {l[0].Description, "Vare for eksport"}, "manual": {l[0].AmountInCurrency, openapi.Decimal("99.5")},
		"account": {l[1].Account.Number, "3999"}, "discount": {l[1].AmountInCurrency, openapi.Decimal("1390")}, "in company": {l[1].Amount, openapi.Decimal("1459.5")},
		"sales person": {inv.SalesPerson.ID, "7"}, "case": {inv.DebtCollection.CaseNumber + inv.DebtCollection.CaseURL, "4711https://case.example/4711"},
		"deductible": {inv.IsRotRutDeductible, true}, "term": {l[0].TermStartDate, "2026-09-02T00:00:00"}, "work": {l[0].TypeOfWork.Description, "Bygg"},
		"exempt": {inv.VATExemptTotalInCurrency, openapi.Decimal("99.5")}, "VAT": {inv.VATTotalInCurrency, openapi.Decimal("208.5")}, "total": {inv.AmountInCurrency, openapi.Decimal("1698")},
		"total in company": {inv.Amount, openapi.Decimal("1782.91")}, // 1489.50 × 1.05 = 1563.975, and 208.50 × 1.05 = 218.925
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	h := start(t, mockserver.Config{})
	before := h.invoice("003547")
	for _, tt := range []struct {
		name, number, body, ifMatch string
		want                        int
	}{
		{"unknown invoice", "999999", `{}`, "", 404},
		{"stale", "003547", `{}`, `"AAAAAAAAAAE="`, 412},
		{"stale before bad data", "003547", `{`, `"AAAAAAAAAAE="`, 412},
		{"released", "003540", `{"note":{"value":"x"}}`, "", 400},
		{"bad data", "003547", `{"note":"x"}`, "", 400},
		{"a contact beyond 32 bits", "003547", `{"note":{"value":"x"},"contact":{"value":99999999999}}`, "", 400},
		{"a schedule beyond 32 bits", "003547", `{"note":{"value":"x"},"invoiceLines":[{"operation":"Update","lineNumber":{"value":1},"deferralSchedule":{"value":-2147483649}}]}`, "", 400},
		{"a line number beyond 32 bits", "003547", `{"invoiceLines":[{"operation":"Insert","lineNumber":{"value":2147483648},"description":{"value":"x"},"quantity":{"value":1}}]}`, "", 400},
		{"no line number left", "003547", `{"invoiceLines":[{"operation":"Insert","lineNumber":{"value":2147483647},"description":{"value":"x"},"quantity":{"value":1}},
			{"operation":"Insert","description":{"value":"x"},"quantity":{"value":1}}]}`, "", 400},
		{"a due date beyond the year 9999", "003547", `{"note":{"value":"x"},"documentDate":{"value":"9999-12-31"}}`, "", 400},
		{"a date beyond the year 9999", "003547", `{"note":{"value":"x"},"documentDueDate":{"value":"10000-01-01"}}`, "", 400},
		{"unknown line", "003547", `{"note":{"value":"x"},"invoiceLines":[{"operation":"Update","lineNumber":{"value":9}}]}`, "", 400},
		{"delete an unknown line", "003547", `{"note":{"value":"x"},"invoiceLines":[{"operation":"Delete"}]}`, "", 400},
	} {
		var header []string
		if tt.ifMatch != "" {
			header = []string{"If-Match", tt.ifMatch}
		}
		a := h.want(tt.want, "PUT", "/v1/customerinvoice/"+tt.number, tt.body, header...)
		if decode[map[string]string](t, a.body)["message"] == "" {
			t.Errorf("%s: got %s", tt.name, a.body)
		}
	}
	if after := h.invoice("003547"); after.TimeStamp != before.TimeStamp || after.Note != "" {
		t.Error("a refused change had an effect")
	}
	for _, ok := range []string{"*", `"x", "%s"`, `W/"%s"`, "%s"} {
		tag := strings.ReplaceAll(ok, "%s", h.invoice("003547").TimeStamp)
		h.want(204, "PUT", "/v1/customerinvoice/003547", `{}`, "If-Match", tag)
	}
}

func TestDeleteAnInvoice(t *testing.T) {
	h := start(t, mockserver.Config{})
	h.want(204, "DELETE", "/v1/customerinvoice/003547", "")
	h.want(404, "GET", "/v1/customerinvoice/003547", "")
	h.want(404, "DELETE", "/v1/customerinvoice/003547", "")
	h.want(400, "DELETE", "/v1/customerinvoice/003501", "")
	if got := h.numbers(""); got != "003501-003548 47 of 47" {
		t.Errorf("got %s", got)
	}
}

func TestReleaseInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		path := "/v1/customerinvoice/003547/action/release"
		s := h.finish("POST", path, "")
		result := decode[openapi.ActionResult](t, h.want(200, "GET", s["contentLocation"].(string), "").body)
		if s["statusCode"] != 200.0 || result.ActionResult != "Done" || result.ActionID == "" {
			t.Errorf("got %v, %+v", s, result)
		}
		inv := h.invoice("003547")
		if inv.Status != "Open" || s["responseHeaders"].(map[string]any)["ETag"] != `"`+inv.TimeStamp+`"` {
			t.Errorf("got %s, %v", inv.Status, s["responseHeaders"])
		}
		s = h.finish("POST", path, "")
		body := h.want(200, "GET", s["contentLocation"].(string), "").body
		if s["status"] != "Finished" || s["statusCode"] != 400.0 ||
			body != `{"message":"Customer invoice can't be released because it is already released."}` {
			t.Errorf("second release: %v, %s", s, body)
		}
		if s := h.finish("POST", "/v1/customerinvoice/003548/action/release", ""); s["statusCode"] != 400.0 {
			t.Errorf("on hold: %v", s)
		}
		if s := h.finish("POST", path, "", "If-Match", `"stale"`); s["statusCode"] != 412.0 {
			t.Errorf("stale: %v", s)
		}
		if s := h.finish("POST", "/v1/customerinvoice/1/action/release", ""); s["statusCode"] != 404.0 {
			t.Errorf("unknown: %v", s)
		}
	})
}

func TestReverseAnInvoice(t *testing.T) {
	h := start(t, mockserver.Config{})
	a := h.want(200, "POST", "/v1/customerinvoice/003530/action/reverse", `{"returnCreditNote":true}`)
	result := decode[openapi.ReverseActionResult](t, a.body)
	note, inv := h.invoice("700001"), h.invoice("003530")
	if result.ReferenceNumber != "700001" || result.ActionResult != "Queued" || result.CreditNoteDto["referenceNumber"] != "700001" {
		t.Errorf("got %+v", result)
	}
	if note.DocumentType != "CreditNote" || note.Status != "Balanced" || note.Amount != inv.Amount || note.Balance != inv.Amount {
		t.Errorf("got %+v", note)
	}
	if a.header.Get("ETag") != `"`+note.TimeStamp+`"` || inv.Status != "Open" {
		t.Errorf("ETag %s of %s; the invoice is %s", a.header.Get("ETag"), note.TimeStamp, inv.Status)
	}
	a = h.want(200, "POST", "/v1/customerinvoice/003530/action/reverse", `{"returnCreditNote":false}`)
	if r := decode[openapi.ReverseActionResult](t, a.body); r.ReferenceNumber != "700002" || r.CreditNoteDto != nil {
		t.Errorf("got %+v", r)
	}
	h.want(200, "POST", "/v1/customerinvoice/003530/action/reverse", "")
	h.want(400, "POST", "/v1/customerinvoice/003530/action/reverse", "{")
	h.want(400, "POST", "/v1/customerinvoice/003547/action/reverse", "{}")
	h.want(404, "POST", "/v1/customerinvoice/1/action/reverse", "{}")
}

func TestPreconditionsAreCheckedWhenTheOperationRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{ExecTime: mockserver.Fixed(time.Minute)})
		tag := h.want(200, "GET", "/v1/customerinvoice/003547", "").header.Get("ETag")
		id := h.submit("none", "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"late"}}`, "If-Match", tag)
		h.want(204, "PUT", "/v1/customerinvoice/003547", `{"note":{"value":"early"}}`, "If-Match", tag)
		time.Sleep(time.Hour)
		if s := h.state(id); s["status"] != "Finished" || s["statusCode"] != 412.0 || h.invoice("003547").Note != "early" {
			t.Errorf("got %v", s)
		}
	})
}
