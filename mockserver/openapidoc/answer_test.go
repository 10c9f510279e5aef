package openapidoc_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/openapidoc"
)

func TestOperationsAreFoundBelowEachBase(t *testing.T) {
	w := serve(t, openapidoc.Config{})
	for path, want := range map[string]string{
		"/v1/supplierInvoice/7":                    "200",
		"/V1/SUPPLIERINVOICE/7":                    "200",
		"/live/api/v1/supplierInvoice/7":           "200",
		"/test/api/v1/supplierInvoice/7":           "200",
		"/other/api/v1/supplierInvoice/7":          "404",
		"/api/v1/supplierInvoice/7":                "200",
		"/API/controller/api/v1/supplierInvoice/7": "200",
		"/v1/supplierInvoice/a%2Fb":                "200",
		"/v1/supplierInvoice/7/":                   "200",
		"/pets":                                    "200",
		"/live/api/pets":                           "200",
		"/files/a.b.pdf":                           "200",
		"/files/a":                                 "404",
		"/nowhere":                                 "404",
	} {
		if a := w.do("GET", path, ""); fmt.Sprint(a.status) != want {
			t.Errorf("%s: got %d %s, want %s", path, a.status, a.body, want)
		}
	}
	if a := w.want(405, "PATCH", "/v1/supplierInvoice/7", ""); a.header.Get("Allow") != "GET, PUT, DELETE, HEAD, OPTIONS" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	if a := w.want(204, "OPTIONS", "/pets", ""); a.header.Get("Allow") != "GET, POST, HEAD, OPTIONS" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	if a := w.want(200, "HEAD", "/pets/7", ""); a.body != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("HEAD: %q, %v", a.body, a.header)
	}
}

func TestAnswersAreReproducible(t *testing.T) {
	first, second, other := serve(t, openapidoc.Config{}), serve(t, openapidoc.Config{}), serve(t, openapidoc.Config{Seed: 2})
	get := func(w *world, path string) string { return w.want(200, "GET", path, "").body }
	for _, path := range []string{"/v1/supplierInvoice/7", "/pets", "/files/a.pdf"} {
		if a, b := get(first, path), get(second, path); a != b {
			t.Errorf("%s: got %s, then %s", path, a, b)
		}
	}
	const one = "/v1/supplierInvoice/7"
	if a, b, c := get(first, one), get(first, "/v1/supplierInvoice/8"), get(other, one); a == b || a == c {
		t.Errorf("the same for another path or seed: %s, %s, %s", a, b, c)
	}
	if got := first.want(200, "GET", "/v1/supplierInvoice/a%2Fb", "").object(t)["invoiceNumber"]; got != "a/b" {
		t.Errorf("the invoice a/b has the number %v", got)
	}
	if a, b := get(first, "/v1/supplierInvoice/a%2Fb"), get(first, "/v1/supplierInvoice/b64(YS9i)"); a != b {
		t.Errorf("a/b as the ERP encodes it: got %s, want %s", b, a)
	}
}

func TestWhatACallerPrefers(t *testing.T) {
	w := serve(t, openapidoc.Config{})
	const one = "/v1/supplierInvoice/7"
	for _, tt := range []struct{ method, path, prefer, want string }{
		{"GET", one, "code=404", `404 {"message":"no such invoice"}`},
		{"GET", one, "code=404, example=gone", `404 {"message":"it was deleted"}`},
		{"GET", one, `code="404";example="gone", example="gone"`, `404 {"message":"it was deleted"}`},
		{"GET", one, "example=gone", `400 {"message":"Prefer: example=gone: the answer 200 of GET /v1/supplierInvoice/{invoiceNumber} has no such example in application/json, it has none with a name."}`},
		{"GET", one, "code=404, example=other", `400 {"message":"Prefer: example=other: the answer 404 of GET /v1/supplierInvoice/{invoiceNumber} has no such example in application/json, it has unknown, gone."}`},
		{"GET", one, "code=429", `429 {"message":"Too Many Requests."}`},
		{"GET", one, "code=202", `400 {"message":"Prefer: code=202: the document declares no such answer of GET /v1/supplierInvoice/{invoiceNumber}, but 200, 404."}`},
		{"GET", one, "code=x", `400 {"message":"Prefer: code=x: want a status from 200 to 599."}`},
		{"GET", "/ranges", "", "200 two"},
		{"GET", "/ranges", "code=201", "201 two"},
		{"GET", "/ranges", "code=418", "418 four"},
		{"GET", "/ranges", "code=503", "503 default"},
		{"GET", "/nothing", "", "204 "},
		{"POST", "/nothing", "", "304 "},
		{"POST", one + "/action/release", "", `200 {"actionResult":"Done"}`},
		{"DELETE", one, "", "204 "},
	} {
		a := w.do(tt.method, tt.path, "", "Prefer", tt.prefer)
		if got := fmt.Sprint(a.status, " ", a.body); got != tt.want {
			t.Errorf("%s %s, %s:\ngot  %s\nwant %s", tt.method, tt.path, tt.prefer, got, tt.want)
		}
	}
	if a := w.do("GET", "/ranges", "", "Prefer", "code=418"); a.header.Get("Preference-Applied") != "code=418" {
		t.Errorf("Preference-Applied %q", a.header.Get("Preference-Applied"))
	}
	if a := w.want(200, "GET", "/ranges", "", "Prefer", "dynamic"); a.body == "two" || a.body == "" {
		t.Errorf("made up: %q", a.body)
	}
}

func TestTheMediaTypeIsNegotiated(t *testing.T) {
	lenient, strict := serve(t, openapidoc.Config{}), serve(t, openapidoc.Config{Validate: openapidoc.Strict})
	const one = "/v1/supplierInvoice/7"
	for accept, want := range map[string]string{
		"": "application/json; charset=utf-8", "*/*": "application/json; charset=utf-8", "application/xml": "application/xml; charset=utf-8",
		"application/xml;q=0.5, application/json;q=0.4": "application/xml; charset=utf-8", "image/png": "application/json; charset=utf-8",
	} {
		if a := lenient.want(200, "GET", one, "", "Accept", accept); a.header.Get("Content-Type") != want {
			t.Errorf("%s: got %s, want %s", accept, a.header.Get("Content-Type"), want)
		}
	}
	if a := strict.want(406, "GET", one, "", "Accept", "image/png"); !strings.Contains(a.body, "application/json, application/xml") {
		t.Errorf("got %s", a.body)
	}
	if a := lenient.want(200, "GET", one, "", "Accept", "text/xml, application/xml"); !strings.HasPrefix(a.body, `<?xml version="1.0" encoding="UTF-8"?><Invoice>`) {
		t.Errorf("got %s", a.body)
	}
}

func TestDeclaredHeadersAreSet(t *testing.T) {
	w := serve(t, openapidoc.Config{})
	a := w.want(201, "POST", "/v1/supplierInvoice", "{}")
	if got := a.header.Get("Location"); got != "https://erp.mock/v1/supplierInvoice" {
		t.Errorf("Location %q, which is all that is known without a body", got)
	}
	if got := a.header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	if a.header.Get("X-RateLimit-Limit") != "15000" {
		t.Errorf("the mock's own count: %v", a.header)
	}
}

// An operation runs in the background as in the foreground, with what its caller
// prefers.
func TestDocumentsInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serve(t, openapidoc.Config{})
		for _, prefer := range []string{"", "code=404, example=gone"} {
			for _, path := range []string{"/v1/supplierInvoice/7", "/live/api/pets", "/ranges"} {
				foreground := w.do("GET", path, "", "Prefer", prefer)
				a := w.want(202, "GET", path, "", "Prefer", prefer, "erp-api-background", "none")
				time.Sleep(time.Second)
				state := w.want(200, "GET", a.header.Get("Location"), "").object(t)
				if state["status"] != "Finished" || int(state["statusCode"].(float64)) != foreground.status {
					t.Errorf("%s: state %v, want that of %d", path, state, foreground.status)
				}
				c := w.want(200, "GET", a.header.Get("Location")+"/content", "")
				if c.body != foreground.body || c.header.Get("Content-Type") != foreground.header.Get("Content-Type") {
					t.Errorf("%s: got %s, in the foreground %s", path, c.body, foreground.body)
				}
			}
		}
	})
}

func TestHandlersAndTheERPComeFirst(t *testing.T) {
	source := `{"openapi":"3.0.0","info":{},"paths":{
		"/v1/customerinvoice/{n}":{"get":{"responses":{"200":{"content":{"text/plain":{"example":"document"}}}}},"patch":{"responses":{"200":{"content":{"text/plain":{"example":"document"}}}}}},
		"/v1/own":{"get":{"responses":{"200":{"content":{"text/plain":{"example":"document"}}}}}}}}`
	w := serve(t, openapidoc.Config{Source: []byte(source)})
	w.srv.Handle("GET /v1/own", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("own")) }))
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/v1/customerinvoice/003501", `"referenceNumber":"003501"`}, {"PATCH", "/v1/customerinvoice/003501", "document"}, {"GET", "/v1/own", "own"},
	} {
		if a := w.want(200, tt.method, tt.path, ""); !strings.Contains(a.body, tt.want) {
			t.Errorf("%s %s: got %.100s, want %s", tt.method, tt.path, a.body, tt.want)
		}
	}
	// All of them count as calls of the document's operations.
	var got []int
	for _, o := range w.doc.Operations("") {
		got = append(got, o.Calls)
	}
	if fmt.Sprint(got) != "[1 1 1]" {
		t.Errorf("calls %v, want one of each", got)
	}
}

func TestCallsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := serve(t, openapidoc.Config{})
		w.do("GET", "/pets/1", "")
		w.do("GET", "/pets/2", "", "erp-api-background", "none", "ipp-company-id", "7")
		time.Sleep(time.Second)
		calls := func(company string) int {
			for _, o := range w.doc.Operations(company) {
				if o.Path == "/pets/{petId}" && o.Method == "GET" {
					return o.Calls
				}
			}
			return -1
		}
		if got := fmt.Sprint(calls(""), calls("7"), calls("1000001"), calls("8")); got != "2 1 1 0" {
			t.Errorf("calls of all, of 7, of 1000001 and of 8: %s", got)
		}
		if err := w.srv.Reset(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(calls(""), calls("7")); got != "1 0" {
			t.Errorf("after a reset of 7: %s", got)
		}
	})
	w := serve(t, openapidoc.Config{})
	if o := w.doc.Operations("")[0]; o.ID != "listInvoices" || o.Method != "GET" || o.Path != "/v1/supplierInvoice" || fmt.Sprint(o.Tags) != "[invoices]" || w.doc.Title() != "Shop" || w.doc.Version() != "7" {
		t.Errorf("got %+v of %s %s", o, w.doc.Title(), w.doc.Version())
	}
}

// The background view of the contract answers what its calls answer once they have
// run; so do the operations that the built-in ERP has, where that is left out.
func TestABackgroundViewAnswersItsResults(t *testing.T) {
	doc, err := openapidoc.New(openapidoc.Config{File: "../../openapi/background.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := mockserver.New(mockserver.Config{NoERP: true, Fallbacks: []mockserver.Fallback{doc}})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	w := &world{t: t, doc: doc, srv: srv}
	if a := w.want(200, "GET", "/v1/customerinvoice/003501", ""); a.object(t)["referenceNumber"] == nil {
		t.Errorf("got %.300s", a.body)
	}
	if a := w.want(201, "POST", "/v2/customerinvoice", "{}"); a.body != "" {
		t.Errorf("got %s", a.body)
	}
}

// Some documents have several operations for one path, told apart by a query, or only
// by a fragment.
func TestPathsWithAQueryOrAFragment(t *testing.T) {
	var described []string
	for _, path := range []string{"/things?action=list", "/things?action=stop&force", "/things", "/things#once-more", "/other#only", "/{any}/x", "/beta?beta=true"} {
		described = append(described, fmt.Sprintf(`"%s":{"get":{"responses":{"200":{"content":{"text/plain":{"example":"%[1]s"}}}}}}`, path))
	}
	w := serve(t, openapidoc.Config{Source: []byte(`{"openapi":"3.0.0","info":{},"paths":{` + strings.Join(described, ",") + `}}`)})
	for target, want := range map[string]string{
		"/things": "/things", "/things?action=other": "/things", "/things?action=list&x=1": "/things?action=list", "/things?action=stop": "/things",
		"/things?force=1&action=stop": "/things?action=stop&force", "/other": "/other#only", "/beta": "/beta?beta=true", "/things/x": "/{any}/x",
	} {
		if a := w.want(200, "GET", target, ""); a.body != want {
			t.Errorf("%s: got the answer of %s, want that of %s", target, a.body, want)
		}
	}
}
