package spec_test

import (
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"github.com/vismanet-go/background/openapi"
)

// A generated client refuses a whole answer for one text that does not have its
// format. So texts have patterns at most, which no client checks.
func TestNoTextHasAFormatThatGeneratedClientsCheck(t *testing.T) {
	for name, source := range map[string][]byte{"background": openapi.BackgroundYAML(), "erp": openapi.ERPYAML()} {
		var doc any
		if err := yaml.Unmarshal(source, &doc); err != nil {
			t.Fatal(err)
		}
		numbers := 0
		walk(doc, "", func(at string, n map[string]any) {
			format, ok := n["format"].(string)
			if !ok {
				return
			}
			switch kind := n["type"].(string) + " " + format; kind {
			case "integer int32", "integer int64", "number double":
				numbers++
			default:
				t.Errorf("%s: %s: got %s, want no format", name, at, kind)
			}
		})
		if numbers < 20 {
			t.Errorf("%s: got %d numbers with a format, want the walk to see them", name, numbers)
		}
	}
}

func walk(node any, at string, visit func(string, map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		visit(at, n)
		for key, child := range n {
			walk(child, at+"/"+key, visit)
		}
	case []any:
		for _, child := range n {
			walk(child, at+"/-", visit)
		}
	}
}

// Some generators make a class of a named schema that may be anything, and
// fail on every list; others send null for all that is required and not set.
func TestStoredContentHasNoNameAndNoWrapperWantsItsValue(t *testing.T) {
	doc := background(t)
	media := operations(doc)["GET /v1/background/{requestId}/content"].Responses.Value("200").Value.Content.Get("application/json")
	if media.Schema.Ref != "" || asJSON(t, media.Schema) != "{}" {
		t.Errorf("got the schema %s %s, want {} in place", media.Schema.Ref, asJSON(t, media.Schema))
	}
	wrappers := 0
	for name, ref := range doc.Components.Schemas {
		if !strings.HasSuffix(name, "Value") {
			continue
		}
		wrappers++
		if len(ref.Value.Required) != 0 {
			t.Errorf("%s: got required %v, want none", name, ref.Value.Required)
		}
	}
	if wrappers != 7 {
		t.Errorf("got %d wrappers, want 7", wrappers)
	}
}

// What a create needs is said where machines look, too, and by fields that are
// there.
func TestWhatACreateNeedsIsThere(t *testing.T) {
	doc := background(t)
	example := func(v any) map[string]any { m, _ := v.(map[string]any); return m }
	update := doc.Components.Schemas["CustomerInvoiceUpdate"].Value
	line := doc.Components.Schemas["CustomerInvoiceUpdateLine"].Value
	for _, tt := range []struct {
		name   string
		schema *openapi3.Schema
		in     map[string]any
	}{
		{"CustomerInvoiceUpdate", update, example(doc.Components.Examples["NewInvoice"].Value.Value)},
		{"CustomerInvoiceUpdateLine", line, example(line.Example)},
	} {
		needs, _ := tt.schema.Extensions["x-create-needs"].([]any)
		if len(needs) == 0 {
			t.Errorf("%s: got no x-create-needs", tt.name)
		}
		for _, need := range needs {
			field, _ := need.(string)
			if tt.schema.Properties[field] == nil || tt.in[field] == nil || !strings.Contains(tt.schema.Description, "`"+field+"`") && field != "operation" {
				t.Errorf("%s: %s is no field, not in the example, or not described", tt.name, field)
			}
		}
	}
}
