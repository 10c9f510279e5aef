package documents

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A judge tells whether a value is what an answer's schema wants. A pattern that
// Go does not run is left to ajv.
type judge interface {
	// check returns errNoVerdict if it cannot tell.
	check(a answer, value any) error
}

var errNoVerdict = errors.New("no verdict")

// judgeOf returns the judge for the document's version: kin-openapi for 3.0, unless
// it does not read the document.
func judgeOf(d *declaration) judge {
	if !d.v31 {
		if k := newKin(d); k.err == nil {
			return k
		}
	}
	return newSchemas(d)
}

// nobody judges nothing.
type nobody struct{}

func (nobody) check(answer, any) error { return errNoVerdict }

// kin judges documents of 3.0 with kin-openapi.
type kin struct {
	doc *openapi3.T
	err error // why it does not load
}

func newKin(d *declaration) *kin {
	k := &kin{}
	k.doc, k.err = openapi3.NewLoader().LoadFromData(d.json)
	return k
}

func (k *kin) check(a answer, value any) error {
	schema := k.doc.Paths.Value(a.path).GetOperation(strings.ToUpper(a.method)).Responses.Value(a.status).Value.Content[a.media].Schema
	return schema.Value.VisitJSON(floats(value), openapi3.VisitAsResponse(), openapi3.EnableFormatValidation(),
		openapi3.SetSchemaRegexCompiler(func(p string) (openapi3.RegexMatcher, error) { return compilePattern(p), nil }),
		openapi3.WithStringFormatValidator("date", openapi3.NewCallbackValidator(isDate)),
		openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562)))
}

func isDate(text string) error {
	_, err := time.Parse(time.DateOnly, text)
	return err
}

// floats makes numbers what kin-openapi takes them for.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		return f
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = floats(v[i])
		}
		return out
	case map[string]any:
		out := maps.Clone(v)
		for k := range out {
			out[k] = floats(out[k])
		}
		return out
	}
	return v
}

// schemas judges documents of 3.1, and those of 3.0 in the form of 2020-12.
type schemas struct {
	compiler *jsonschema.Compiler
	err      error
}

func newSchemas(d *declaration) *schemas {
	s := &schemas{compiler: jsonschema.NewCompiler()}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.AssertFormat()
	s.compiler.UseRegexpEngine(func(p string) (jsonschema.Regexp, error) { return compilePattern(p), nil })
	s.compiler.UseLoader(jsonschema.SchemeURLLoader{})
	s.err = s.compiler.AddResource("https://document.example/", modern(d))
	return s
}

func (s *schemas) check(a answer, value any) error {
	if s.err != nil {
		return errNoVerdict
	}
	schema, err := s.compiler.Compile("https://document.example/#" + a.schema)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoVerdict, err)
	}
	return schema.Validate(value)
}

type pattern struct{ *regexp.Regexp }

// compilePattern returns a pattern that matches everything if Go does not run it.
func compilePattern(text string) pattern {
	re, err := regexp.Compile(text)
	if err != nil {
		re = regexp.MustCompile("")
	}
	return pattern{re}
}

// modern returns a document with its schemas as 2020-12 has them. Those of 3.1
// already are.
func modern(d *declaration) any {
	return modernPart(d, d.root, "")
}

// modernPart looks for schemas in the parts of a document.
func modernPart(d *declaration, v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			switch {
			case d.v31 && (key == "schemas" || k == "schema"):
				out[k] = item
			case key == "schemas" || k == "schema":
				out[k] = modernSchema(item)
			case k == "example" || k == "examples":
				// They may have what looks like the mark of a schema.
			case strings.HasPrefix(k, "x-") && k != "x-background-result":
				out[k] = item
			default:
				out[k] = modernPart(d, item, k)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = modernPart(d, v[i], "")
		}
		return out
	}
	return v
}

// modernSchema says a schema of 3.0 in the words of 2020-12, for answers.
func modernSchema(v any) any {
	s, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if ref, ok := s["$ref"].(string); ok {
		return map[string]any{"$ref": ref}
	}
	out := make(map[string]any, len(s))
	for k, item := range s {
		switch k {
		case "nullable", "example": // the first below
		case "$id", "id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "const", "examples", "if", "then", "else", "contains", "prefixItems", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties":
			// 3.0 does not know them.
		case "items", "not", "additionalProperties":
			out[k] = modernSchema(item)
		case "allOf", "oneOf", "anyOf":
			list, _ := item.([]any)
			all := make([]any, len(list))
			for i := range list {
				all[i] = modernSchema(list[i])
			}
			out[k] = all
		case "properties":
			named, _ := item.(map[string]any)
			all := make(map[string]any, len(named))
			for name, sub := range named {
				all[name] = modernSchema(sub)
			}
			out[k] = all
		default:
			out[k] = item
		}
	}
	for _, side := range []struct{ exclusive, bound string }{{"exclusiveMinimum", "minimum"}, {"exclusiveMaximum", "maximum"}} {
		if is, ok := out[side.exclusive].(bool); ok {
			delete(out, side.exclusive)
			if bound, ok := out[side.bound]; ok && is {
				delete(out, side.bound)
				out[side.exclusive] = bound
			}
		}
	}
	// What is only written need not be in an answer.
	if required, ok := out["required"].([]any); ok {
		properties, _ := s["properties"].(map[string]any)
		out["required"] = slices.DeleteFunc(slices.Clone(required), func(name any) bool {
			property, _ := properties[fmt.Sprint(name)].(map[string]any)
			return property["writeOnly"] == true
		})
	}
	if kind, ok := out["type"].(string); ok && s["nullable"] == true {
		out["type"] = []any{kind, "null"}
	}
	return out
}
