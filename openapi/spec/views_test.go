package spec_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/openapi/spec"
)

// operations returns the operations of a document by "METHOD path".
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	out := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			out[method+" "+path] = op
		}
	}
	return out
}

// asJSON is how two parts of documents are compared: references count as what
// they refer to only by name.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func hasBackgroundHeader(op *openapi3.Operation) bool {
	return op.Parameters.GetByInAndName("header", "erp-api-background") != nil
}

func statuses(responses *openapi3.Responses) []string {
	var out []string
	for status := range responses.Map() {
		out = append(out, status)
	}
	slices.Sort(out)
	return out
}

func TestTheContractHasItsTenOperations(t *testing.T) {
	want := map[string]string{
		"GET /v1/background/{requestId}":                          "getBackgroundState",
		"GET /v1/background/{requestId}/content":                  "getBackgroundContent",
		"GET /v1/customerinvoice":                                 "listCustomerInvoices",
		"GET /v1/customerinvoice/{invoiceNumber}":                 "getCustomerInvoice",
		"POST /v1/customerinvoice":                                "createCustomerInvoiceV1",
		"POST /v2/customerinvoice":                                "createCustomerInvoice",
		"PUT /v1/customerinvoice/{invoiceNumber}":                 "updateCustomerInvoice",
		"DELETE /v1/customerinvoice/{invoiceNumber}":              "deleteCustomerInvoice",
		"POST /v1/customerinvoice/{invoiceNumber}/action/release": "releaseCustomerInvoice",
		"POST /v1/customerinvoice/{invoiceNumber}/action/reverse": "reverseCustomerInvoice",
	}
	for name, doc := range map[string]*openapi3.T{"background": background(t), "erp": erp(t)} {
		got := map[string]string{}
		for key, op := range operations(doc) {
			got[key] = op.OperationID
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: operations %v, want %v", name, got, want)
		}
	}
}

func TestInTheBackgroundTheHeaderIsRequiredAnd202IsTheOnlySuccess(t *testing.T) {
	for key, op := range operations(background(t)) {
		if strings.Contains(key, "/v1/background/") {
			if hasBackgroundHeader(op) {
				t.Errorf("%s: takes the header, but cannot be queued", key)
			}
			continue
		}
		header := op.Parameters.GetByInAndName("header", "erp-api-background")
		if header == nil || !header.Required {
			t.Errorf("%s: header erp-api-background is missing or optional", key)
		}
		for _, status := range statuses(op.Responses) {
			if success := status[0] == '2' || status[0] == '3' || status == "default"; success != (status == "202") {
				t.Errorf("%s: status %s, want 202 as the only success", key, status)
			}
		}
		accepted := op.Responses.Value("202").Value
		if got, want := accepted.Content.Get("application/json").Schema.Ref, "#/components/schemas/BackgroundAccepted"; got != want {
			t.Errorf("%s: 202 holds %s, want %s", key, got, want)
		}
	}
}

func TestEveryQueuedCallNamesItsFinalAnswer(t *testing.T) {
	doc := background(t)
	for key, op := range operations(doc) {
		results, err := spec.Results(doc, op)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if queued := hasBackgroundHeader(op); queued != (results != nil) {
			t.Errorf("%s: has the header: %v, has %s: %v", key, queued, spec.ResultExtension, results != nil)
			continue
		}
		if results == nil {
			continue
		}
		success, failure := 0, 0
		for _, status := range statuses(results) {
			switch status[0] {
			case '2':
				success++
			case '4':
				failure++
			}
		}
		started := results.Value("202") != nil // an action that is only started
		if started != strings.Contains(key, "/action/") || started && success != 2 || !started && success != 1 || failure == 0 {
			t.Errorf("%s: final answers %v, want one 2xx (and 202 of an action), and a 4xx", key, statuses(results))
		}
	}
}

func TestResultsReportsWhatIsWrongInTheExtension(t *testing.T) {
	doc := background(t)
	for name, responses := range map[string]any{
		"dangling reference": map[string]any{"200": map[string]any{"$ref": "#/components/responses/Nothing"}},
		"no description":     map[string]any{"200": map[string]any{}},
		"wrong example": map[string]any{"200": map[string]any{
			"description": "d",
			"content": map[string]any{"application/json": map[string]any{
				"schema":  map[string]any{"$ref": "#/components/schemas/CustomerInvoice"},
				"example": map[string]any{"hold": "yes"},
			}},
		}},
	} {
		op := &openapi3.Operation{OperationID: "listThings", Extensions: map[string]any{spec.ResultExtension: responses}}
		if _, err := spec.Results(doc, op); err == nil || !strings.Contains(err.Error(), "listThings") {
			t.Errorf("%s: error %v, want one that names the operation", name, err)
		}
	}
}

func TestTheForegroundGivesTheFinalAnswersItself(t *testing.T) {
	back, fore := background(t), erp(t)
	foreground := operations(fore)
	for key, queued := range operations(back) {
		direct := foreground[key]
		if direct == nil {
			t.Errorf("%s: missing in the foreground", key)
			continue
		}
		results, err := spec.Results(back, queued)
		if err != nil {
			t.Fatal(err)
		}
		if results == nil {
			if got, want := asJSON(t, direct), asJSON(t, queued); got != want {
				t.Errorf("%s: differs in the foreground:\n%s\nwant\n%s", key, got, want)
			}
			continue
		}
		if hasBackgroundHeader(direct) || direct.Callbacks != nil || direct.Extensions[spec.ResultExtension] != nil {
			t.Errorf("%s: still has what belongs to the background", key)
		}
		compareAnswers(t, key, direct.Responses, queued.Responses, results)

		// All else is the same.
		a, b := *direct, *queued
		a.Responses, b.Responses = nil, nil
		b.Callbacks, b.Extensions = nil, nil
		b.Parameters = slices.DeleteFunc(slices.Clone(b.Parameters), func(p *openapi3.ParameterRef) bool {
			return p.Value.Name == "erp-api-background"
		})
		a.Extensions = nil
		if got, want := asJSON(t, &a), asJSON(t, &b); got != want {
			t.Errorf("%s: differs in the foreground:\n%s\nwant\n%s", key, got, want)
		}
	}
}

// compareAnswers checks that the foreground answers with the final answers of
// the background, and with what its gateway answers directly.
func compareAnswers(t *testing.T, key string, direct, queued, results *openapi3.Responses) {
	t.Helper()
	var want []string
	for _, status := range append(statuses(results), statuses(queued)...) {
		if (status != "202" || results.Value(status) != nil) && !slices.Contains(want, status) {
			want = append(want, status)
		}
	}
	slices.Sort(want)
	if got := statuses(direct); !slices.Equal(got, want) {
		t.Errorf("%s: answers %v, want %v", key, got, want)
		return
	}
	for _, status := range statuses(results) {
		got, final := direct.Value(status).Value, results.Value(status).Value
		if g, w := asJSON(t, got.Content), asJSON(t, final.Content); g != w {
			t.Errorf("%s %s: content %s, want %s", key, status, g, w)
		}
		for name := range final.Headers {
			if got.Headers[name] == nil {
				t.Errorf("%s %s: header %s is missing", key, status, name)
			}
		}
	}
}

// Only what is refused before anybody counts calls carries none.
func TestEveryAnswerCarriesTheRateLimitAsText(t *testing.T) {
	limits := []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Policy"}
	for name, doc := range map[string]*openapi3.T{"background": background(t), "erp": erp(t)} {
		for key, op := range operations(doc) {
			for status, response := range op.Responses.Map() {
				for _, header := range limits {
					if (response.Value.Headers[header] == nil) != (status == "413") {
						t.Errorf("%s: %s %s: %s declared: %v", name, key, status, header, status == "413")
					}
				}
				for header, ref := range response.Value.Headers {
					if !ref.Value.Schema.Value.Type.Is("string") {
						t.Errorf("%s: %s %s: %s is no string; one bad value would cost a client the whole answer", name, key, status, header)
					}
				}
				if wants := status == "429" || status == "503"; wants != (response.Value.Headers["Retry-After"] != nil) {
					t.Errorf("%s: %s %s: Retry-After belongs to 429 and 503 alone", name, key, status)
				}
			}
		}
	}
}

func TestEveryQueuedCallDeclaresBothNotifications(t *testing.T) {
	seen := map[string]bool{}
	for key, op := range operations(background(t)) {
		if !hasBackgroundHeader(op) {
			continue
		}
		for name, wantExpression := range map[string]string{
			"url":          "{$request.header.erp-api-background}",
			"subscription": "https://webhook.example/subscription",
		} {
			callback := op.Callbacks[name]
			if callback == nil {
				t.Errorf("%s: no callback %q", key, name)
				continue
			}
			if callback.Ref != "" {
				t.Errorf("%s: callback %q is a reference, which some generators refuse", key, name)
			}
			post := callback.Value.Value(wantExpression)
			if post == nil || post.Post == nil {
				t.Errorf("%s: callback %q has no POST to %s", key, name, wantExpression)
				continue
			}
			checkNotification(t, fmt.Sprintf("%s: callback %q", key, name), name, post.Post)
			if seen[post.Post.OperationID] {
				t.Errorf("%s: operationId %s is not its own", key, post.Post.OperationID)
			}
			seen[post.Post.OperationID] = true
		}
	}
	if got, want := len(seen), 16; got != want {
		t.Errorf("%d callback operations, want %d", got, want)
	}
}

func checkNotification(t *testing.T, at, mode string, op *openapi3.Operation) {
	t.Helper()
	body := op.RequestBody.Value.Content.Get("application/json").Schema
	if got, want := body.Ref, "#/components/schemas/BackgroundNotification"; got != want {
		t.Errorf("%s: body %s, want %s", at, got, want)
	}
	want := 0
	if mode == "subscription" {
		want = 10
	}
	if got := len(op.Parameters); got != want {
		t.Errorf("%s: %d headers, want %d", at, got, want)
	}
	for _, p := range op.Parameters {
		if p.Value.In != "header" || !strings.HasPrefix(p.Value.Name, "x-vwd-") || p.Value.Required {
			t.Errorf("%s: %s in %s, required %v; want an optional x-vwd- header", at, p.Value.Name, p.Value.In, p.Value.Required)
		}
	}
}

func TestScopesAreDeclaredAndFitTheMethod(t *testing.T) {
	want := map[string]string{"GET": "read", "POST": "create", "PUT": "update", "DELETE": "delete"}
	for name, doc := range map[string]*openapi3.T{"background": background(t), "erp": erp(t)} {
		for key, op := range operations(doc) {
			method, path, _ := strings.Cut(key, " ")
			scope := want[method]
			if strings.Contains(path, "/action/") {
				scope = "update"
			}
			security := doc.Security
			if op.Security != nil {
				security = *op.Security
			}
			got := asJSON(t, security)
			expected := fmt.Sprintf(`[{"service":["vismanet_erp_service_api:%s"]},{"interactive":["vismanet_erp_interactive_api:%s"]}]`, scope, scope)
			if got != expected {
				t.Errorf("%s: %s: security %s, want %s", name, key, got, expected)
			}
		}
		flows := doc.Components.SecuritySchemes
		for _, action := range []string{"read", "create", "update", "delete"} {
			if _, ok := flows["service"].Value.Flows.ClientCredentials.Scopes["vismanet_erp_service_api:"+action]; !ok {
				t.Errorf("%s: service scope %s is not declared", name, action)
			}
			if _, ok := flows["interactive"].Value.Flows.AuthorizationCode.Scopes["vismanet_erp_interactive_api:"+action]; !ok {
				t.Errorf("%s: interactive scope %s is not declared", name, action)
			}
		}
	}
}
