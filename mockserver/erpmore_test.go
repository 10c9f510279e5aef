package mockserver_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/openapi"
)

// shape compares an answer with a golden file.
func (h *harness) shape(name, path string) {
	h.t.Helper()
	testkit.Golden(h.t, filepath.Join("testdata", name+".golden"), h.want(200, "GET", path, "").body+"\n")
}

// count is how many rows a list has, and which the first is.
func (h *harness) count(path string) string {
	h.t.Helper()
	rows := decode[[]map[string]any](h.t, h.want(200, "GET", path, "").body)
	if len(rows) == 0 {
		return "none"
	}
	id := rows[0]["number"]
	if id == nil {
		id = rows[0]["refNbr"]
	}
	return fmt.Sprintf("%v %d of %v", id, len(rows), rows[0]["metadata"].(map[string]any)["totalCount"])
}

func TestCustomers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.shape("customer", "/v1/customer/10045")
		for path, want := range map[string]string{
			"/v1/customer":                             "10000 10 of 10",
			"/v1/Customer?pageSize=3&PageNumber=4":     "10099 1 of 10",
			"/v1/customer?pageSize=3&pageNumber=5":     "none",
			"/v1/customer?name=fjordvik%20sykkel%20AS": "10045 1 of 1",
			"/v1/customer?status=Inactive":             "none",
			"/v1/customer?number=10045":                "10000 10 of 10", // no such filter: ignored
			"/v1/customer?lastModifiedDateTime=2026-05-04&lastModifiedDateTimeCondition=%3C": "none",
			"/v1/customer?createdDateTime=2026-05-04&createdDateTimeCondition=%3E%3D":        "10000 10 of 10",
		} {
			if got := h.count(path); got != want {
				t.Errorf("%s: got %s, want %s", path, got, want)
			}
		}

		state := h.finish("POST", "/v1/customer", `{"name":{"value":"Sol AS"},"creditTermsId":{"value":"30"},"mainAddress":{"value":{"city":{"value":"Bergen"},"countryId":{"value":"NO"}}},"mainContact":{"value":{"email":{"value":"post@sol.example"}}}}`)
		headers, _ := state["responseHeaders"].(map[string]any)
		if state["statusCode"] != 201.0 || headers["Location"] != "https://erp.mock/v1/customer/10100" {
			t.Fatalf("state %v", state)
		}
		one := h.want(200, "GET", "/v1/customer/10100", "")
		for _, part := range []string{`"name":"Sol AS"`, `"city":"Bergen"`, `"email":"post@sol.example"`, `"creditTerms":{"description":"30 dager","id":"30"}`, `"internalId":11`} {
			if !strings.Contains(one.body, part) {
				t.Errorf("%s is not in %s", part, one.body)
			}
		}
		if got := h.count("/v1/customer?email=POST@sol.example"); got != "10100 1 of 1" {
			t.Errorf("by e-mail: %s", got)
		}
		tag := one.header.Get("ETag")
		h.want(412, "PUT", "/v1/customer/10100", `{"name":{"value":"x"}}`, "If-Match", `"AAAA"`)
		put := h.want(204, "PUT", "/v1/customer/10100", `{"name":{"value":"Måne AS"}}`, "If-Match", tag)
		if next := put.header.Get("ETag"); next == tag || next == "" {
			t.Errorf("ETag %s after %s", next, tag)
		}
		h.want(204, "PUT", "/v1/customer/10012", `{"status":{"value":"Inactive"}}`)
		if got := h.count("/v1/customer?status=inactive"); got != "10012 1 of 1" {
			t.Errorf("inactive: %s", got)
		}

		// The new one buys.
		location := h.want(201, "POST", "/v2/customerinvoice", `{"customerNumber":{"value":"10100"},"documentDate":{"value":"2026-09-01"},"invoiceLines":[{"operation":"Insert","inventoryNumber":{"value":"SYK-01"},"quantity":{"value":2}}]}`).header.Get("Location")
		inv := h.invoice(location[strings.LastIndex(location, "/")+1:])
		if inv.Customer.Name != "Måne AS" || inv.DocumentDueDate != "2026-10-01T00:00:00" {
			t.Errorf("invoice for %v, due %s", inv.Customer, inv.DocumentDueDate)
		}
		if err := h.Reset(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		h.want(404, "GET", "/v1/customer/10100", "")
	})
}

func TestCustomersThatAreRefused(t *testing.T) {
	h := start(t, mockserver.Config{Profile: profile.Profile{PageBeyondEndStatus: 404}})
	for body, want := range map[string]string{
		`{}`:           "'Customer name' cannot be empty.",
		`{"name":"x"}`: "field 'name' does not take a string",
		`{"name":{"value":"x"},"creditTermsId":{"value":"7"}}`:                                    "Credit terms '7' cannot be found",
		`{"name":{"value":"x"},"currencyId":{"value":"KRONER"}}`:                                  "Currency 'KRONER' cannot be found",
		`{"name":{"value":"x"},"number":{"value":"K1"}}`:                                          "set overrideNumberSeries",
		`{"name":{"value":"x"},"creditDaysPastDue":{"value":99999999999}}`:                        "whole number of 32 bits",
		`{"name":{"value":"x"},"number":{"value":"10045"},"overrideNumberSeries":{"value":true}}`: "cannot be used",
		`[]`: "The request body is invalid",
	} {
		if a := h.want(400, "POST", "/v1/customer", body); !strings.Contains(a.body, want) {
			t.Errorf("%s: got %s, want %s", body, a.body, want)
		}
	}
	h.want(201, "POST", "/v1/customer", `{"name":{"value":"x"},"number":{"value":"K1"},"overrideNumberSeries":{"value":true}}`)
	h.want(200, "GET", "/v1/customer/K1", "")
	h.want(404, "GET", "/v1/customer/none", "")
	h.want(404, "PUT", "/v1/customer/none", `{}`)
	h.want(400, "PUT", "/v1/customer/K1", `{"name":{"value":""}}`)
	h.want(404, "GET", "/v1/customer?pageNumber=9", "")
	for _, query := range []string{"pageSize=-1", "pageNumber=x", "createdDateTime=x", "createdDateTime=2026-01-01&createdDateTimeCondition=about"} {
		h.want(400, "GET", "/v1/customer?"+query, "")
	}
	if a := h.want(405, "DELETE", "/v1/customer/K1", ""); a.header.Get("Allow") != "GET, HEAD, PUT" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
}

// The release that was observed in November 2022 of a payment that is released.
func TestAPaymentThatIsReleasedAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		const release = "/v1/customerPayment/400654/action/release"
		state := h.finish("POST", release, `{"type":{"value":"Payment"}}`)
		if state["status"] != "Finished" || state["statusCode"] != 400.0 || state["hasResponseContent"] != true {
			t.Errorf("state %v", state)
		}
		content := h.want(200, "GET", state["contentLocation"].(string), "").body
		if want := `{"message":"Payment can't be updated because it is already released."}`; content != want {
			t.Errorf("got %s, want %s", content, want)
		}
		h.want(400, "PUT", "/v1/customerpayment/400654", `{"invoiceText":{"value":"x"}}`)
	})
}

func TestAPaymentClosesItsInvoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		h.shape("payment", "/v1/customerpayment/400653")
		inv := h.invoice("003530")
		if inv.Status != "Open" {
			t.Fatalf("003530 is %s", inv.Status)
		}
		body := fmt.Sprintf(`{"customer":{"value":"%s"},"applicationDate":{"value":"2026-10-02"},"paymentAmount":{"value":%s},"paymentRef":{"value":"KID 1"},"paymentLines":[{"operation":"Insert","documentType":{"value":"Invoice"},"refNbr":{"value":"003530"},"amountPaid":{"value":%s}}]}`,
			inv.Customer.Number, inv.Amount, inv.Amount)
		a := h.want(201, "POST", "/v1/customerPayment", body)
		if got := a.header.Get("Location"); got != "https://erp.mock/v1/customerPayment/400655" || a.body != "" {
			t.Fatalf("Location %s, body %q", got, a.body)
		}
		if got := h.invoice("003530"); got.Status != "Open" || got.Balance != inv.Balance {
			t.Errorf("not released yet, and the invoice is %s with %s", got.Status, got.Balance)
		}
		h.want(412, "POST", "/v1/customerPayment/400655/action/release", "", "If-Match", `"AAAA"`)
		state := h.finish("POST", "/v1/customerPayment/400655/action/release", `{"type":{"value":"Payment"}}`, "If-Match", a.header.Get("ETag"))
		if state["statusCode"] != 200.0 {
			t.Fatalf("state %v", state)
		}
		got := h.invoice("003530")
		if got.Status != "Closed" || got.Balance != "0" || got.ClosedFinancialPeriod != "202610" || len(got.Applications) != 1 || got.Applications[0].RefNbr != "400655" {
			t.Errorf("invoice %s %s %s, applications %v", got.Status, got.Balance, got.ClosedFinancialPeriod, got.Applications)
		}
		if got := h.numbers("externalReference=" + inv.ExternalReference + "&status=Closed"); got != "003530-003530 1 of 1" {
			t.Errorf("found %s", got)
		}
		rows := decode[[]openapi.CustomerInvoice](t, h.want(200, "GET", "/v1/customerinvoice?externalReference="+inv.ExternalReference, "").body)
		if rows[0].Applications != nil {
			t.Error("a list shows applications that were not asked for")
		}
		rows = decode[[]openapi.CustomerInvoice](t, h.want(200, "GET", "/v1/customerinvoice?expandApplications=true&externalReference="+inv.ExternalReference, "").body)
		if len(rows[0].Applications) != 1 {
			t.Error("a list does not show the applications that were asked for")
		}
		for path, want := range map[string]string{
			"/v1/customerpayment":                                                        "400652 4 of 4",
			"/v1/customerpayment?status=balanced":                                        "400653 1 of 1",
			"/v1/customerpayment?invoiceRefNbr=003530":                                   "400655 1 of 1",
			"/v1/customerpayment?greaterThanValue=400653":                                "400654 2 of 2",
			"/v1/customerpayment?docDate=2026-10-01&docDateCondition=%3E":                "400655 1 of 1",
			"/v1/customerpayment?customer=" + inv.Customer.Number + "&paymentNbr=400655": "400655 1 of 1",
		} {
			if got := h.count(path); got != want {
				t.Errorf("%s: got %s, want %s", path, got, want)
			}
		}
		h.want(200, "POST", "/v1/customerPayment/400655/action/void", "")
		if got := h.invoice("003530"); got.Status != "Open" || got.Balance != inv.Balance || len(got.Applications) != 0 {
			t.Errorf("after the void: %s %s, %v", got.Status, got.Balance, got.Applications)
		}
		h.want(400, "POST", "/v1/customerPayment/400655/action/void", "")
	})
}

func TestPaymentsThatAreRefused(t *testing.T) {
	h := start(t, mockserver.Config{})
	open := h.invoice("003530")
	line := func(number, amount string) string {
		return fmt.Sprintf(`{"customer":{"value":"%s"},"paymentAmount":{"value":1000000},"paymentLines":[{"operation":"Insert","refNbr":{"value":"%s"},"amountPaid":{"value":%s}}]}`, open.Customer.Number, number, amount)
	}
	for body, want := range map[string]string{
		`{}`:                            "'Customer' cannot be empty.",
		`{"customer":{"value":"none"}}`: "Customer 'none' cannot be found",
		line("none", "1"):               "Document 'none' cannot be found",
		line("003530", "900000"):        "exceeds the balance",
		line("003530", "0"):             "must be greater than 0",
		line("003530", "1000001"):       "less than what is applied",
		line("003529", "1"):             "is another customer's",
		`{"customer":{"value":"10000"},"paymentAmount":{"value":-1}}`:                                   "below 0",
		`{"customer":{"value":"10000"},"applicationDate":{"value":"soon"}}`:                             "not valid for applicationDate",
		`{"customer":{"value":"10000"},"referenceNumber":{"value":"1"}}`:                                "set overrideNumberSeries",
		`{"customer":{"value":"10000"},"paymentLines":[{"operation":"Delete","refNbr":{"value":"1"}}]}`: "operation 'Delete' is not possible",
	} {
		if a := h.want(400, "POST", "/v1/customerPayment", body); !strings.Contains(a.body, want) {
			t.Errorf("%s: got %s, want %s", body, a.body, want)
		}
	}
	h.want(404, "GET", "/v1/customerPayment/400655", "")
	h.want(404, "POST", "/v1/customerPayment/400655/action/release", "")
	h.want(400, "POST", "/v1/customerPayment/400653/action/void", "")
	h.want(204, "PUT", "/v1/customerPayment/400653", `{"hold":{"value":true}}`)
	if a := h.want(400, "POST", "/v1/customerPayment/400653/action/release", ""); !strings.Contains(a.body, "on hold") {
		t.Errorf("got %s", a.body)
	}
	h.want(204, "PUT", "/v1/customerPayment/400653", `{"hold":{"value":false}}`)
	h.want(200, "POST", "/v1/customerPayment/400653/action/release", "")
}

func TestPrintInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{})
		state := h.finish("GET", "/v1/customerinvoice/003501/print", "")
		if state["statusCode"] != 200.0 {
			t.Fatalf("state %v", state)
		}
		a := h.want(200, "GET", state["contentLocation"].(string), "")
		if a.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.body, "%PDF-1.4\n") || !strings.HasSuffix(a.body, "%%EOF\n") {
			t.Errorf("%v %.40q", a.header, a.body)
		}
		// The table at the end is where startxref says, and objects are where it says.
		var table, n, at int
		tail := a.body[strings.LastIndex(a.body, "startxref"):]
		if _, err := fmt.Sscanf(tail, "startxref\n%d", &table); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(a.body[table:], "\n")
		if _, err := fmt.Sscanf(lines[1], "0 %d", &n); lines[0] != "xref" || err != nil {
			t.Fatalf("table %q", lines[:2])
		}
		for i := 1; i < n; i++ {
			if len(lines[2+i]) != 19 {
				t.Errorf("row %q has %d bytes, want 19 and the newline", lines[2+i], len(lines[2+i]))
			}
			if _, err := fmt.Sscanf(lines[2+i], "%d", &at); err != nil || !strings.HasPrefix(a.body[at:], fmt.Sprintf("%d 0 obj\n", i)) {
				t.Errorf("object %d is not at %d", i, at)
			}
		}
		h.want(404, "GET", "/v1/customerinvoice/none/print", "")
	})
}

// fileForm is a body with a file.
func fileForm(t *testing.T, name, kind, data string) (body string, contentType []string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if err := w.WriteField("note", "x"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="` + name + `"`}, "Content-Type": {kind},
	})
	if err == nil {
		_, err = part.Write([]byte(data))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.String(), []string{"Content-Type", w.FormDataContentType()}
}

func TestAttachments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Profile: profile.Profile{RequireContentType: true}})
		const path = "/v1/customerinvoice/003501"
		body, kind := fileForm(t, "kvittering ø.txt", "text/plain", "first")
		state := h.finish("POST", path+"/attachment", body, kind...)
		if state["statusCode"] != 201.0 || state["hasRequestContent"] != true {
			t.Fatalf("state %v", state)
		}
		files := h.invoice("003501").Attachments
		if len(files) != 1 || files[0].Name != "kvittering ø.txt" || files[0].Revision != 1 {
			t.Fatalf("attachments %v", files)
		}
		a := h.want(200, "GET", "/v1/attachment/"+files[0].ID, "")
		if a.body != "first" || a.header.Get("Content-Type") != "text/plain" || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
			t.Errorf("got %q, %v", a.body, a.header)
		}
		body, kind = fileForm(t, "kvittering ø.txt", "text/plain", "second")
		a = h.want(201, "POST", path+"/attachment", body, kind...)
		if got := h.invoice("003501").Attachments; len(got) != 1 || got[0].Revision != 2 || got[0].ID != files[0].ID || !strings.HasSuffix(a.header.Get("Location"), "/v1/attachment/"+files[0].ID) {
			t.Errorf("attachments %v, %v", got, a.header)
		}
		if got := h.want(200, "GET", "/v1/attachment/"+files[0].ID, "").body; got != "second" {
			t.Errorf("got %q", got)
		}
		h.want(204, "PUT", "/v1/attachment/"+files[0].ID, `{"sendToAutoinvoice":{"value":true}}`, "Content-Type", "application/json")
		h.want(201, "POST", path+"/1/attachment", body, kind...)
		if got := h.invoice("003501").InvoiceLines[0].Attachments; len(got) != 1 || got[0].ID == files[0].ID {
			t.Errorf("attachments of the line %v", got)
		}
		row := decode[[]openapi.CustomerInvoice](t, h.want(200, "GET", "/v1/customerinvoice?pageSize=1", "").body)[0]
		expanded := decode[[]openapi.CustomerInvoice](t, h.want(200, "GET", "/v1/customerinvoice?pageSize=1&expandAttachments=true", "").body)[0]
		if len(row.Attachments) != 0 || len(expanded.Attachments) != 1 {
			t.Errorf("lists have %v, and expanded %v", row.Attachments, expanded.Attachments)
		}
		h.want(404, "POST", path+"/9/attachment", body, kind...)
		h.want(404, "POST", "/v1/customerinvoice/none/attachment", body, kind...)
		h.want(412, "POST", path+"/attachment", body, append(kind, "If-Match", `"AAAA"`)...)
		h.want(400, "POST", path+"/attachment", `{}`, "Content-Type", "application/json")
		h.want(400, "POST", path+"/attachment", body[:len(body)-20], kind...)
		h.want(404, "GET", "/v1/attachment/none", "")
		h.want(404, "PUT", "/v1/attachment/none", `{}`, "Content-Type", "application/json")
	})
}

func TestFurtherActionsOnInvoices(t *testing.T) {
	h := start(t, mockserver.Config{})
	const open, balanced = "/v1/customerinvoice/003530", "/v1/customerinvoice/003541"
	for _, action := range []string{"correct", "sendToAutoInvoice", "reverseandapplytonote"} {
		h.want(400, "POST", balanced+"/action/"+action, "")
		h.want(404, "POST", "/v1/customerinvoice/none/action/"+action, "")
		h.want(412, "POST", open+"/action/"+action, "", "If-Match", `"AAAA"`)
	}
	a := h.want(200, "POST", open+"/action/sendToAutoInvoice", "")
	if !strings.Contains(a.body, `"refNbr":"003530","documentType":"Invoice"`) || !h.invoice("003530").SendToAutoInvoice {
		t.Errorf("got %s", a.body)
	}
	before := h.invoice("003530")
	corrected := decode[map[string]any](t, h.want(200, "POST", open+"/action/correct", "").body)
	if corrected["refNbr"] != "003549" || corrected["documentType"] != "Invoice" {
		t.Errorf("got %v", corrected)
	}
	if got := h.invoice("003549"); got.Status != "Balanced" || got.Amount != before.Amount || len(got.InvoiceLines) != len(before.InvoiceLines) {
		t.Errorf("corrected: %s %s", got.Status, got.Amount)
	}
	if got := h.invoice("700001"); got.DocumentType != "CreditNote" || got.Amount != before.Amount {
		t.Errorf("credit note: %s %s", got.DocumentType, got.Amount)
	}

	note := decode[map[string]any](t, h.want(200, "POST", open+"/action/reverseandapplytonote", `{"returnCreditNote":true}`).body)
	if note["referenceNumber"] != "700002" || note["creditNoteDto"] == nil {
		t.Errorf("got %v", note)
	}
	h.want(200, "POST", "/v1/customerinvoice/700002/action/release", "")
	for _, number := range []string{"003530", "700002"} {
		if got := h.invoice(number); got.Status != "Closed" || got.Balance != "0" {
			t.Errorf("%s is %s with %s", number, got.Status, got.Balance)
		}
	}
	h.shape("rotrut", open+"/rotrut")
	h.shape("worktypes", "/v1/customerinvoice/worktypes")
	h.want(404, "GET", "/v1/customerinvoice/none/rotrut", "")
	if a := h.want(405, "PUT", open+"/print", ""); a.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
}

// All lists are paged where the profile demands it.
func TestStrictDemandsPagesOfEveryList(t *testing.T) {
	h := start(t, mockserver.Config{Profile: profile.Profile{RequirePaging: true}})
	for _, list := range []string{"/v1/customer", "/v1/customerPayment", "/v1/customerinvoice"} {
		h.want(400, "GET", list, "")
		h.want(200, "GET", list+"?pagenumber=1&PAGESIZE=2", "")
	}
}
