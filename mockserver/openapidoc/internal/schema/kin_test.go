package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

func compile(t testing.TB, version apidoc.Version, text string) (*schema.Set, *schema.Schema) {
	t.Helper()
	doc, err := apidoc.Open("schema.json", []byte(text), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set := schema.NewSet(doc, version)
	return set, set.Compile(doc.Root, "")
}

func decode(t testing.TB, text string) any {
	t.Helper()
	n, err := apidoc.Parse("value.json", []byte(text), apidoc.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return schema.ValueOf(n)
}

// What 3.0 says in ways of its own is understood as kin-openapi understands it.
func TestThreeZeroAsAnotherReaderHasIt(t *testing.T) {
	for _, tt := range []struct{ schema, value string }{
		{`{"type":"string","nullable":true}`, `null`},
		{`{"type":"string","nullable":false}`, `null`},
		{`{"type":"integer","minimum":1,"exclusiveMinimum":true}`, `1`},
		{`{"type":"integer","minimum":1,"exclusiveMinimum":false}`, `1`},
		{`{"type":"integer","maximum":1,"exclusiveMaximum":true}`, `1`},
		{`{"type":"integer"}`, `1.0`},
		{`{"type":"integer"}`, `1.5`},
		{`{"type":"integer","format":"int32"}`, `2147483648`},
		{`{"type":"integer","format":"int32"}`, `-2147483648`},
		{`{"type":"string","format":"date"}`, `"2024-02-30x"`},
		{`{"type":"string","format":"date"}`, `"2024-02-28"`},
		{`{"type":"string","format":"date-time"}`, `"2024-02-28"`},
		{`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`, `{"b":1}`},
		{`{"type":"object","additionalProperties":{"type":"integer"}}`, `{"b":"x"}`},
		{`{"type":"object","required":["a"],"properties":{"a":{"type":"string","writeOnly":true}}}`, `{}`},
		{`{"type":"object","properties":{"a":{"type":"string","writeOnly":true}}}`, `{"a":"x"}`},
		{`{"type":"array","items":{"type":"integer"},"uniqueItems":true}`, `[1,2,1]`},
		{`{"type":"array","items":{},"minItems":2,"maxItems":2}`, `[1,"a"]`},
		{`{"type":"string","enum":["a","b"]}`, `"c"`},
		{`{"type":"string","minLength":2,"maxLength":2}`, `"éé"`},
		{`{"not":{"type":"string"}}`, `"a"`},
		{`{"oneOf":[{"type":"integer"},{"type":"number"}]}`, `1`},
		{`{"anyOf":[{"type":"integer"},{"type":"number"}]}`, `1`},
		{`{"type":"object","minProperties":1,"maxProperties":1}`, `{"a":1,"b":2}`},
	} {
		var other openapi3.Schema
		if err := json.Unmarshal([]byte(tt.schema), &other); err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal([]byte(tt.value), &v); err != nil {
			t.Fatal(err)
		}
		err := other.VisitJSON(v, openapi3.VisitAsResponse())
		_, s := compile(t, apidoc.V30, tt.schema)
		if faults := s.Validate(decode(t, tt.value), schema.Response); (faults == nil) != (err == nil) {
			t.Errorf("%s: %s has the faults %v; kin-openapi says %v", tt.schema, tt.value, faults, err)
		}
	}
}
