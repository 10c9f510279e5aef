package gendoc

import "strings"

// Values returns a document of bounds at their edges, patterns, formats, and
// numbers that no float has.
func Values(v Version) Document {
	str := func(more ...any) Map { return M("type", "string").With(more...) }
	num := func(kind string, more ...any) Map { return M("type", kind).With(more...) }
	above := func(kind string, n any) Map {
		if v == V30 {
			return M("type", kind, "minimum", n, "exclusiveMinimum", true)
		}
		return M("type", kind, "exclusiveMinimum", n)
	}
	all := []shape{
		{"int64-smallest", false, num("integer", "format", "int64", "maximum", Raw("-9223372036854775808"), "minimum", Raw("-9223372036854775808"))},
		{"int64-greatest", false, num("integer", "format", "int64", "minimum", Raw("9223372036854775807"))},
		{"int32-greatest", false, num("integer", "format", "int32", "minimum", Raw("2147483647"))},
		{"int32-beyond", true, num("integer", "format", "int32", "minimum", Raw("2147483648"))},
		{"greater-than-int64", false, num("integer", "minimum", Raw("9223372036854775808"))},
		{"one-value", false, num("integer", "minimum", 4, "maximum", 4)},
		{"no-integer-between", true, num("integer", "minimum", Raw("1.2"), "maximum", Raw("1.8"))},
		{"number-between", false, num("number", "minimum", Raw("1.2"), "maximum", Raw("1.2000000001"))},
		{"above-zero", false, above("number", 0).With("maximum", Raw("0.001"))},
		{"above-an-integer", false, above("integer", 7).With("maximum", 8)},
		{"empty-interval", true, num("number", "minimum", 2, "maximum", 1)},
		{"cents", false, num("number", "multipleOf", Raw("0.01"), "minimum", Raw("19.991"), "maximum", 20)},
		{"cents-none", true, num("number", "multipleOf", Raw("0.01"), "minimum", Raw("0.001"), "maximum", Raw("0.009"))},
		{"tenths-of-cents", false, num("number", "multipleOf", Raw("0.001"), "minimum", Raw("0.0005"), "maximum", Raw("0.0019"))},
		{"multiple-of-large", false, num("integer", "multipleOf", Raw("1000000007"), "minimum", 1)},
		{"multiple-of-float", false, num("number", "multipleOf", Raw("1e-7"), "minimum", Raw("3e-7"), "maximum", Raw("4e-7"))},
		{"exponent", false, num("number", "minimum", Raw("1e300"), "maximum", Raw("1e301"))},
		{"negative-only", false, num("integer", "maximum", -1)},
		{"float-as-integer-bound", false, num("integer", "minimum", Raw("3.0"), "maximum", Raw("3.0"))},

		{"empty-string", false, str("maxLength", 0)},
		{"length-exactly", false, str("minLength", 17, "maxLength", 17)},
		{"length-impossible", true, str("minLength", 5, "maxLength", 4)},
		{"length-long", false, str("minLength", 20000)},
		{"length-of-a-date", true, str("format", "date", "maxLength", 9)},
		{"date-with-length", false, str("format", "date", "minLength", 10, "maxLength", 10)},
		{"email-short", false, str("format", "email", "maxLength", 12)},
		{"uri-long", false, str("format", "uri", "minLength", 60)},
		{"uuid-pattern", false, str("format", "uuid", "pattern", "^[0-9a-f]{8}-")},
		{"date-pattern", false, str("format", "date", "pattern", `^\d{4}-\d{2}-\d{2}$`)},
		{"enum-of-one", false, str("enum", []any{"só"})},
		{"enum-invalid-but-for-one", false, str("enum", []any{"toolong", "x", "alsolong"}, "maxLength", 2)},
		{"enum-none-valid", true, str("enum", []any{"toolong"}, "maxLength", 2)},
		{"enum-of-many-types", false, M("enum", []any{1, "1", true, []any{1}, M("a", 1)})},
		{"enum-number", false, num("number", "enum", []any{Raw("1.50"), Raw("2e3")})},
		{"enum-empty-word", false, str("enum", []any{""})},
		{"default-valid", false, num("integer", "default", 12, "minimum", 10)},
		{"default-invalid", false, num("integer", "default", 2, "minimum", 10)},
		{"default-null", false, str("default", nil)},

		{"unique-booleans", false, M("type", "array", "uniqueItems", true, "minItems", 2, "items", M("type", "boolean"))},
		{"unique-booleans-three", true, M("type", "array", "uniqueItems", true, "minItems", 3, "items", M("type", "boolean"))},
		{"unique-enums", false, M("type", "array", "uniqueItems", true, "minItems", 4, "items", enum("a", "b", "c", "d"))},
		{"unique-objects", false, M("type", "array", "uniqueItems", true, "minItems", 5, "items", M("type", "object", "required", []any{"n"}, "properties", M("n", M("type", "integer", "minimum", 1, "maximum", 6))))},
		{"many-items", false, M("type", "array", "minItems", 500, "items", M("type", "integer"))},
		{"no-items", false, M("type", "array", "maxItems", 0, "items", text(3))},
		{"nested-arrays", false, M("type", "array", "minItems", 3, "items", M("type", "array", "minItems", 3, "items", M("type", "array", "minItems", 3, "items", integer())))},

		{"many-required", false, manyRequired(300)},
		{"min-properties", false, M("type", "object", "minProperties", 7)},
		{"min-properties-closed", false, M("type", "object", "minProperties", 2, "additionalProperties", false, "properties", M("a", text(1), "b", text(1), "c", text(1)))},
		{"min-properties-too-many", true, M("type", "object", "minProperties", 3, "additionalProperties", false, "properties", M("a", text(1), "b", text(1)))},
		{"max-properties-one", false, M("type", "object", "maxProperties", 1, "properties", M("a", text(1), "b", text(1), "c", text(1)))},
		{"max-properties-too-few", true, M("type", "object", "maxProperties", 1, "required", []any{"a", "b"})},
		{"free-form", false, M("type", "object", "additionalProperties", true)},
		{"dictionary", false, M("type", "object", "additionalProperties", integer(), "minProperties", 2)},
		{"type-missing-properties", false, M("properties", M("a", integer()), "required", []any{"a"})},
		{"type-missing-items", false, M("items", integer(), "minItems", 1)},
		{"read-only-required", false, M("type", "object", "required", []any{"r", "w"}, "properties", M("r", text(3).With("readOnly", true), "w", text(3).With("writeOnly", true)))},
	}
	for i, p := range patterns {
		all = append(all, shape{"pattern-" + itoa(i), false, str("pattern", p)})
	}
	for i, p := range ecmaPatterns {
		all = append(all, shape{"ecma-" + itoa(i), false, str("pattern", p)})
	}
	all = append(all,
		shape{"pattern-and-length", false, str("pattern", "^[a-z]+$", "minLength", 12, "maxLength", 13)},
		shape{"pattern-and-length-within", false, str("pattern", "b", "minLength", 6, "maxLength", 6)},
		shape{"pattern-of-groups-and-length", false, str("pattern", "^(ab|cde){2,}$", "minLength", 9, "maxLength", 9)},
		shape{"pattern-never", true, str("pattern", "^a$", "minLength", 2)},
		shape{"pattern-and-enum", false, str("pattern", "^b", "enum", []any{"ab", "bc"})},
		shape{"pattern-malformed", false, str("pattern", "[a-")},
	)
	for _, f := range []string{
		"date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference",
		"uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex", "byte", "binary", "password", "char", "decimal", "base64url", "sf-string", "unheard-of",
	} {
		all = append(all, shape{"format-" + f, false, str("format", f)})
	}
	for _, f := range []string{"int8", "int16", "uint8", "uint64", "double-int", "float", "double", "decimal"} {
		all = append(all, shape{"number-format-" + f, false, num("number", "format", f)})
	}
	return shapes(v, "values", "Bounds, patterns and formats", all, nil)
}

// patterns are such as documents have, all of which RE2 runs.
var patterns = []string{
	"^$", "^.*$", ".", "^[A-Z]{2}$", "^[0-9]{1,9}$", `^\d{4}-\d{2}$`, `^\w+\.\w+$`, `\S`, "^(a|b|c)$", "^(?:GB|NL)[0-9A-Z]{2,}$", `^[^/]+$`, `^[^a-zA-Z0-9]{3}$`,
	`^(\+|-)?\d+(\.\d{1,2})?$`, `^#[0-9a-fA-F]{6}$`, `^[\w.%+-]+@[\w.-]+\.[a-z]{2,}$`, `^\/[a-z]+\/$`, `^\x41\u0042?$`, `^[\u00e0-\u00ff]+$`, `(?i)^abc$`,
	`^a{0}$`, `^(a*)*$`, `^(a+)+b$`, `^\$\{[a-z]+\}$`, `\bword\b`, `^\p{L}+$`, `^[\s\S]{2}$`, `^\t\n$`, "^é+$", `^.{1000}$`, `^(x|y){50}$`, `^[0-9]{3}[-. ]?[0-9]{4}$`,
	`^([01]\d|2[0-3]):[0-5]\d$`, `^arn:aws:[a-z]+:::.+$`, `^\[[0-9, ]*\]$`, `^[a-zA-Z0-9!#$%&'*+/=?^_` + "`" + `{|}~-]+$`, `^"[^"]*"$`, `^\\\\$`, `^-?$`,
}

// ecmaPatterns are of ECMA-262, and RE2 does not run them.
var ecmaPatterns = []string{
	`^(?=.*[A-Z])(?=.*\d).{8,}$`, `^(?!0000)\d{4}$`, `^(a)\1$`, `(?<=a)b`, `(?<!a)b`, `^\cA$`, `^[^]$`, `^(?<year>\d{4})$`, `\u{61}`, `^[\d-x]$`, `^a{2000}$`,
}

func manyRequired(n int) Map {
	properties, required := Map{}, []any{}
	for i := range n {
		name := "p" + itoa(i)
		properties, required = append(properties, Pair{name, integer()}), append(required, name)
	}
	return M("type", "object", "required", required, "properties", properties)
}

// Examples returns a document of examples: valid, invalid, of references, by
// every keyword that has some.
func Examples(v Version) Document {
	schema := M("type", "object", "required", []any{"n"}, "properties", M("n", M("type", "integer", "minimum", 10), "s", text(5)))
	valid, invalid := M("n", 11, "s", "abc"), M("n", "eleven")
	media := func(id string, more ...any) Map {
		return M("get", M("operationId", id, "summary", id, "responses", M("200", M("description", "The answer.",
			"content", M("application/json", M("schema", schema).With(more...))))))
	}
	paths := M(
		"/example/valid", media("a1", "example", valid),
		"/example/invalid", media("a2", "example", invalid),
		"/example/null", media("a3", "example", nil),
		"/examples/valid", media("a4", "examples", M("first", M("value", valid), "second", M("summary", "Another.", "value", M("n", 12)))),
		"/examples/invalid", media("a5", "examples", M("first", M("value", invalid), "second", M("value", valid))),
		"/examples/ref", media("a6", "examples", M("shared", M("$ref", "#/components/examples/Shared"))),
		"/examples/external", media("a7", "examples", M("elsewhere", M("externalValue", "https://example.com/example.json"))),
		"/examples/empty", media("a8", "examples", Map{}),
		"/examples/named", media("a9", "examples", M("with space", M("value", valid), "q\"uote", M("value", M("n", 20)), "__proto__", M("value", M("n", 30)))),
		"/schema/example", get("b1", schema.With("example", valid)),
		"/schema/example-invalid", get("b2", schema.With("example", invalid)),
		"/schema/property-example", get("b3", M("type", "object", "required", []any{"n"}, "properties", M("n", M("type", "integer", "example", 42), "s", M("type", "string", "example", "sample")))),
		"/schema/property-example-invalid", get("b4", M("type", "object", "required", []any{"n"}, "properties", M("n", M("type", "integer", "example", "not a number")))),
		"/schema/array-example", get("b5", M("type", "array", "minItems", 2, "items", M("type", "string", "example", "item"))),
		"/schema/example-of-text", get("b6", M("type", "object", "example", `{"n": 1}`)),
		"/schema/date-example-as-time", get("b7", M("type", "string", "format", "date", "example", "2021-01-01T00:00:00Z")),
		"/default", get("b8", M("type", "object", "required", []any{"d"}, "properties", M("d", M("type", "string", "default", "the default")))),
	)
	if v == V31 {
		paths = append(paths, Pair{"/schema/examples", get("c1", schema.With("examples", []any{valid, M("n", 99)}))},
			Pair{"/schema/examples-invalid", get("c2", schema.With("examples", []any{invalid, valid}))})
	}
	components := M("examples", M("Shared", M("summary", "Shared.", "value", valid)))
	return Document{Name: "examples-" + string(v), JSON: indented(document(v, "Examples", paths, components))}
}

// Long returns names that are long: of n bytes.
func long(n int) string { return strings.Repeat("n", n) }
