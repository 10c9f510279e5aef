package mockserver_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi/spec"
)

// Whatever the mock answers is declared in the contract, and has the shape that
// is declared: in the foreground, as a 202, in the background, as a
// notification.
func TestAnswersFollowTheContract(t *testing.T) {
	erp, err := spec.ERP()
	if err != nil {
		t.Fatal(err)
	}
	background, err := spec.Background()
	if err != nil {
		t.Fatal(err)
	}
	const list, one, create = "/v1/customerinvoice", "/v1/customerinvoice/{invoiceNumber}", "/v2/customerinvoice"
	const release, reverse = one + "/action/release", one + "/action/reverse"
	tests := []struct {
		method, pattern, number, body, ifMatch string
		want                                   int
	}{
		{"GET", list, "", "", "", 200},
		{"GET", one, "003501", "", "", 200},
		{"GET", one, "1", "", "", 404},
		{"POST", list, "", newInvoice, "", 201},
		{"POST", list, "", `{"note":"x"}`, "", 400},
		{"POST", create, "", newInvoice, "", 201},
		{"POST", create, "", `{"note":"x"}`, "", 400},
		{"PUT", one, "003547", `{"note":{"value":"x"}}`, "", 204},
		{"PUT", one, "003547", `{}`, `"stale"`, 412},
		{"PUT", one, "1", `{}`, "", 404},
		{"PUT", one, "003501", `{}`, "", 400},
		{"POST", release, "003547", "", "", 200},
		{"POST", release, "003547", "", `"stale"`, 412},
		{"POST", release, "003501", "", "", 400},
		{"POST", release, "1", "", "", 404},
		{"POST", reverse, "003530", `{"returnCreditNote":true}`, "", 200},
		{"POST", reverse, "003530", `{"returnCreditNote":true}`, `"stale"`, 412},
		{"POST", reverse, "003546", `{}`, "", 400},
		{"POST", reverse, "1", `{}`, "", 404},
		{"DELETE", one, "003546", "", "", 204},
		{"DELETE", one, "003501", "", "", 400},
		{"DELETE", one, "1", "", "", 404},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %d", tt.method, tt.pattern, tt.want), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := strings.ReplaceAll(tt.pattern, "{invoiceNumber}", tt.number)
				var header []string
				if tt.ifMatch != "" {
					header = []string{"If-Match", tt.ifMatch}
				}
				h := start(t, mockserver.Config{})
				declared(t, erp, tt.method, tt.pattern, h.want(tt.want, tt.method, path, tt.body, header...))

				h = start(t, mockserver.Config{}) // as if nothing had happened
				header = append(header, "erp-api-background", "http://hook.test/")
				declared(t, background, tt.method, tt.pattern, h.want(202, tt.method, path, tt.body, header...))
				stateOf := "/v1/background/" + h.Operations()[0].ID
				state := func(want string) map[string]any {
					a := h.want(200, "GET", stateOf, "")
					declared(t, background, "GET", "/v1/background/{requestId}", a)
					doc := decode[map[string]any](t, a.body)
					if doc["status"] != want {
						t.Errorf("got %v, want %s", doc["status"], want)
					}
					return doc
				}
				state("Started")
				time.Sleep(time.Second)
				doc := state("Finished")
				if doc["statusCode"] != float64(tt.want) {
					t.Errorf("got %v in the background", doc["statusCode"])
				}
				if err := spec.ValidateSchema(background, "BackgroundNotification", []byte(h.hook.all()[0].body)); err != nil {
					t.Error(err)
				}
				if doc["hasResponseContent"] == true {
					a := h.want(200, "GET", stateOf+"/content", "")
					a.status = tt.want
					declared(t, erp, tt.method, tt.pattern, a)
				}
			})
		})
	}
}

// Refusals are declared too.
func TestRefusalsFollowTheContract(t *testing.T) {
	doc, err := spec.Background()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, mockserver.Config{Auth: mockserver.Auth{Mode: mockserver.AuthAny}, RateLimit: mockserver.RateLimit{Limit: 10}})
		for _, pattern := range []string{"/v1/background/{requestId}", "/v1/background/{requestId}/content", "/v1/customerinvoice"} {
			declared(t, doc, "GET", pattern, h.want(401, "GET", pattern, ""))
		}
		token := []string{"Authorization", "Bearer x"}
		id := h.submit("none", "GET", "/v1/customerinvoice", "", token...)
		time.Sleep(time.Second)
		for _, tail := range []string{"", "/content"} {
			pattern := "/v1/background/{requestId}" + tail
			declared(t, doc, "GET", pattern, h.want(404, "GET", "/v1/background/x"+tail, "", token...))
			declared(t, doc, "GET", pattern, h.want(403, "GET", "/v1/background/"+id+tail, "", "Authorization", "Bearer company:2"))
		}
		time.Sleep(25 * time.Hour)
		declared(t, doc, "GET", "/v1/background/{requestId}/content", h.want(410, "GET", "/v1/background/"+id+"/content", "", token...))
		for range 9 {
			h.want(200, "GET", "/v1/customerinvoice?pageSize=1", "", token...)
		}
		declared(t, doc, "GET", "/v1/customerinvoice", h.want(429, "GET", "/v1/customerinvoice", "", token...))
		declared(t, doc, "GET", "/v1/background/{requestId}", h.want(429, "GET", "/v1/background/"+id, "", token...))
	})
}

// declared checks an answer against an operation's responses.
func declared(t *testing.T, doc *openapi3.T, method, pattern string, a answer) {
	t.Helper()
	item := doc.Paths.Value(pattern)
	if item == nil || item.GetOperation(method) == nil {
		t.Fatalf("%s %s is not in the contract", method, pattern)
	}
	response := item.GetOperation(method).Responses.Status(a.status)
	if response == nil {
		t.Errorf("%s %s: status %d is not declared", method, pattern, a.status)
		return
	}
	for name, header := range response.Value.Headers {
		if a.header.Get(name) == "" && (header.Value.Required || strings.HasPrefix(name, "X-RateLimit")) {
			t.Errorf("%s %s %d: no header %s", method, pattern, a.status, name)
		}
	}
	media := response.Value.Content.Get("application/json")
	switch {
	case media == nil && a.body != "":
		t.Errorf("%s %s %d: no body is declared, got %s", method, pattern, a.status, a.body)
	case media != nil:
		if err := spec.Validate(media.Schema.Value, []byte(a.body)); err != nil {
			t.Errorf("%s %s %d: %v", method, pattern, a.status, err)
		}
	}
}
