package gendoc

import "strings"

// A shape is a schema of a document that is about schemas. It stands below
// /never if no value satisfies it.
type shape struct {
	name   string
	never  bool
	schema any
}

// shapes makes a document of them, each answered by an operation of its own.
func shapes(v Version, name, title string, all []shape, components Map) Document {
	var paths Map
	for i, s := range all {
		below := "/some/"
		if s.never {
			below = "/never/"
		}
		paths = append(paths, Pair{below + s.name, get(name+itoa(i), s.schema)})
	}
	return Document{Name: name + "-" + string(v), JSON: indented(document(v, title, paths, M("schemas", components)))}
}

// Recursion returns a document of schemas that refer to themselves, with an end
// and without one.
func Recursion(v Version) Document {
	node := func(more ...any) Map { return M("type", "object", "properties", M(more...)) }
	optional := nullable(v, M("type", "object", "required", []any{"next"}, "properties", M("next", ref("NullableNode"))))
	c := M(
		"Node", node("value", M("type", "integer"), "next", ref("Node")),
		"Tree", node("children", M("type", "array", "items", ref("Tree"))).With("required", []any{"children"}),
		"Lush", node("children", M("type", "array", "minItems", 2, "items", ref("Tree"))).With("required", []any{"children"}),
		"NullableNode", optional,
		"Dictionary", M("type", "object", "additionalProperties", ref("Dictionary")),
		"ByAnyOf", M("anyOf", []any{node("inner", ref("ByAnyOf")).With("required", []any{"inner"}), M("type", "string")}),
		"ByOneOf", M("oneOf", []any{node("inner", ref("ByOneOf")).With("required", []any{"inner"}), M("type", "integer")}),
		"ByAllOf", M("allOf", []any{node("inner", ref("ByAllOf")), M("required", []any{"id"}), node("id", M("type", "string"))}),
		"Left", node("right", ref("Right")).With("required", []any{"right"}),
		"Right", node("left", ref("Left")),
		"Json", M("anyOf", []any{
			M("type", "string"), M("type", "number"), M("type", "boolean"), M("type", "array", "items", ref("Json")),
			M("type", "object", "additionalProperties", ref("Json")),
		}),
		"Optional", node("self", M("allOf", []any{ref("Optional")})),
		"NotItself", node("self", M("not", ref("NotItself"))),
		"ThreeA", node("b", ref("ThreeB")), "ThreeB", node("c", ref("ThreeC")), "ThreeC", node("a", M("type", "array", "items", ref("ThreeA"))),
		"Wide", wide(12),
		"Endless", node("next", ref("Endless")).With("required", []any{"next"}),
		"EndlessItems", M("type", "array", "minItems", 1, "items", ref("EndlessItems")),
		"EndlessPair", node("other", ref("EndlessOther")).With("required", []any{"other"}),
		"EndlessOther", M("allOf", []any{node("pair", ref("EndlessPair")), M("required", []any{"pair"})}),
		"EndlessAny", M("anyOf", []any{ref("Endless"), ref("EndlessItems")}),
	)
	var all []shape
	for name := range pairs(c) {
		all = append(all, shape{name, strings.HasPrefix(name, "Endless"), ref(name)})
	}
	all = append(all,
		shape{"list-of-nodes", false, M("type", "array", "minItems", 3, "items", ref("Node"))},
		shape{"list-that-may-be-empty", false, M("type", "array", "items", ref("Endless"))},
		shape{"endless-if-present", false, node("a", ref("Endless"))},
		shape{"endless-or-not", false, M("oneOf", []any{ref("Endless"), M("type", "string", "enum", []any{"end"})})},
	)
	if v == V31 {
		all = append(all,
			shape{"ref-with-siblings", false, ref("Node").With("required", []any{"value"})},
			shape{"defs", false, M("$defs", M("N", node("n", M("type", "integer"))), "allOf", []any{ref("Node")})},
		)
	}
	return shapes(v, "recursion", "Schemas that refer to themselves", all, c)
}

// wide is an object whose n properties are all of the component Wide.
func wide(n int) Map {
	properties := Map{}
	for i := range n {
		properties = append(properties, Pair{"p" + itoa(i), ref("Wide")})
	}
	return M("type", "object", "properties", properties)
}

// Composition returns a document of allOf, oneOf, anyOf and not, with diamonds,
// conflicts and discriminators.
func Composition(v Version) Document {
	base := M("type", "object", "required", []any{"id", "kind"}, "properties", M("id", M("type", "integer"), "kind", M("type", "string")))
	pet := func(kind string, more Map) Map {
		return M("allOf", []any{ref("Pet"), M("type", "object", "required", []any{kind}, "properties", M(kind, more))})
	}
	c := M(
		"Base", base,
		"Mid1", M("allOf", []any{ref("Base"), M("properties", M("a", text(5)), "required", []any{"a"})}),
		"Mid2", M("allOf", []any{ref("Base"), M("properties", M("b", M("type", "integer")), "required", []any{"b"})}),
		"Diamond", M("allOf", []any{ref("Mid1"), ref("Mid2"), M("properties", M("c", M("type", "boolean")))}),
		"Pet", M("type", "object", "required", []any{"petType"}, "properties", M("petType", M("type", "string")),
			"discriminator", M("propertyName", "petType", "mapping", M("feline", "#/components/schemas/Cat", "dog", "Dog"))),
		"Cat", pet("claws", M("type", "integer")), "Dog", pet("bark", M("type", "string")), "Bird", pet("wings", M("type", "boolean")),
		"Circle", M("type", "object", "required", []any{"shape", "r"}, "properties", M("shape", enum("circle"), "r", M("type", "number", "minimum", 0))),
		"Square", M("type", "object", "required", []any{"shape", "a"}, "properties", M("shape", enum("square"), "a", M("type", "number", "minimum", 0))),
	)
	all := []shape{
		{"diamond", false, ref("Diamond")},
		{"mapped", false, M("oneOf", []any{ref("Cat"), ref("Dog"), ref("Bird")}, "discriminator", M("propertyName", "petType", "mapping", M("feline", "#/components/schemas/Cat", "dog", "Dog", "bird", "#/components/schemas/Bird")))},
		{"unmapped", false, M("oneOf", []any{ref("Cat"), ref("Dog")}, "discriminator", M("propertyName", "petType"))},
		{"discriminated-by-enum", false, M("oneOf", []any{ref("Circle"), ref("Square")}, "discriminator", M("propertyName", "shape", "mapping", M("circle", "#/components/schemas/Circle", "square", "#/components/schemas/Square")))},
		{"one-of-without-discriminator", false, M("oneOf", []any{ref("Circle"), ref("Square")})},
		{"any-of-discriminated", false, M("anyOf", []any{ref("Cat"), ref("Dog")}, "discriminator", M("propertyName", "petType"))},
		{"one-of-where-the-first-is-in-the-second", false, M("oneOf", []any{M("type", "integer", "minimum", 10), M("type", "integer")})},
		{"one-of-equal", true, M("oneOf", []any{M("type", "string"), M("type", "string")})},
		{"one-of-optional-objects", false, M("oneOf", []any{
			M("type", "object", "properties", M("a", M("type", "string"))), M("type", "object", "properties", M("a", M("type", "integer"))),
		})},
		{"one-of-required", false, M("type", "object", "properties", M("a", text(3), "b", text(3)), "oneOf", []any{M("required", []any{"a"}), M("required", []any{"b"})})},
		{"any-of-required", false, M("type", "object", "properties", M("a", text(3), "b", text(3)), "anyOf", []any{M("required", []any{"a"}), M("required", []any{"b"})})},
		{"conflicting-types", true, M("allOf", []any{M("type", "string"), M("type", "integer")})},
		{"conflicting-bounds", true, M("allOf", []any{M("type", "integer", "minimum", 5), M("maximum", 4)})},
		{"conflicting-enums", true, M("allOf", []any{enum("a", "b"), enum("c")})},
		{"meeting-enums", false, M("allOf", []any{enum("a", "b", "c"), enum("c", "d"), enum("b", "c")})},
		{"meeting-bounds", false, M("allOf", []any{M("type", "number", "minimum", 5), M("maximum", 5)})},
		{"meeting-patterns", false, M("allOf", []any{M("type", "string", "pattern", "^a"), M("pattern", "z$"), M("minLength", 5, "maxLength", 5)})},
		{"narrowed-property", false, M("allOf", []any{ref("Base"), M("properties", M("kind", enum("x"), "id", M("minimum", 7, "maximum", 8)))})},
		{"closed-by-one-half", true, M("allOf", []any{M("type", "object", "additionalProperties", false, "properties", M("a", text(2))), M("required", []any{"b"})})},
		{"closed-by-one-half-optional", false, M("allOf", []any{M("type", "object", "additionalProperties", false, "properties", M("a", text(2))), M("properties", M("b", text(2)))})},
		{"required-but-nowhere", false, M("type", "object", "required", []any{"ghost"})},
		{"not-anything", true, M("not", Map{})},
		{"not-not", false, M("not", M("not", M("type", "integer")))},
		{"not-required", false, M("type", "object", "properties", M("a", text(3), "b", text(3)), "not", M("required", []any{"a"}))},
		{"not-an-object", false, M("not", M("anyOf", []any{M("type", "object"), M("type", "array"), M("type", "string")}))},
		{"not-in-range", false, M("type", "integer", "minimum", 0, "maximum", 10, "not", M("minimum", 1))},
		{"all-of-one-of", false, M("allOf", []any{M("oneOf", []any{text(3), integer()}), M("oneOf", []any{integer(), M("type", "boolean")})})},
		{"all-of-any-of", false, M("allOf", []any{M("anyOf", []any{M("minimum", 10), M("maximum", 2)}), M("type", "integer", "minimum", 2, "maximum", 9)})},
		{"deep-all-of", false, nested(10, "allOf")},
		{"deep-any-of", false, nested(10, "anyOf")},
		{"deep-one-of", false, nested(10, "oneOf")},
		{"many-one-of", false, manyOneOf(200)},
		{"empty-schema", false, Map{}},
		{"all-of-empty", false, M("allOf", []any{Map{}, Map{}})},
	}
	if v == V31 {
		all = append(all,
			shape{"true", false, true}, shape{"false", true, false},
			shape{"false-item", false, M("type", "array", "items", false)},
			shape{"false-property", false, M("type", "object", "properties", M("a", false, "b", true))},
			shape{"false-property-required", true, M("type", "object", "required", []any{"a"}, "properties", M("a", false))},
			shape{"unevaluated", false, M("allOf", []any{M("properties", M("a", text(2)))}, "type", "object", "properties", M("b", text(2)), "unevaluatedProperties", false, "required", []any{"a", "b"})},
			shape{"if-const", false, M("type", "object", "required", []any{"kind", "value"}, "properties", M("kind", enum("n", "s"), "value", Map{}),
				"if", M("properties", M("kind", M("const", "n"))), "then", M("properties", M("value", M("type", "integer"))), "else", M("properties", M("value", M("type", "string"))))},
			shape{"const-object", false, M("const", M("a", []any{1, "x", nil}))},
			shape{"const-null", false, M("const", nil)},
			shape{"type-null", false, M("type", "null")},
			shape{"dependent", false, M("type", "object", "required", []any{"card"}, "properties", M("card", text(4), "code", text(3)), "dependentRequired", M("card", []any{"code"}))},
			shape{"tuple", false, M("type", "array", "prefixItems", []any{text(3), integer(), M("type", "boolean")}, "items", false, "minItems", 3)},
			shape{"tuple-too-short", true, M("type", "array", "prefixItems", []any{text(3)}, "items", false, "minItems", 2)},
			shape{"contains-among-strings", true, M("type", "array", "items", M("type", "string"), "contains", M("type", "integer"))},
			shape{"pattern-properties", false, M("type", "object", "patternProperties", M("^n_", M("type", "integer"), "^s_", M("type", "string")), "additionalProperties", false, "minProperties", 2)},
			shape{"property-names", false, M("type", "object", "propertyNames", M("pattern", "^[a-z]{3}$"), "minProperties", 3, "additionalProperties", integer())},
			shape{"property-names-enum", false, M("type", "object", "propertyNames", M("enum", []any{"x", "y"}), "minProperties", 2)},
			shape{"property-names-too-few", true, M("type", "object", "propertyNames", M("enum", []any{"x", "y"}), "minProperties", 3)},
		)
	}
	return shapes(v, "composition", "Schemas that are made of others", all, c)
}

// nested is a schema of a keyword within itself, n deep.
func nested(n int, keyword string) Map {
	s := M("type", "object", "required", []any{"end"}, "properties", M("end", integer()))
	for range n {
		s = M(keyword, []any{s})
	}
	return s
}

func manyOneOf(n int) Map {
	var of []any
	for i := range n {
		of = append(of, M("type", "object", "required", []any{"kind"}, "properties", M("kind", enum("k"+itoa(i)), "v", integer())))
	}
	return M("oneOf", of)
}
