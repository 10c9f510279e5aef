package gendoc

// hostile are names that break who pastes them into code, paths, maps or
// terminals.
var hostile = []string{
	"__proto__", "constructor", "hasOwnProperty", "toString", "prototype", "$ref", "$id", "$schema", "default", "type", "func", "package", "class", "null", "true", "no", "on",
	"with space", " leading", "trailing ", `quo"te`, "back`tick", "single'quote", `back\slash`, "new\nline", "tab\tin", "nul\u0000in", "bell\u0007", "per%cent", "per%2Fcent", "a/b", "a~b", "a~1b",
	"a.b", "a#b", "a?b", "a&b=c", "a:b", "{braces}", "[brackets]", "<script>alert(1)</script>", "${jndi:x}", "{{template}}", "*/ comment", "// comment", "#hash", "-dash", "0digit", "123", "1e5", "2020-01-01",
	"é", "e\u0301", "日本語", "עברית", "😀", "\u202eright-to-left", "\u200b", "\ufeffbom", "İ", "ß", "Ａ", "a", "A", "_", "$", "-", ".", "..", "",
}

// Names returns a document in which schemas, properties, parameters, operations,
// tags, examples, headers and enum values have hostile names.
func Names(v Version) Document {
	properties, required, examples, words := Map{}, []any{}, Map{}, []any{}
	for i, n := range append(hostile, long(10_000)) {
		properties = properties.put(Pair{n, M("type", "integer", "minimum", i, "maximum", i)})
		required, words = append(required, n), append(words, n)
		if n != "" {
			examples = append(examples, Pair{n, M("value", i)})
		}
	}
	everything := M("type", "object", "required", required, "properties", properties)
	paths := M(
		"/properties", get("properties", everything),
		"/closed", get("closed", everything.With("additionalProperties", false)),
		"/words", get("words", M("type", "array", "uniqueItems", true, "minItems", len(words), "items", M("type", "string", "enum", words))),
		"/named-examples", M("get", M("operationId", "examples", "summary", "Many examples.", "responses", M("200", M("description", "The answer.",
			"content", M("application/json", M("schema", M("type", "integer"), "examples", examples)))))),
	)
	schemas := Map{}
	for i, n := range hostile {
		path := "/named/" + itoa(i)
		var parameters []any
		if n != "" {
			schemas = append(schemas, Pair{n, M("type", "object", "required", []any{n}, "properties", M(n, M("type", "integer")))})
			for _, in := range []string{"query", "header", "cookie"} {
				parameters = append(parameters, parameter(in, n, text(9)))
			}
		}
		item := get("n"+itoa(i), M("type", "array", "minItems", 1, "items", M("type", "object", "required", []any{n}, "properties", M(n, text(3)))))
		if n != "" {
			item = get("n"+itoa(i), ref(n))
		}
		op := item[0].Value.(Map).With("tags", []any{n}, "parameters", parameters, "summary", n, "description", n)
		if n != "" {
			op = op.With("operationId", n)
		}
		paths = append(paths, Pair{path, M("get", op)})
	}
	return Document{Name: "names-" + string(v), JSON: indented(document(v, "Names `\"'\n*/ </script>", paths, M("schemas", schemas)))}
}

// Templates returns a document of paths in all shapes: several parameters in a
// segment, verbs after a colon, dots, paths that differ in their concrete parts
// only, and characters that are escaped on the wire.
func Templates(v Version) Document {
	var paths Map
	for i, t := range []struct {
		path  string
		names []string
	}{
		{"/", nil},
		{"/a", nil},
		{"/a/", nil},
		{"/a/{x}", []string{"x"}},
		{"/a/mine", nil},
		{"/a/{x}/b", []string{"x"}},
		{"/a/{x}/{y}", []string{"x", "y"}},
		{"/a/mine/{y}", []string{"y"}},
		{"/a/{x}/c/{y}", []string{"x", "y"}},
		{"/b/{first}/{second}", []string{"first", "second"}},
		{"/b/{only}/c", []string{"only"}},
		{"/two/{a}.{b}", []string{"a", "b"}},
		{"/two/{a}-{b}-{c}", []string{"a", "b", "c"}},
		{"/two/({a},{b})", []string{"a", "b"}},
		{"/verb/{x}:cancel", []string{"x"}},
		{"/verb/{x}:undelete", []string{"x"}},
		{"/verb/{x}", []string{"x"}},
		{"/file/{name}.{ext}", []string{"name", "ext"}},
		{"/file/{name}.json", []string{"name"}},
		{"/odata/Products({id})", []string{"id"}},
		{"/odata/Products('{id}')/Default.Rate", []string{"id"}},
		{"/names/{with-dash}/{with_underscore}/{withÜmlaut}", []string{"with-dash", "with_underscore", "withÜmlaut"}},
		{"/names/{with space}", []string{"with space"}},
		{"/ünï/{x}", []string{"x"}},
		{"/escaped%20blank/{x}", []string{"x"}},
		{"/plus+and&or=/{x}", []string{"x"}},
		{"/Case/{x}", []string{"x"}},
		{"/case/{x}", []string{"x"}},
		{"/double//slash/{x}", []string{"x"}},
		{"/dots/../{x}", []string{"x"}},
		{"/star/*/{x}", []string{"x"}},
		{"/" + long(2000) + "/{x}", []string{"x"}},
		{"/deep" + deep(60), deepNames(60)},
	} {
		var parameters []any
		for _, n := range t.names {
			parameters = append(parameters, parameter("path", n, text(20)))
		}
		op := get("t"+itoa(i), M("type", "object", "required", []any{"path"}, "properties", M("path", M("type", "string", "enum", []any{t.path}))))
		paths = append(paths, Pair{t.path, M("get", op[0].Value.(Map).With("parameters", parameters))})
	}
	return Document{Name: "templates-" + string(v), JSON: indented(document(v, "Paths", paths, nil))}
}

func deep(n int) (path string) {
	for _, name := range deepNames(n) {
		path += "/{" + name + "}"
	}
	return path
}

func deepNames(n int) (names []string) {
	for i := range n {
		names = append(names, "d"+itoa(i))
	}
	return names
}
