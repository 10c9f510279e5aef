package compare

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/vismanet-go/background/openapi"
)

// A contract is what the answers are held against. It is read here, and not by a
// library for OpenAPI: types and names are all that is needed, and every start of
// erpmock would pay for the library.
type contract struct{ foreground, background *document }

// loadContract reads the contract once; nobody changes it.
var loadContract = sync.OnceValues(func() (*contract, error) {
	foreground, err := readDocument(openapi.ERPYAML())
	if err != nil {
		return nil, err
	}
	background, err := readDocument(openapi.BackgroundYAML())
	return &contract{foreground, background}, err
})

// A document is one in OpenAPI.
type document struct {
	root map[string]any

	mu      sync.Mutex         // guards schemas
	schemas map[string]*schema // by reference, those under way too
}

func readDocument(source []byte) (*document, error) {
	d := &document{schemas: make(map[string]*schema)}
	if err := yaml.Unmarshal(source, &d.root); err != nil {
		return nil, fmt.Errorf("the contract: %w", err)
	}
	return d, nil
}

// A schema is what the contract has for a value.
type schema struct {
	kind       string // its type; empty: any
	nullable   bool
	required   []any
	properties map[string]*schema
	items      *schema
}

// response is what the contract has for an answer to a GET, and whether it has that
// status at all. The schema is nil if there is none.
func response(d *document, path string, status int) (s *schema, declared bool) {
	answer, declared := d.find(d.root, "paths", path, "get", "responses", strconv.Itoa(status))
	if !declared {
		return nil, false
	}
	body, ok := d.find(answer, "content", "application/json", "schema")
	if !ok {
		return nil, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.schema(body), true
}

// find goes down by names, through references.
func (d *document) find(v any, names ...string) (any, bool) {
	for _, name := range names {
		object, ok := d.resolve(v).(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// resolve is what a reference within the document means.
func (d *document) resolve(v any) any {
	ref := refOf(v)
	if ref == "" {
		return v
	}
	found, _ := d.find(d.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	return found
}

func refOf(v any) string {
	object, _ := v.(map[string]any)
	ref, _ := object["$ref"].(string)
	return ref
}

// schema reads a schema. It needs d.mu.
func (d *document) schema(v any) *schema {
	ref := refOf(v)
	if known := d.schemas[ref]; ref != "" && known != nil {
		return known
	}
	s := &schema{properties: make(map[string]*schema)}
	if ref != "" {
		d.schemas[ref] = s // before what is in it, which may refer to it
	}
	object, _ := d.resolve(v).(map[string]any)
	s.kind, _ = object["type"].(string)
	s.nullable, _ = object["nullable"].(bool)
	s.required, _ = object["required"].([]any)
	if properties, ok := object["properties"].(map[string]any); ok {
		for name, property := range properties {
			s.properties[name] = d.schema(property)
		}
	}
	if items, ok := object["items"]; ok {
		s.items = d.schema(items)
	}
	if parts, ok := object["allOf"].([]any); ok {
		for _, part := range parts {
			s.merge(d.schema(part))
		}
	}
	return s
}

// merge adds what another schema demands as well.
func (s *schema) merge(part *schema) {
	if s.kind == "" {
		s.kind = part.kind
	}
	s.required = append(s.required, part.required...)
	for name, property := range part.properties {
		s.properties[name] = property
	}
}
