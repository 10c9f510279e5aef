package spec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/spec"
)

// checker validates examples with formats, the GUIDs included, which loading a
// document does not do; and counts them, so that a walk which finds nothing
// does not pass.
type checker struct {
	t     *testing.T
	count int
}

func (c *checker) example(at string, schema *openapi3.SchemaRef, value any) {
	c.t.Helper()
	c.count++
	payload, err := json.Marshal(value)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := spec.Validate(schema.Value, payload); err != nil {
		c.t.Errorf("%s: %v", at, err)
	}
}

func (c *checker) examples(at string, schema *openapi3.SchemaRef, single any, many openapi3.Examples) {
	c.t.Helper()
	if single == nil && len(many) == 0 {
		c.t.Errorf("%s: no example", at)
	}
	if single != nil {
		c.example(at, schema, single)
	}
	for name, example := range many {
		c.example(at+" example "+name, schema, example.Value.Value)
	}
}

func (c *checker) content(at string, content openapi3.Content) {
	c.t.Helper()
	for mediaType, media := range content {
		c.examples(at+" "+mediaType, media.Schema, media.Example, media.Examples)
	}
}

func (c *checker) responses(at string, responses *openapi3.Responses) {
	c.t.Helper()
	for status, response := range responses.Map() {
		c.content(at+" "+status, response.Value.Content)
		for name, header := range response.Value.Headers {
			c.examples(at+" "+status+" "+name, header.Value.Schema, header.Value.Example, header.Value.Examples)
		}
	}
}

func (c *checker) operation(at string, op *openapi3.Operation) {
	c.t.Helper()
	for _, p := range op.Parameters {
		c.examples(at+" "+p.Value.Name, p.Value.Schema, p.Value.Example, p.Value.Examples)
	}
	if op.RequestBody != nil {
		c.content(at+" body", op.RequestBody.Value.Content)
	}
	c.responses(at, op.Responses)
	for name, callback := range op.Callbacks {
		for url, item := range callback.Value.Map() {
			for method, op := range item.Operations() {
				c.operation(fmt.Sprintf("%s callback %s %s %s", at, name, method, url), op)
			}
		}
	}
}

func TestEverySchemaParameterHeaderAndBodyHasValidExamples(t *testing.T) {
	for name, doc := range map[string]*openapi3.T{"background": background(t), "erp": erp(t)} {
		c := &checker{t: t}
		for schema, ref := range doc.Components.Schemas {
			c.examples(name+" schema "+schema, ref, ref.Value.Example, nil)
		}
		for key, op := range operations(doc) {
			c.operation(name+" "+key, op)
			results, err := spec.Results(doc, op)
			if err != nil {
				t.Fatal(err)
			}
			if results != nil {
				c.responses(name+" "+key+" "+spec.ResultExtension, results)
			}
		}
		if c.count < 200 {
			t.Errorf("%s: only %d examples found", name, c.count)
		}
	}
}

func TestTheExampleCheckSeesABadGUID(t *testing.T) {
	schema := openapi3.NewUUIDSchema()
	for text, want := range map[string]bool{`"2f6f0a57"`: false, `"73ac0029-1e4f-0adc-07eb-318cd25ba4bf"`: true} {
		if err := spec.Validate(schema, []byte(text)); (err == nil) != want {
			t.Errorf("%s: got %v, want it valid: %v", text, err, want)
		}
	}
}

// references collects the $ref of a document, those within extensions too.
func references(node any, found map[string]int) {
	switch n := node.(type) {
	case map[string]any:
		if ref, ok := n["$ref"].(string); ok {
			found[ref]++
		}
		for _, child := range n {
			references(child, found)
		}
	case []any:
		for _, child := range n {
			references(child, found)
		}
	}
}

func TestEveryReferenceResolvesAndEveryComponentIsUsed(t *testing.T) {
	for name, source := range map[string][]byte{"background": openapi.BackgroundYAML(), "erp": openapi.ERPYAML()} {
		var doc map[string]any
		if err := yaml.Unmarshal(source, &doc); err != nil {
			t.Fatal(err)
		}
		found := map[string]int{}
		references(doc, found)
		if len(found) < 50 {
			t.Errorf("%s: only %d references found", name, len(found))
		}
		for ref := range found {
			var at any = doc
			for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				inner, _ := at.(map[string]any)
				at = inner[part]
			}
			if at == nil {
				t.Errorf("%s: %s leads nowhere", name, ref)
			}
		}
		for kind, group := range doc["components"].(map[string]any) {
			for component := range group.(map[string]any) {
				if kind != "securitySchemes" && found["#/components/"+kind+"/"+component] == 0 {
					t.Errorf("%s: components/%s/%s is never used", name, kind, component)
				}
			}
		}
	}
}
