package vectors_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vismanet-go/background/openapi/vectors"
)

const schemaFile = "schema.json"

// file is what all files have.
type file struct {
	Schema  string `json:"$schema"`
	Version int
	Cases   []struct{ Name string }
}

// Each file has the shape that the schema gives it, names its part of the schema,
// and names each case once; the README tells of it.
func TestFilesAreAsTheirSchemaSays(t *testing.T) {
	compiler := compilerOf(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(vectors.FS(), "*.json")
	if err != nil || len(names) != 10 {
		t.Fatalf("got %q, %v, want 9 files and their schema", names, err)
	}
	for _, name := range names {
		if name == schemaFile {
			continue
		}
		data, err := fs.ReadFile(vectors.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		var f file
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		part := schemaFile + "#/$defs/" + strings.TrimSuffix(name, ".json")
		if f.Schema != part {
			t.Errorf("%s: $schema is %q, want %q", name, f.Schema, part)
		}
		if err := validate(t, compiler, part, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := make(map[string]bool)
		for _, c := range f.Cases {
			if seen[c.Name] {
				t.Errorf("%s: two cases are named %q", name, c.Name)
			}
			seen[c.Name] = true
		}
		if !bytes.Contains(readme, []byte("| ["+name+"]("+name+") |")) {
			t.Errorf("README.md: its table has no row of %s", name)
		}
	}
}

// The schema refuses what would make a case say nothing.
func TestTheSchemaRefusesCasesThatSayNothing(t *testing.T) {
	compiler := compilerOf(t)
	for name, tt := range map[string]struct{ part, text string }{
		"no sentence":            {"times", `{"name":"x","why":"a date","input":"2026-03-17","want":{"time":null}}`},
		"no input":               {"times", `{"name":"x","why":"A.","want":{"time":null}}`},
		"no want":                {"times", `{"name":"x","why":"A.","input":"2026-03-17"}`},
		"an unknown field":       {"times", `{"name":"x","why":"A.","input":"","want":{"time":null},"skip":true}`},
		"a time in another zone": {"times", `{"name":"x","why":"A.","input":"","want":{"time":"2026-03-17T00:00:00+01:00"}}`},
		"two inputs":             {"states", `{"name":"x","why":"A.","input":"","inputBase64":"","want":{"verdict":"unreadable"}}`},
		"an unknown verdict":     {"states", `{"name":"x","why":"A.","input":"","want":{"verdict":"done"}}`},
		"half a state":           {"states", `{"name":"x","why":"A.","input":"","want":{"verdict":"pending","status":"Started"}}`},
		"valid by no key":        {"signatures", `{"name":"x","why":"A.","input":{"keys":["k"],"signature":"","body":""},"want":{"valid":true}}`},
		"accepted without an id": {"answers", `{"name":"x","why":"A.","input":{"status":202,"body":""},"want":{"outcome":"accepted"}}`},
		"refused, and a header":  {"header-build", `{"name":"x","why":"A.","input":{"mode":"none"},"want":{"refused":true,"header":"none"}}`},
	} {
		part := schemaFile + "#/$defs/" + tt.part
		if err := validate(t, compiler, part, []byte(`{"$schema":"`+part+`","version":1,"cases":[`+tt.text+`]}`)); err == nil {
			t.Errorf("%s: the schema takes %s", name, tt.text)
		}
	}
}

func compilerOf(t *testing.T) *jsonschema.Compiler {
	t.Helper()
	data, err := fs.ReadFile(vectors.FS(), schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(schemaFile, doc); err != nil {
		t.Fatal(err)
	}
	return c
}

// validate holds a file against a part of the schema.
func validate(t *testing.T, c *jsonschema.Compiler, part string, file []byte) error {
	t.Helper()
	schema, err := c.Compile(part)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(doc)
}
