package gendoc

// Large returns documents that are large in one way each: many operations, deep
// schemas, a schema with very many properties, a long enum, a dense graph of
// references, alternatives of alternatives. Some take other programs 2ⁿ steps.
func Large(v Version) []Document {
	return []Document{
		{Name: "operations-" + string(v), JSON: encode(manyOperations(v, 5000))},
		{Name: "deep-" + string(v), JSON: encode(document(v, "Deep", M("/deep", get("deep", deepObject(200)), "/arrays", get("arrays", deepArray(200))), nil))},
		{Name: "alternatives-" + string(v), Exponential: true, JSON: encode(document(v, "Alternatives", M("/all", get("all", nested(60, "allOf")), "/any", get("any", nested(60, "anyOf")), "/one", get("one", nested(60, "oneOf"))), nil))},
		{Name: "properties-" + string(v), JSON: encode(document(v, "Properties", M("/properties", get("p", manyRequired(10_000))), nil))},
		{Name: "enum-" + string(v), JSON: encode(document(v, "Enum", M("/enum", get("e", longEnum(50_000))), nil))},
		{Name: "dense-" + string(v), JSON: encode(document(v, "Dense", M("/dense", get("d", ref("S0"))), M("schemas", dense(60))))},
		{Name: "doubling-" + string(v), Exponential: true, JSON: encode(document(v, "Doubling", M("/doubling", get("d", ref("D0"))), M("schemas", doubling(40))))},
		{Name: "mentions-" + string(v), Exponential: true, JSON: encode(document(v, "Mentions", M("/mentions", get("m", ref("A0"))), M("schemas", doublingAllOf(30))))},
	}
}

func manyOperations(v Version, n int) Map {
	var paths, schemas Map
	for i := range n / 2 {
		name := "Thing" + itoa(i)
		schemas = append(schemas, Pair{name, M("type", "object", "required", []any{"id"}, "properties", M("id", integer(), "name", text(30), "next", ref("Thing"+itoa((i+1)%(n/2)))))})
		o := get("read"+itoa(i), ref(name))[0].Value
		paths = append(paths, Pair{"/things" + itoa(i) + "/{id}", M("parameters", []any{parameter("path", "id", integer())}, "get", o, "delete", M("operationId", "delete"+itoa(i), "responses", M("204", M("description", "Gone."))))})
	}
	return document(v, "Many operations", paths, M("schemas", schemas))
}

func deepObject(n int) Map {
	s := integer()
	for range n {
		s = M("type", "object", "required", []any{"o"}, "properties", M("o", s))
	}
	return s
}

func deepArray(n int) Map {
	s := integer()
	for range n {
		s = M("type", "array", "minItems", 1, "items", s)
	}
	return s
}

func longEnum(n int) Map {
	words := make([]any, n)
	for i := range words {
		words[i] = "word" + itoa(i)
	}
	return M("type", "string", "enum", words)
}

// dense has n schemas, each of which may have every other one.
func dense(n int) (schemas Map) {
	for i := range n {
		properties := Map{}
		for j := range n {
			properties = append(properties, Pair{"p" + itoa(j), ref("S" + itoa(j))})
		}
		schemas = append(schemas, Pair{"S" + itoa(i), M("type", "object", "properties", properties)})
	}
	return schemas
}

// doubling has n schemas, each of which has the next one twice: a full value has
// 2ⁿ parts.
func doubling(n int) (schemas Map) {
	for i := range n {
		next := ref("D" + itoa(i+1))
		if i == n-1 {
			next = integer()
		}
		schemas = append(schemas, Pair{"D" + itoa(i), M("type", "object", "properties", M("a", next, "b", next))})
	}
	return schemas
}

// doublingAllOf has n schemas, each of which is the next one twice.
func doublingAllOf(n int) (schemas Map) {
	for i := range n {
		next := ref("A" + itoa(i+1))
		if i == n-1 {
			next = M("type", "object", "required", []any{"x"}, "properties", M("x", integer()))
		}
		schemas = append(schemas, Pair{"A" + itoa(i), M("allOf", []any{next, next})})
	}
	return schemas
}
