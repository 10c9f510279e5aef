package spec_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/openapi/spec"
)

// Loading takes a while under the race detector; tests only read what these
// return.
var (
	loadBackground = sync.OnceValues(spec.Background)
	loadERP        = sync.OnceValues(spec.ERP)
)

func background(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := loadBackground()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func erp(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := loadERP()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestBothDocumentsAreValidOpenAPI303(t *testing.T) {
	for name, doc := range map[string]*openapi3.T{"background": background(t), "erp": erp(t)} {
		if got, want := doc.OpenAPI, "3.0.3"; got != want {
			t.Errorf("%s: openapi %q, want %q", name, got, want)
		}
		if got, want := len(doc.Servers), 2; got != want {
			t.Errorf("%s: %d servers, want %d", name, got, want)
		}
	}
}

func TestLoadRefusesWhatIsWrong(t *testing.T) {
	const head = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"
	tests := []struct {
		name, source, want string
	}{
		{"no YAML", "{", "load"},
		{"no paths", head, "paths"},
		{"dangling reference", head + "paths: {/a: {get: {responses: {'200': {$ref: '#/components/responses/No'}}}}}", "load"},
		{"external reference", head + "paths: {/a: {$ref: 'https://example.com/a.yaml'}}", "load"},
		{"wrong example", head + "paths: {}\ncomponents: {schemas: {A: {type: integer, example: x}}}", "validate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := spec.Load([]byte(tt.source))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestValidateSchemaAcceptsWhatTheERPSendsAndRefusesTheRest(t *testing.T) {
	doc := background(t)
	const id = "73ac0029-1e4f-4adc-a7eb-318cd25ba4bf"
	tests := []struct {
		name, schema, payload string
		valid                 bool
	}{
		{"least accepted", "BackgroundAccepted", `{"id":"` + id + `"}`, true},
		{"accepted without id", "BackgroundAccepted", `{"stateLocation":"https://api.finance.visma.net"}`, false},
		{"accepted with no GUID", "BackgroundAccepted", `{"id":"4711"}`, true},
		{"GUID without an RFC version", "BackgroundAccepted", `{"id":"73ac0029-1e4f-0adc-07eb-318cd25ba4bf"}`, true},
		{"unknown member", "BackgroundAccepted", `{"id":"` + id + `","jobId":"` + id + `"}`, true},
		{"state with nulls", "BackgroundState", `{"id":"` + id + `","status":"Started","startedUtc":null,"responseHeaders":null}`, true},
		{"state of an unknown word", "BackgroundState", `{"id":"` + id + `","status":"Queued"}`, true},
		{"state with times of all forms", "BackgroundState", `{"id":"` + id + `","status":"Started","receivedUtc":"2022-11-10T10:20:53.75","startedUtc":"0001-01-01T00:00:00","finishedUtc":"2022-11-10T10:20:53Z"}`, true},
		{"state with a time that is none", "BackgroundState", `{"id":"` + id + `","status":"Started","receivedUtc":"yesterday"}`, false},
		{"state with a text for a number", "BackgroundState", `{"id":"` + id + `","status":"Finished","statusCode":"200"}`, false},
		{"empty notification", "BackgroundNotification", `{}`, true},
		{"notification that is a list", "BackgroundNotification", `[]`, false},
		{"either error shape", "ErrorBody", `{"message":null,"ExceptionMessage":"x"}`, true},
		{"wrapped value", "CustomerInvoiceUpdate", `{"hold":{"value":null}}`, true},
		{"wrapper without a value", "CustomerInvoiceUpdate", `{"hold":{}}`, true},
		{"bare value", "CustomerInvoiceUpdate", `{"hold":true}`, false},
		{"unknown line operation", "CustomerInvoiceUpdateLine", `{"operation":"Upsert"}`, false},
		{"no JSON", "ErrorBody", `<html>`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := spec.ValidateSchema(doc, tt.schema, []byte(tt.payload))
			if got := err == nil; got != tt.valid {
				t.Errorf("valid %v (%v), want %v", got, err, tt.valid)
			}
		})
	}
}

func TestValidateSchemaNamesAnUnknownSchema(t *testing.T) {
	err := spec.ValidateSchema(background(t), "Nothing", []byte(`{}`))
	if !errors.Is(err, spec.ErrUnknownSchema) || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("error %v, want ErrUnknownSchema that names it", err)
	}
	if err := spec.ValidateSchema(&openapi3.T{}, "Nothing", []byte(`{}`)); !errors.Is(err, spec.ErrUnknownSchema) {
		t.Errorf("error %v, want ErrUnknownSchema", err)
	}
}
