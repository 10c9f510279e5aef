package mockserver_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/openapi/spec"
)

// The links of the document lead from each 202 to the state, and from there to the
// content.
func TestTheLinksOfTheDocumentLeadToTheContent(t *testing.T) {
	doc, err := spec.Background()
	if err != nil {
		t.Fatal(err)
	}
	queued := 0
	for _, call := range matrixCalls() {
		op := doc.Paths.Value(call.pattern).GetOperation(call.method)
		if call.ifMatch != "" || strings.Contains(call.query, "999") {
			continue
		}
		queued++
		synctest.Test(t, func(t *testing.T) {
			h := start(t, mockserver.Config{})
			accepted := h.call(call, []string{"Content-Type", "application/json", "erp-api-background", "none"})
			if accepted.status != 202 {
				t.Fatalf("%s %s: got %d, want 202", call.method, call.pattern, accepted.status)
			}
			time.Sleep(time.Second)
			states, state := h.follow(doc, op.Responses.Status(202), "state", nil, accepted)
			told := decode[map[string]any](t, state.body)
			if state.status != 200 || told["status"] != "Finished" {
				t.Errorf("%s %s: the link state leads to %d %s", call.method, call.pattern, state.status, state.body)
			}
			_, content := h.follow(doc, doc.Paths.Value(statePath).Get.Responses.Status(200), "content", states, state)
			if has := told["hasResponseContent"] == true; has != (content.status == 200) || !has && content.status != 404 {
				t.Errorf("%s %s: hasResponseContent is %v, and the link content leads to %d", call.method, call.pattern, told["hasResponseContent"], content.status)
			}
		})
	}
	if queued < 15 {
		t.Errorf("%d calls were made, want the walk to see them", queued)
	}
}

// follow makes the GET that a link names, and returns its path parameters and the
// answer. The expressions are those that the document has: a field of the answer's
// body, and a path parameter of the request that was answered.
func (h *harness) follow(doc *openapi3.T, response *openapi3.ResponseRef, name string, path map[string]string, from answer) (map[string]string, answer) {
	h.t.Helper()
	link := response.Value.Links[name]
	if link == nil {
		h.t.Fatalf("no link %s", name)
	}
	parameters := make(map[string]string)
	for parameter, value := range link.Value.Parameters {
		expression, _ := value.(string)
		if field, ok := strings.CutPrefix(expression, "$response.body#/"); ok {
			parameters[parameter], _ = decode[map[string]any](h.t, from.body)[field].(string)
		} else if other, ok := strings.CutPrefix(expression, "$request.path."); ok {
			parameters[parameter] = path[other]
		}
		if parameters[parameter] == "" {
			h.t.Fatalf("link %s: %s is %v, which gives nothing", name, parameter, value)
		}
	}
	for pattern, item := range doc.Paths.Map() {
		if item.Get == nil || item.Get.OperationID != link.Value.OperationID {
			continue
		}
		for parameter, value := range parameters {
			pattern = strings.ReplaceAll(pattern, "{"+parameter+"}", value)
		}
		return parameters, h.do("GET", pattern, "")
	}
	h.t.Fatalf("link %s: no operation %s", name, link.Value.OperationID)
	return nil, answer{}
}
