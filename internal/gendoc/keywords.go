package gendoc

import "slices"

// A facet is one keyword, or the few that belong together, as a schema.
type facet struct {
	name   string
	only   Version // "" for both
	schema Map
}

// facets are the keywords of schemas, each with what makes it bite.
func facets(v Version) []facet {
	all := []facet{
		{"type-string", "", M("type", "string")},
		{"type-integer", "", M("type", "integer")},
		{"type-number", "", M("type", "number")},
		{"type-boolean", "", M("type", "boolean")},
		{"type-array", "", M("type", "array", "items", Map{})},
		{"type-object", "", M("type", "object")},
		{"nullable", V30, M("type", "string", "nullable", true)},
		{"enum", "", M("enum", []any{"a", 1, "longer word", true})},
		{"enum-null", V31, M("enum", []any{nil, "x", 3})},
		{"default", "", M("default", "abc")},
		{"example", V30, M("example", "abcd")},
		{"examples", V31, M("examples", []any{"abcd", 5})},
		{"min-length", "", M("minLength", 4)},
		{"max-length", "", M("maxLength", 6)},
		{"pattern", "", M("pattern", "^[a-f]+$")},
		{"pattern-within", "", M("pattern", "[0-9]{3}x")},
		{"format-date", "", M("type", "string", "format", "date")},
		{"format-date-time", "", M("type", "string", "format", "date-time")},
		{"format-uuid", "", M("type", "string", "format", "uuid")},
		{"format-email", "", M("type", "string", "format", "email")},
		{"format-uri", "", M("type", "string", "format", "uri")},
		{"format-ipv6", "", M("type", "string", "format", "ipv6")},
		{"format-byte", "", M("type", "string", "format", "byte")},
		{"format-unknown", "", M("type", "string", "format", "of-our-own")},
		{"format-int32", "", M("type", "integer", "format", "int32")},
		{"format-int64", "", M("type", "integer", "format", "int64")},
		{"format-float", "", M("type", "number", "format", "float")},
		{"minimum", "", M("minimum", 3)},
		{"maximum", "", M("maximum", 40)},
		{"exclusive-minimum", V30, M("minimum", 5, "exclusiveMinimum", true)},
		{"exclusive-maximum", V30, M("maximum", 6, "exclusiveMaximum", true)},
		{"exclusive-minimum", V31, M("exclusiveMinimum", 5)},
		{"exclusive-maximum", V31, M("exclusiveMaximum", 6)},
		{"multiple-of", "", M("multipleOf", 7)},
		{"multiple-of-cents", "", M("multipleOf", Raw("0.01"))},
		{"items", "", M("type", "array", "items", M("type", "integer", "minimum", 2, "maximum", 4))},
		{"min-items", "", M("minItems", 2)},
		{"max-items", "", M("maxItems", 3)},
		{"unique-items", "", M("uniqueItems", true)},
		{"prefix-items", V31, M("prefixItems", []any{M("type", "string"), M("type", "integer")})},
		{"items-false", V31, M("items", false)},
		{"contains", V31, M("contains", M("const", 3))},
		{"contains-twice", V31, M("contains", M("type", "integer"), "minContains", 2, "maxContains", 3)},
		{"properties", "", M("properties", M("a", M("type", "string"), "b", M("type", "integer")))},
		{"required", "", M("required", []any{"a", "c"})},
		{"additional-false", "", M("additionalProperties", false)},
		{"additional-schema", "", M("additionalProperties", M("type", "boolean"))},
		{"min-properties", "", M("minProperties", 2)},
		{"max-properties", "", M("maxProperties", 3)},
		{"pattern-properties", V31, M("patternProperties", M("^x-", M("type", "integer")))},
		{"property-names", V31, M("propertyNames", M("pattern", "^[a-c]$"))},
		{"dependent-required", V31, M("dependentRequired", M("a", []any{"b"}))},
		{"dependent-schemas", V31, M("dependentSchemas", M("a", M("required", []any{"d"})))},
		{"unevaluated-properties", V31, M("unevaluatedProperties", false)},
		{"unevaluated-items", V31, M("unevaluatedItems", false)},
		{"const", V31, M("const", M("a", 1))},
		{"const-string", V31, M("const", "abcde")},
		{"type-two", V31, M("type", []any{"integer", "null"})},
		{"type-three", V31, M("type", []any{"array", "string", "object"})},
		{"if-then-else", V31, M("if", M("type", "string"), "then", M("minLength", 2), "else", M("type", "array"))},
		{"all-of", "", M("allOf", []any{M("type", "object", "properties", M("a", M("type", "string"))), M("required", []any{"a"})})},
		{"one-of", "", M("oneOf", []any{M("type", "string", "maxLength", 5), M("type", "integer", "minimum", 3)})},
		{"one-of-overlapping", "", M("oneOf", []any{M("type", "integer"), M("type", "number", "minimum", 2)})},
		{"any-of", "", M("anyOf", []any{M("type", "string"), M("type", "array", "items", M("type", "string"))})},
		{"not", "", M("not", M("type", "string"))},
		{"not-enum", "", M("type", "string", "not", M("enum", []any{"string", "", "a"}))},
		{"read-only", "", M("type", "string", "readOnly", true)},
		{"write-only", "", M("type", "string", "writeOnly", true)},
	}
	var out []facet
	for _, f := range all {
		if f.only == "" || f.only == v {
			out = append(out, f)
		}
	}
	return out
}

// Keywords returns a document with an operation for every keyword of the
// version's schemas alone, below /alone, and for every two of them that may be
// of one type, below /together; in allOf where both say the same keyword, and every fifth pair in
// anyOf and oneOf as well.
func Keywords(v Version) Document {
	var paths Map
	add := func(path string, schema Map) {
		paths = append(paths, Pair{path, get("op"+itoa(len(paths)), schema)})
	}
	all := facets(v)
	for i, f := range all {
		add("/alone/"+f.name, f.schema)
		for j, other := range all[:i] {
			if disjoint(f.schema, other.schema) {
				continue // one such pair is enough, and stands in [Composition]
			}
			path := "/together/" + f.name + "/" + other.name
			add(path, both(f.schema, other.schema))
			if (i+j)%5 == 0 {
				add(path+"/any", M("anyOf", []any{f.schema, other.schema}))
				add(path+"/one", M("oneOf", []any{f.schema, other.schema}))
				add(path+"/item", M("type", "array", "minItems", 1, "maxItems", 2, "items", both(f.schema, other.schema)))
				add(path+"/property", M("type", "object", "required", []any{"p"}, "properties", M("p", both(f.schema, other.schema))))
			}
		}
	}
	return Document{Name: "keywords-" + string(v), JSON: indented(document(v, "Keywords alone and in pairs", paths, nil))}
}

// disjoint reports whether both schemas have types, and none in common.
func disjoint(a, b Map) bool {
	x, y := types(a), types(b)
	return x != nil && y != nil && !slices.ContainsFunc(x, func(t any) bool {
		return slices.Contains(y, t) || t == "integer" && slices.Contains(y, any("number")) || t == "number" && slices.Contains(y, any("integer"))
	})
}

func types(m Map) []any {
	for key, value := range pairs(m) {
		if list, ok := value.([]any); key == "type" && ok {
			return list
		} else if key == "type" {
			return []any{value}
		}
	}
	return nil
}

// both joins two schemas: in one if no keyword is in both with two values,
// otherwise by allOf.
func both(a, b Map) Map {
	out := append(Map(nil), a...)
	for _, p := range b {
		for _, q := range a {
			if p.Key == q.Key && string(encode(p.Value)) != string(encode(q.Value)) {
				return M("allOf", []any{a, b})
			}
		}
		out = out.put(p)
	}
	return out
}
