package synth_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// inventor makes schemas and values out of bytes.
type inventor struct{ left []byte }

func (v *inventor) below(n int) int {
	if len(v.left) == 0 {
		return 0
	}
	c := v.left[0]
	v.left = v.left[1:]
	return int(c) % n
}

func (v *inventor) one(of ...any) any { return of[v.below(len(of))] }

// schema makes a schema of JSON Schema 2020-12.
func (v *inventor) schema(depth int) any {
	if depth <= 0 || len(v.left) == 0 {
		return v.one(true, map[string]any{"type": "string"}, map[string]any{"type": "integer"}, map[string]any{"type": "object"}, map[string]any{"$ref": "#/$defs/a"}, map[string]any{"$ref": "#"}, map[string]any{"type": "null"}, false)
	}
	s := make(map[string]any)
	for range 1 + v.below(4) {
		v.keyword(s, depth-1)
	}
	return s
}

func (v *inventor) list(depth int) []any {
	list := make([]any, 1+v.below(3))
	for i := range list {
		list[i] = v.schema(depth)
	}
	return list
}

func (v *inventor) name() string { return v.one("a", "b", "c", "x1").(string) }

func (v *inventor) keyword(s map[string]any, depth int) {
	switch v.below(32) {
	case 0, 1, 2:
		s["type"] = v.one("object", "string", "array", "integer", "number", "boolean", "null", []any{"string", "null"}, []any{"object", "array", "integer"})
	case 3, 4, 5:
		s["properties"] = map[string]any{v.name(): v.schema(depth), v.name(): v.schema(depth)}
	case 6, 7:
		s["required"] = v.one([]any{"a"}, []any{"b"}, []any{"a", "b"}, []any{"c", "x1"}, []any{})
	case 8:
		s["additionalProperties"] = v.schema(depth)
	case 9:
		s["patternProperties"] = map[string]any{v.one("^x[0-9]$", "^[ab]$", "c").(string): v.schema(depth)}
	case 10:
		s["minProperties"] = v.below(4)
	case 11:
		s["maxProperties"] = v.below(4)
	case 12:
		s["propertyNames"] = v.one(map[string]any{"pattern": "^[a-c]"}, map[string]any{"maxLength": 3}, map[string]any{"enum": []any{"a", "b", "zz"}}, v.schema(depth))
	case 13:
		s["items"] = v.schema(depth)
	case 14:
		s["prefixItems"] = v.list(depth)
	case 15:
		s["minItems"] = v.below(4)
	case 16:
		s["maxItems"] = v.below(4)
	case 17:
		s["uniqueItems"] = true
	case 18:
		s["contains"] = v.schema(depth)
		if v.below(2) == 0 {
			s["minContains"] = v.below(3)
		}
		if v.below(3) == 0 {
			s["maxContains"] = 1 + v.below(2)
		}
	case 19:
		s["minLength"] = v.below(12)
	case 20:
		s["maxLength"] = v.below(12)
	case 21:
		s["pattern"] = v.one("^[a-z]+$", "[0-9]{2}", "^(ab|cd)*$", "x$", "^A.{2,4}Z$")
	case 22:
		s[v.one("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum").(string)] = v.one(0, 1, 2.5, 100, -3, json.Number("9223372036854775807"))
	case 23:
		s["multipleOf"] = v.one(1, 2, 0.5, json.Number("0.01"), 7)
	case 24:
		s["enum"] = v.one([]any{1, 2, 3}, []any{"a", nil}, []any{map[string]any{"a": 1}, "b"}, []any{[]any{}, true})
	case 25:
		s["const"] = v.one(1, "a", nil, []any{1}, map[string]any{"a": "b"})
	case 26:
		s[v.one("allOf", "anyOf", "oneOf").(string)] = v.list(depth)
	case 27:
		s["not"] = v.schema(depth)
	case 28:
		s["if"] = v.schema(depth)
		s[v.one("then", "else").(string)] = v.schema(depth)
	case 29:
		s["dependentRequired"] = map[string]any{v.name(): []any{v.name()}}
		s["dependentSchemas"] = map[string]any{v.name(): v.schema(depth)}
	case 30:
		s[v.one("unevaluatedProperties", "unevaluatedItems").(string)] = v.schema(depth)
	case 31:
		s["$ref"] = v.one("#/$defs/a", "#/$defs/b", "#")
	}
}

func (v *inventor) value(depth int) any {
	if depth <= 0 {
		return v.one(nil, true, 1, "a", json.Number("2.5"), "ab12")
	}
	switch v.below(3) {
	case 0:
		object := make(map[string]any)
		for range v.below(4) {
			object[v.name()] = v.value(depth - 1)
		}
		return object
	case 1:
		list := make([]any, v.below(4))
		for i := range list {
			list[i] = v.value(depth - 1)
		}
		return list
	}
	return v.value(0)
}

// invented returns the text of a schema.
func invented(data []byte) (string, *inventor) {
	v := &inventor{data}
	s, ok := v.schema(3).(map[string]any)
	if !ok {
		s = map[string]any{}
	}
	s["$defs"] = map[string]any{"a": v.schema(2), "b": v.schema(2)}
	return encode(s), v
}

// judged makes a value of the schema that is in data, and holds it, and other values,
// against an independent reader. It returns what became of it: made, missed if there
// is a valid value all the same, or the kind of the reason.
func judged(t *testing.T, data []byte) synth.Kind {
	text, rest := invented(data)
	set, s := compile(t, apidoc.V31, text)
	other := judge(t, text)
	v, reasons := synth.New(set, schema.Response).Value(s, synth.Options{Seed: uint64(len(data))})
	err := other.Validate(decode(t, v))
	if len(reasons) == 0 && err != nil {
		t.Errorf("%s: %s is given as valid; the other reader says %v", text, encode(v), err)
	}
	for range 4 {
		w := rest.value(3)
		if err, faults := other.Validate(decode(t, w)), s.Validate(decode(t, w), schema.Response); (err == nil) != (faults == nil) {
			t.Errorf("%s: %s has the faults %v; the other reader says %v", text, encode(w), faults, err)
		}
	}
	if len(reasons) == 0 {
		return "made"
	}
	tried := &inventor{random(uint64(len(data)))}
	for range 100 {
		if len(tried.left) < 20 {
			tried.left = random(uint64(len(data)) + uint64(tried.below(200)))
		}
		if w := tried.value(3); other.Validate(decode(t, w)) == nil {
			if reasons[0].Kind == synth.Unsatisfiable {
				t.Errorf("%s: %v; but %s is valid", text, reasons, encode(w))
			}
			return "missed"
		}
	}
	return reasons[0].Kind
}

func FuzzValue(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(random(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { judged(t, data) })
}

func random(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	data := make([]byte, 40+r.IntN(200))
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	return data
}

// Values of schemas that nobody would write are valid to an independent reader.
func TestInventedSchemas(t *testing.T) {
	kinds := make(map[synth.Kind]int)
	const rounds = 1000
	for seed := range uint64(rounds) {
		kinds[judged(t, random(seed))]++
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Log(kinds)
	if kinds["missed"] > rounds/200 || kinds["made"] < rounds/2 {
		t.Errorf("of %d values: %v; want half of them made, and at most %d missed", rounds, kinds, rounds/200)
	}
}
