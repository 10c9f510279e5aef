package structure

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// schemasOf compiles schemas of 3.1 that may refer to each other.
func schemasOf(t *testing.T, text string) func(name string) *schema.Schema {
	t.Helper()
	doc, err := apidoc.Open("test", []byte(`{"openapi":"3.1.0","s":`+text+`}`), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set := schema.NewSet(doc, apidoc.V31)
	return func(name string) *schema.Schema { return set.Compile(doc.Root.At("s", name), "/s/"+name) }
}

func TestWhatASchemaHasAtFirstSight(t *testing.T) {
	of := schemasOf(t, `{
		"text":{"type":"string"},
		"whole":{"$ref":"#/s/number","multipleOf":1},
		"number":{"type":["integer","null"]},
		"either":{"oneOf":[{"type":"string"},{"$ref":"#/s/number"}]},
		"both":{"allOf":[{"type":["string","integer"]},{"type":["integer","boolean"]}]},
		"anything":true,
		"itself":{"$ref":"#/s/itself"},
		"object":{"allOf":[{"properties":{"a":{"type":"integer"}}},{"$ref":"#/s/base"}],"properties":{"c":{}}},
		"base":{"properties":{"b":{"type":"string"},"a":{}},"additionalProperties":{"type":"boolean"},"xml":{"name":"Base"}},
		"list":{"anyOf":[{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}]}}`)
	for name, want := range map[string]string{
		"text": "string", "whole": "null or integer", "number": "null or integer", "either": "null or integer or string", "both": "integer",
		"anything": schema.Any.String(), "itself": schema.Any.String(),
	} {
		if got := Types(of(name)).String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := fmt.Sprint(Names(of("object"))); got != "[c a b]" {
		t.Errorf("properties %s", got)
	}
	for name, want := range map[string]string{"a": "integer", "b": "string", "other": "boolean"} {
		if got := Types(Property(of("object"), name)).String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if a, b := Types(Item(of("list"), 0)), Types(Item(of("list"), 1)); a != schema.String || b != schema.Integer {
		t.Errorf("items %s, %s", a, b)
	}
	if Property(of("text"), "a") != nil || Item(of("text"), 0) != nil || XML(of("object")).Name != "Base" || HasChoices(of("base")) || !HasChoices(of("either")) {
		t.Error("a text has properties or items, or the names and choices are others")
	}
}

// Schemas each of which refers twice to the next take a step each, and not 2^n.
func TestManyReferencesTakeFewSteps(t *testing.T) {
	var all []string
	for i := range 200 {
		all = append(all, fmt.Sprintf(`"%d":{"allOf":[{"$ref":"#/s/%d"},{"$ref":"#/s/%[2]d"}]}`, i, i+1))
	}
	of := schemasOf(t, "{"+strings.Join(all, ",")+`,"200":{"type":"object","properties":{"a":{}}}}`)
	steps := 0
	Find(of("0"), func(*schema.Schema) bool { steps++; return false })
	if Types(of("0")) != schema.Object || Property(of("0"), "a") == nil || steps > 1000 {
		t.Errorf("types %s in %d steps", Types(of("0")), steps)
	}
}
