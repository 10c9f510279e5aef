package documents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// A declaration is a document as plain values, read without the project's code.
type declaration struct {
	name string
	text []byte // as it is
	json []byte // the same, as JSON
	root map[string]any
	v31  bool
}

// An answer is one that a document declares: an operation's, for a status and a
// media type.
type answer struct {
	path, method string
	status       string // "200", "4XX" or "default"
	media        string // "" for an answer without content
	pointer      string // of the media type, or of the answer without content
	schema       string // the pointer of its schema, "" without one
	examples     []any  // of the media type and of the schema
}

func (a answer) String() string {
	return strings.TrimSpace(strings.ToUpper(a.method) + " " + a.path + " " + a.status + " " + a.media)
}

func declare(name string, text []byte) (*declaration, error) {
	d := &declaration{name: name, text: text, json: bytes.TrimPrefix(text, []byte("\ufeff"))}
	if !json.Valid(d.json) {
		var err error
		if d.json, err = yaml.YAMLToJSON(d.json); err != nil {
			return nil, err
		}
	}
	var err error
	if d.root, err = parse[map[string]any](d.json); err != nil {
		return nil, err
	}
	version, _ := d.root["openapi"].(string)
	if !strings.HasPrefix(version, "3.") {
		return nil, fmt.Errorf("openapi: %q", version)
	}
	d.v31 = !strings.HasPrefix(version, "3.0")
	return d, nil
}

// parse reads JSON with its numbers as they are written.
func parse[T any](data []byte) (v T, err error) {
	r := json.NewDecoder(bytes.NewReader(data))
	r.UseNumber()
	err = r.Decode(&v)
	return v, err
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// An operation is one that a document declares.
type operation struct {
	path, method, pointer string
	node                  map[string]any
}

// operations returns all, in an order that is always the same.
func (d *declaration) operations() (all []operation) {
	paths, _ := d.root["paths"].(map[string]any)
	for _, path := range sorted(paths) {
		if strings.HasPrefix(path, "x-") {
			continue
		}
		item, at := d.deref(paths[path], "/paths/"+token(path))
		for _, method := range methods {
			if node, ok := item[method].(map[string]any); ok {
				all = append(all, operation{path, method, at + "/" + method, node})
			}
		}
	}
	return all
}

// answers returns all that the document declares.
func (d *declaration) answers() (all []answer) {
	for _, o := range d.operations() {
		responses, _ := o.node["responses"].(map[string]any)
		for _, status := range sorted(responses) {
			if strings.HasPrefix(status, "x-") {
				continue
			}
			response, rat := d.deref(responses[status], o.pointer+"/responses/"+token(status))
			content, _ := response["content"].(map[string]any)
			if len(content) == 0 {
				all = append(all, answer{path: o.path, method: o.method, status: status, pointer: rat})
			}
			for _, media := range sorted(content) {
				m, mat := d.deref(content[media], rat+"/content/"+token(media))
				a := answer{path: o.path, method: o.method, status: status, media: media, pointer: mat, examples: d.examples(m)}
				if schema, ok := m["schema"]; ok {
					a.schema = mat + "/schema"
					a.examples = append(a.examples, d.schemaExamples(schema)...)
				}
				all = append(all, a)
			}
		}
	}
	return all
}

func (d *declaration) examples(media map[string]any) (all []any) {
	if e, ok := media["example"]; ok {
		all = append(all, e)
	}
	named, _ := media["examples"].(map[string]any)
	for _, name := range sorted(named) {
		e, _ := d.deref(named[name], "")
		if v, ok := e["value"]; ok {
			all = append(all, v)
		}
	}
	return all
}

func (d *declaration) schemaExamples(schema any) (all []any) {
	s, _ := d.deref(schema, "")
	if e, ok := s["example"]; ok {
		all = append(all, e)
	}
	if list, ok := s["examples"].([]any); ok {
		all = append(all, list...)
	}
	return all
}

// deref follows references within the document, some of them at most.
func (d *declaration) deref(v any, at string) (map[string]any, string) {
	m, _ := v.(map[string]any)
	for range 50 {
		ref, ok := m["$ref"].(string)
		if !ok {
			break
		}
		pointer, ok := strings.CutPrefix(ref, "#")
		if !ok {
			return nil, at
		}
		m, _ = d.at(pointer).(map[string]any)
		at = pointer
	}
	return m, at
}

func (d *declaration) at(pointer string) any {
	v := any(d.root)
	for _, step := range strings.Split(pointer, "/")[1:] {
		if plain, err := url.PathUnescape(step); err == nil {
			step = plain
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func token(name string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// isExample reports whether a value is one of the declared ones, whatever the form
// of its numbers.
func (a answer) isExample(v any) bool {
	return slices.ContainsFunc(a.examples, func(e any) bool { return same(e, v) })
}

func same(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
