// Package gendoc makes OpenAPI documents to try readers, generators and mocks
// on: one of the size and the shape of an ERP's, and many that are nasty. The
// same arguments always give the same bytes.
//
// Tests and benchmarks use it; nothing that is released does.
package gendoc

import "strconv"

// A Version is the version of OpenAPI that a document is written in.
type Version string

// The two versions differ in how they say null, exclusive bounds, examples and
// constants.
const (
	V30 Version = "3.0.3"
	V31 Version = "3.1.0"
)

// A Document is a generated OpenAPI document.
type Document struct {
	// Name is unique among those of one function, and fit for a file name.
	Name string
	// JSON is the document's text.
	JSON []byte
	// Broken is empty for a document that can be read. Otherwise it is a word
	// that an error about this document must have.
	Broken string
	// Exponential tells that some readers and validators take 2ⁿ steps for it.
	Exponential bool
}

// document returns a document with its frame: info, and the paths and
// components that are given.
func document(v Version, title string, paths, components Map) Map {
	d := Map{
		{"openapi", string(v)},
		{"info", M("title", title, "version", "1.0.0", "license", M("name", "none", "url", "https://example.com/licence"))},
		{"servers", []any{M("url", "https://erp.example.com")}},
		{"security", []any{}},
		{"paths", paths},
	}
	if len(components) > 0 {
		d = append(d, Pair{"components", components})
	}
	return d
}

// ref is a reference to a schema of the components.
func ref(name string) Map { return M("$ref", "#/components/schemas/"+pointerToken(name)) }

// answers is an operation's responses: one answer of JSON with this schema.
func answers(schema any) Map {
	return M("200", M("description", "The answer.", "content", M("application/json", M("schema", schema))))
}

// get is a path item with a GET that answers with the schema.
func get(id string, schema any) Map {
	return M("get", M("operationId", id, "summary", "Reads "+id, "responses", answers(schema)))
}

func itoa(n int) string { return strconv.Itoa(n) }
