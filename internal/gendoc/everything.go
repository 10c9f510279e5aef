package gendoc

// Everything returns a document with every kind of part that OpenAPI has:
// parameters of all styles, bodies and answers of many media types, ranges of
// statuses, headers, callbacks, links, webhooks, servers with variables, security
// of all kinds, references to components of all kinds, and extensions everywhere.
func Everything(v Version) Document {
	x := func(m Map) Map { return append(m, Pair{"x-ours", M("a", []any{1, M("$ref", "#/not/a/reference")})}) }
	ok := M("description", "Done.")
	object := M("type", "object", "required", []any{"id"}, "properties", M("id", M("type", "integer"), "tags", M("type", "array", "items", text(5)), "inner", M("type", "object", "properties", M("z", text(3)))))
	paths := Map{}
	add := func(path string, item Map) { paths = append(paths, Pair{path, x(item)}) }

	var styled []any
	for _, s := range []struct {
		in      string
		styles  []string
		explode []bool
	}{
		{"query", []string{"form", "spaceDelimited", "pipeDelimited", "deepObject"}, []bool{true, false}},
		{"header", []string{"simple"}, []bool{true, false}},
		{"cookie", []string{"form"}, []bool{true, false}},
	} {
		for _, style := range s.styles {
			for _, explode := range s.explode {
				for _, kind := range []string{"array", "object", "string"} {
					if style == "deepObject" && kind != "object" || kind == "object" && style != "deepObject" && style != "form" && style != "simple" || kind == "string" && style != "form" && style != "simple" {
						continue
					}
					schema := M("type", kind)
					switch kind {
					case "array":
						schema = schema.With("items", M("type", "integer"))
					case "object":
						schema = schema.With("properties", M("R", M("type", "integer"), "G", M("type", "integer")))
					}
					name := s.in + "-" + style + "-" + kind
					if explode {
						name += "-exploded"
					}
					styled = append(styled, x(M("name", name, "in", s.in, "style", style, "explode", explode, "schema", schema)))
				}
			}
		}
	}
	styled = append(styled, M("name", "asJson", "in", "query", "content", M("application/json", M("schema", object))),
		M("name", "reserved", "in", "query", "allowReserved", true, "allowEmptyValue", true, "schema", M("type", "string")),
		M("$ref", "#/components/parameters/Again"))
	add("/styles", M("parameters", []any{M("$ref", "#/components/parameters/Shared")}, "get", M("operationId", "styles", "summary", "Styles.", "parameters", styled, "responses", answers(object))))
	add("/styles/{m}/{l}/{s}", M("get", M("operationId", "pathStyles", "summary", "Styles of paths.", "parameters", []any{
		M("name", "m", "in", "path", "required", true, "style", "matrix", "explode", true, "schema", M("type", "array", "items", integer())),
		M("name", "l", "in", "path", "required", true, "style", "label", "schema", M("type", "object", "properties", M("a", integer()))),
		M("name", "s", "in", "path", "required", true, "style", "simple", "schema", M("type", "array", "items", integer())),
	}, "responses", answers(object))))

	content := Map{}
	for _, media := range []string{"application/json", "application/problem+json", "application/vnd.acme.v2+json", "application/json; charset=utf-8", "application/xml", "text/xml", "text/plain", "text/csv", "text/html", "application/octet-stream", "application/pdf", "image/png", "application/x-www-form-urlencoded", "multipart/form-data", "application/x-ndjson", "text/event-stream", "*/*", "application/*"} {
		schema := any(object)
		if media == "text/plain" || media == "text/csv" || media == "text/html" {
			schema = text(20)
		} else if media == "application/octet-stream" || media == "application/pdf" || media == "image/png" {
			schema = M("type", "string", "format", "binary")
		}
		content = append(content, Pair{media, x(M("schema", schema))})
	}
	add("/media", M("post", M("operationId", "media", "summary", "Media types.", "requestBody", x(M("required", true, "content", content)), "responses", M("200", x(M("description", "Any.", "content", content))))))
	add("/media/none", M("get", M("operationId", "noContent", "summary", "Nothing.", "responses", M("204", ok))))
	add("/media/no-schema", M("get", M("operationId", "noSchema", "summary", "No schema.", "responses", M("200", ok.With("content", M("application/json", Map{}))))))
	add("/media/multipart", M("post", M("operationId", "multipart", "summary", "Parts.", "requestBody", M("content", M("multipart/form-data", M("schema", M("type", "object", "properties", M("file", M("type", "string", "format", "binary"), "meta", object)), "encoding", M("meta", M("contentType", "application/json", "headers", M("X-Part", M("schema", text(5)))))))), "responses", M("201", ok.With("headers", M("Location", M("schema", M("type", "string", "format", "uri")), "X-Count", M("required", true, "schema", integer()), "X-List", M("schema", M("type", "array", "items", integer())), "Retry-After", M("schema", M("type", "integer"))))))))

	responses := M("default", M("$ref", "#/components/responses/Problem"), "2XX", ok.With("content", M("application/json", M("schema", object))), "4XX", M("$ref", "#/components/responses/Problem"), "404", ok, "418", ok, "503", ok)
	add("/statuses", M("get", M("operationId", "statuses", "summary", "Ranges.", "responses", x(responses))))
	add("/statuses/default-only", M("get", M("operationId", "defaultOnly", "summary", "Default.", "responses", M("default", ok.With("content", M("application/json", M("schema", object)))))))
	add("/statuses/errors-only", M("get", M("operationId", "errorsOnly", "summary", "Errors.", "responses", M("404", ok, "500", ok))))
	add("/statuses/redirect", M("get", M("operationId", "redirect", "summary", "Elsewhere.", "responses", M("302", ok.With("headers", M("Location", M("schema", M("type", "string", "format", "uri-reference"))))))))
	methods := Map{}
	for _, m := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
		op := M("operationId", "all_"+m, "summary", m, "deprecated", true, "responses", answers(object))
		methods = append(methods, Pair{m, op})
	}
	add("/methods", methods.With("summary", "All.", "description", "All methods.", "servers", []any{M("url", "https://other.example.com/base")}))
	add("/no-ids", M("get", M("summary", "No id.", "responses", answers(object)), "post", M("summary", "No id.", "responses", answers(object))))
	add("/callbacks", M("post", M("operationId", "callbacks", "summary", "Calls back.", "responses", M("202", ok), "callbacks", M(
		"onEvent", x(M("{$request.body#/callbackUrl}/{$request.query.x}", M("post", M("operationId", "onEvent", "summary", "Event.", "requestBody", M("content", M("application/json", M("schema", ref("Shared")))), "responses", M("204", ok))))),
		"shared", M("$ref", "#/components/callbacks/Shared")))))
	add("/links", M("get", M("operationId", "links", "summary", "Links.", "responses", M("200", ok.With("content", M("application/json", M("schema", object)), "links", M("next", M("operationId", "styles", "parameters", M("reserved", "$response.body#/id")), "shared", M("$ref", "#/components/links/Shared")))))))
	add("/security", M("get", M("operationId", "secured", "summary", "Secured.", "security", []any{M("key", []any{}), M("oauth", []any{"read"}), Map{}}, "responses", answers(object))))
	add("/refs", M("get", M("operationId", "refs", "summary", "References.", "parameters", []any{M("$ref", "#/components/parameters/Again")}, "responses", M("200", M("$ref", "#/components/responses/Again"), "404", M("$ref", "#/components/responses/Problem")))))
	add("/refs/body", M("post", M("operationId", "refsBody", "summary", "References.", "requestBody", M("$ref", "#/components/requestBodies/Again"), "responses", M("200", M("$ref", "#/components/responses/Again")))))
	add("/refs/into-paths", get("intoPaths", M("$ref", "#/paths/~1styles/get/responses/200/content/application~1json/schema")))
	add("/refs/into-properties", get("intoProperties", M("$ref", "#/components/schemas/Shared/properties/list/items")))
	add("/refs/chain", get("chain", ref("Chain1")))

	components := M(
		"schemas", M("Shared", x(M("type", "object", "properties", M("list", M("type", "array", "items", M("type", "string", "minLength", 2, "maxLength", 2))), "xml", M("name", "s", "prefix", "p", "namespace", "https://example.com/ns"), "externalDocs", M("url", "https://example.com"))),
			"Chain1", ref("Chain2"), "Chain2", ref("Chain3"), "Chain3", ref("Shared"), "With/slash~tilde %", M("type", "integer"), "Unused", M("type", "string")),
		"responses", M("Problem", x(M("description", "A problem.", "content", M("application/problem+json", M("schema", M("type", "object", "properties", M("title", text(20))))))),
			"Again", M("$ref", "#/components/responses/Fine"), "Fine", M("description", "Fine.", "content", M("application/json", M("schema", ref("With/slash~tilde %"), "examples", M("one", M("$ref", "#/components/examples/Again")))))),
		"parameters", M("Shared", x(parameter("query", "shared", text(5))), "Again", M("$ref", "#/components/parameters/Shared2"), "Shared2", parameter("query", "shared2", ref("Chain1"))),
		"examples", M("Again", M("$ref", "#/components/examples/Seven"), "Seven", x(M("value", 7))),
		"requestBodies", M("Again", M("$ref", "#/components/requestBodies/Fine"), "Fine", x(M("content", M("application/json", M("schema", ref("Chain1")))))),
		"headers", M("Again", M("$ref", "#/components/headers/Fine"), "Fine", x(M("schema", integer()))),
		"securitySchemes", M("key", x(M("type", "apiKey", "in", "header", "name", "X-Key")), "basic", M("type", "http", "scheme", "basic"), "bearer", M("type", "http", "scheme", "bearer", "bearerFormat", "JWT"),
			"oauth", M("type", "oauth2", "flows", M("clientCredentials", x(M("tokenUrl", "https://example.com/token", "scopes", M("read", "Reads."))))), "oidc", M("type", "openIdConnect", "openIdConnectUrl", "https://example.com/.well-known")),
		"links", M("Shared", x(M("operationRef", "#/paths/~1styles/get"))),
		"callbacks", M("Shared", M("https://example.com/hook?id={$request.body#/id}", x(M("post", M("operationId", "onShared", "summary", "Shared.", "responses", M("200", ok)))))),
	)
	d := document(v, "Everything", paths, components)
	if v == V31 {
		d = d.With("jsonSchemaDialect", "https://spec.openapis.org/oas/3.1/dialect/base", "webhooks", M("changed", M("post", M("operationId", "onChanged", "summary", "Changed.", "requestBody", M("content", M("application/json", M("schema", ref("Shared")))), "responses", M("200", ok)))))
	}
	d = d.With("servers", []any{
		x(M("url", "https://{tenant}.example.com:{port}/{base}/v1", "variables", M(
			"tenant", x(M("default", "acme")), "port", M("enum", []any{"443", "8443"}, "default", "443"), "base", M("default", "api")))),
		M("url", "/relative"),
	}, "tags", []any{x(M("name", "t", "description", "A tag.", "externalDocs", M("url", "https://example.com")))}, "externalDocs", M("url", "https://example.com"))
	return Document{Name: "everything-" + string(v), JSON: indented(x(d))}
}
