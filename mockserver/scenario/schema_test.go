package scenario

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/profile"
)

// The schema is that of the Go types: what is in one is in the other.
func TestTheSchemaIsThatOfTheTypes(t *testing.T) {
	g := &generator{docs: make(map[string]string), defs: make(map[string]any)}
	for _, dir := range []string{".", "../fault", "../profile"} {
		g.read(t, dir)
	}
	root := g.object(reflect.TypeFor[Scenario]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "A scenario of erpmock"
	root["$defs"] = g.defs
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "schema.json", b.String())
}

// A generator makes a JSON Schema of Go types.
type generator struct {
	docs map[string]string // by type and field: "fault.Rule.Name"
	defs map[string]any
}

// read collects what is said of the fields of structures.
func (g *generator) read(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					text := f.Doc.Text()
					if text == "" {
						text = f.Comment.Text()
					}
					for _, n := range f.Names {
						g.docs[file.Name.Name+"."+spec.Name.Name+"."+n.Name] = oneLine(text)
					}
				}
			}
			return true
		})
	}
}

func oneLine(text string) string {
	text = regexp.MustCompile(`\[([\w.]+)\]`).ReplaceAllString(text, "$1")
	return strings.Join(strings.Fields(text), " ")
}

var (
	duration = map[string]any{"type": "string", "pattern": `^(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+$`}
	texts    = map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}
)

// of is the schema of a type.
func (g *generator) of(typ reflect.Type) map[string]any {
	switch typ {
	case reflect.TypeFor[time.Duration]():
		return duration
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[Profile]():
		return g.define("profile", g.profile)
	case reflect.TypeFor[Faults]():
		return map[string]any{"type": "array", "items": g.define("rule", g.rule)}
	case reflect.TypeFor[ExecTime]():
		return map[string]any{"anyOf": []any{duration, map[string]any{"type": "array", "items": duration, "minItems": 1}, g.object(typ)}}
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return g.of(typ.Elem())
	case reflect.Struct:
		return g.define(strings.ToLower(typ.Name()[:1])+typ.Name()[1:], func() map[string]any { return g.object(typ) })
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.of(typ.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.of(typ.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Interface:
		return map[string]any{}
	}
	panic("no schema for " + typ.String())
}

func (g *generator) define(name string, schema func() map[string]any) map[string]any {
	if _, known := g.defs[name]; !known {
		g.defs[name] = nil
		g.defs[name] = schema()
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (g *generator) object(typ reflect.Type) map[string]any {
	properties := make(map[string]any)
	var required []string
	var one []any
	for _, f := range fieldsOf(typ) {
		structure := typ
		for _, i := range f.index[:len(f.index)-1] {
			structure = structure.Field(i).Type
		}
		own := structure.Field(f.index[len(f.index)-1])
		schema := clone(g.of(own.Type))
		if f.enum != nil {
			schema["enum"] = f.enum
		}
		if doc := g.docs["scenario."+structure.Name()+"."+own.Name]; doc != "" {
			schema["description"] = doc
		}
		properties[f.name] = schema
		if f.required {
			required = append(required, f.name)
		}
		if f.group != "" {
			one = append(one, map[string]any{"required": []string{f.name}})
		}
	}
	object := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		object["required"] = required
	}
	if one != nil {
		object["oneOf"] = one
	}
	return object
}

func clone(m map[string]any) map[string]any {
	c := make(map[string]any, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// profile has the switches by the names of their fields.
func (g *generator) profile() map[string]any {
	properties := map[string]any{"base": map[string]any{"enum": profile.Names(), "description": "The profile whose switches the others are."}}
	add := func(typ reflect.Type, into map[string]any) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			schema := map[string]any{"type": "string"}
			switch f.Type.Kind() {
			case reflect.Bool:
				schema = map[string]any{"type": "boolean"}
			case reflect.Int:
				schema = map[string]any{"type": "integer", "minimum": 0}
			case reflect.Slice:
				schema = map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
			case reflect.Map:
				schema = clone(texts)
			case reflect.Int64:
				schema = clone(duration)
			}
			if f.Type == reflect.TypeFor[profile.PairRules]() {
				continue
			}
			schema["description"] = g.docs["profile."+typ.Name()+"."+f.Name]
			into[f.Name] = schema
		}
	}
	add(reflect.TypeFor[profile.Profile](), properties)
	pairs := make(map[string]any)
	add(reflect.TypeFor[profile.PairRules](), pairs)
	properties["Pairs"] = map[string]any{
		"type": "object", "properties": pairs, "additionalProperties": false, "description": g.docs["profile.Profile.Pairs"],
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

// rule is a rule of package fault: what it may do depends on where.
func (g *generator) rule() map[string]any {
	properties := g.camel(reflect.TypeFor[fault.Rule]())
	delete(properties, "match") // a function
	answers := []string{"auth", "token", "intake", "foreground", "state", "content"}
	properties["on"] = map[string]any{"enum": append(answers, "queue", "notification"), "description": g.docs["fault.Rule.On"]}
	properties["between"] = map[string]any{
		"type": "object", "properties": map[string]any{"from": duration, "to": duration}, "additionalProperties": false,
		"description": g.docs["fault.Rule.Between"],
	}
	properties["do"] = map[string]any{"type": "object", "description": g.docs["fault.Rule.Do"]}
	at := func(points []string, do reflect.Type) map[string]any {
		return map[string]any{"properties": map[string]any{
			"on": map[string]any{"enum": points},
			"do": map[string]any{"properties": g.camel(do), "additionalProperties": false},
		}}
	}
	return map[string]any{
		"type": "object", "properties": properties, "additionalProperties": false, "required": []string{"on", "do"},
		"oneOf": []any{
			at(answers, reflect.TypeFor[fault.Answer]()),
			at([]string{"queue"}, reflect.TypeFor[fault.Queue]()),
			at([]string{"notification"}, reflect.TypeFor[fault.Notify]()),
		},
	}
}

// camel has the fields of a structure of package fault by their names in JSON.
func (g *generator) camel(typ reflect.Type) map[string]any {
	properties := make(map[string]any)
	for i := range typ.NumField() {
		f := typ.Field(i)
		var schema map[string]any
		switch {
		case f.Type == reflect.TypeFor[time.Duration]():
			schema = clone(duration)
		case f.Type.String() == "http.Header":
			text := map[string]any{"type": "string"}
			schema = map[string]any{"type": "object", "additionalProperties": map[string]any{
				"anyOf": []any{text, map[string]any{"type": "array", "items": text}, map[string]any{"type": "null"}},
			}}
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String:
			schema = map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
		case f.Type.Kind() == reflect.Map:
			schema = map[string]any{"type": "object"}
		case f.Type.Kind() == reflect.Float64:
			schema = map[string]any{"type": "number", "minimum": 0, "maximum": 1}
		case f.Type.Kind() == reflect.Bool:
			schema = map[string]any{"type": "boolean"}
		case f.Type.Kind() == reflect.Int:
			schema = map[string]any{"type": "integer", "minimum": 0}
		default:
			schema = map[string]any{"type": "string"}
		}
		if doc := g.docs["fault."+typ.Name()+"."+f.Name]; doc != "" {
			schema["description"] = doc
		}
		properties[strings.ToLower(f.Name[:1])+f.Name[1:]] = schema
	}
	return properties
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// byCompiled is what the schema says of a file.
func validate(t *testing.T, schema *jsonschema.Schema, file []byte) error {
	t.Helper()
	data, err := yaml.YAMLToJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(v)
}

func TestTheSchemaTakesWhatIsBuiltIn(t *testing.T) {
	schema := compileSchema(t)
	for _, name := range Names() {
		source, _ := Source(name)
		if err := validate(t, schema, source); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is wrong with the form of a file is refused by both; what both take is a
// scenario.
func TestTheSchemaAndTheParserAgree(t *testing.T) {
	schema := compileSchema(t)
	data, err := os.ReadFile("testdata/forms.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range strings.Split(string(data), "\n---\n") {
		head, body, _ := strings.Cut(strings.TrimSpace(doc), "\n")
		verdict, name, _ := strings.Cut(strings.TrimPrefix(head, "# "), ": ")
		t.Run(name, func(t *testing.T) {
			_, parsed := Parse("form.yaml", []byte(body))
			valid := validate(t, schema, []byte(body))
			if want := verdict == "good"; (parsed == nil) != want || (valid == nil) != want {
				t.Errorf("%s: the parser says %v\nthe schema says %v", verdict, parsed, valid)
			}
		})
	}
}
