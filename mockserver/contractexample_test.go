package mockserver_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi/spec"
)

// The examples of a create and a change work as they stand in the document,
// below v1 and v2, at once and in the background.
func TestTheExamplesOfTheDocumentWork(t *testing.T) {
	doc, err := spec.Background()
	if err != nil {
		t.Fatal(err)
	}
	text := func(example any) string {
		data, err := json.Marshal(example)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	creates := map[string]string{
		"least":  text(doc.Components.Examples["NewInvoice"].Value.Value),
		"schema": text(doc.Components.Schemas["CustomerInvoiceUpdate"].Value.Example),
	}
	change := text(doc.Components.Examples["ChangedInvoice"].Value.Value)
	for name, create := range creates {
		for _, path := range []string{"/v1/customerinvoice", "/v2/customerinvoice", "/v1/CustomerInvoice"} {
			synctest.Test(t, func(t *testing.T) {
				h := start(t, mockserver.Config{})
				made := h.want(201, "POST", path, create)
				location := strings.TrimPrefix(made.header.Get("Location"), mockserver.BaseURL)
				if !strings.HasPrefix(location, "/v1/customerinvoice/") {
					t.Errorf("%s, %s: got the Location %s", name, path, location)
				}
				h.want(204, "PUT", location, change)
				if got := h.finish("POST", path, create)["statusCode"]; got != float64(201) {
					t.Errorf("%s, %s, in the background: got %v, want 201", name, path, got)
				}
			})
		}
	}
}

// What generators without a way to leave a field out send for it is taken for
// left out; a null is what the profile says.
func TestAWrapperWithoutAValueIsLeftOut(t *testing.T) {
	const rest = `"customerNumber":{"value":"10045"},"documentDate":{"value":"2026-09-01"},"invoiceLines":[
		{"operation":"Insert","description":{"value":"x"},"quantity":{"value":1},"lineNumber":{},"inventoryNumber":{ },"vatCodeId":{},"unitPriceInCurrency":{"value":80.50}}]`
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		a := h.want(201, "POST", "/v2/customerinvoice", `{"currencyId":{},"creditTermsId":{},"exchangeRate":{},"documentDueDate":{},"billingAddress":{"value":{"city":{}}},`+rest+`}`)
		number := a.header.Get("Location")
		inv := h.invoice(number[strings.LastIndex(number, "/")+1:])
		if inv.CurrencyID != "NOK" || inv.CreditTerms.ID == "" || inv.DocumentDueDate == "" || inv.InvoiceLines[0].LineNumber != 1 {
			t.Errorf("got currency %q, terms %q, due %q, line %d; want what a create without these fields gives",
				inv.CurrencyID, inv.CreditTerms.ID, inv.DocumentDueDate, inv.InvoiceLines[0].LineNumber)
		}
		if got := inv.InvoiceLines[0].UnitPriceInCurrency; got != "80.50" {
			t.Errorf("price: got %s, want its digits 80.50", got)
		}
		if inv.AmountInCurrency != "100.63" || inv.VATTotalInCurrency != "20.13" {
			t.Errorf("got %s with VAT of %s, want 100.63 with 20.13", inv.AmountInCurrency, inv.VATTotalInCurrency)
		}
		h.want(400, "POST", "/v2/customerinvoice", `{"creditTermsId":{"value":null},`+rest+`}`)
		time.Sleep(time.Second)
	})
}

// What the mock takes it can show: nothing gets in that the document has no
// place for.
func TestWhatIsWrittenFitsWhatIsRead(t *testing.T) {
	doc, err := spec.ERP()
	if err != nil {
		t.Fatal(err)
	}
	const line = `"operation":"Insert","description":{"value":"x"},"quantity":{"value":1}`
	create := func(date, head, line string) string {
		return `{"customerNumber":{"value":"10045"},"documentDate":{"value":"` + date + `"}` + head + `,"invoiceLines":[{` + line + `}]}`
	}
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"largest contact":       {create("2026-09-01", `,"contact":{"value":2147483647}`, line), 201},
		"contact of 33 bits":    {create("2026-09-01", `,"contact":{"value":2147483648}`, line), 400},
		"contact far below":     {create("2026-09-01", `,"contact":{"value":-99999999999}`, line), 400},
		"line number":           {create("2026-09-01", "", `"lineNumber":{"value":99999999999},`+line), 400},
		"deferral schedule":     {create("2026-09-01", "", `"deferralSchedule":{"value":99999999999},`+line), 400},
		"last day":              {create("9999-12-31", "", line), 400},
		"last day, due on it":   {create("9999-12-31", `,"documentDueDate":{"value":"9999-12-31"}`, line), 201},
		"a price of 29 digits":  {create("2026-09-01", "", line+`,"unitPriceInCurrency":{"value":12345678901234567890123456789}`), 400},
		"a price of few digits": {create("2026-09-01", "", line+`,"unitPriceInCurrency":{"value":1.2345e-4}`), 201},
		"all of what is new": {create("2026-09-01", `,"salesPersonID":{"value":7},"directDebitMandateId":{"value":"1c8f7f52-43c4-4b0e-9d0b-6c1f1d3a7b10"},"childCustomerNumber":{"value":"10046"},
			"rotRutDetails":{"distributedAutomaticaly":{"value":true},"distribution":[{"operation":"Insert","amount":{"value":1.5}}]}`, line+`,"itemType":{"value":"Service"}`), 201},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{})
			a := h.do("POST", "/v2/customerinvoice", tt.body)
			if a.status != tt.want {
				t.Errorf("%s: got %d %s, want %d", name, a.status, a.body, tt.want)
			}
			if a.status != 201 {
				return
			}
			declared(t, doc, "GET", "/v1/customerinvoice/{invoiceNumber}", h.do("GET", a.header.Get("Location"), ""))
		})
	}
}
