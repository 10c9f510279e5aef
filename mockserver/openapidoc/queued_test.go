package openapidoc_test

import (
	"net/http"
	"testing"

	"github.com/vismanet-go/background/mockserver/openapidoc"
)

// The vendor's own document has a 202 beside the 204 of its PUTs: for calls that are
// queued.
func TestTheAnswerToAQueuedCallIsNotTheOperations(t *testing.T) {
	const document = `
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /both:
    put:
      parameters: [{name: ERP-API-Background, in: header, schema: {type: string}}]
      responses: {"202": {description: Queued.}, "204": {description: Done.}}
  /only:
    put:
      parameters: [{name: erp-api-background, in: header, schema: {type: string}}]
      responses: {"202": {description: Begun.}, "404": {description: Not there.}}
  /without:
    put:
      responses: {"202": {description: Begun.}, "204": {description: Done.}}
`
	w := serve(t, openapidoc.Config{Source: []byte(document)})
	for path, want := range map[string]int{"/both": http.StatusNoContent, "/only": http.StatusAccepted, "/without": http.StatusAccepted} {
		if got := w.do(http.MethodPut, path, ""); got.status != want {
			t.Errorf("PUT %s: status %d, want %d", path, got.status, want)
		}
	}
	if got := w.do(http.MethodPut, "/both", "", "Prefer", "code=202"); got.status != http.StatusAccepted {
		t.Errorf("PUT /both with Prefer: code=202: status %d", got.status)
	}
}
