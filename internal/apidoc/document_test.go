package apidoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
)

const referring = `openapi: 3.0.3
paths:
  /a/{b}: {get: {x: 1}}
  '/a~b c%d': {get: {x: 2}}
components:
  schemas:
    A: {type: string}
    B: {$ref: '#/components/schemas/A'}
    C: {$ref: '#/components/schemas/D'}
    D: {$ref: '#/components/schemas/C'}
    Self: {$ref: '#/components/schemas/Self/properties/x'}
    E: {properties: {$ref: {type: integer}, f: {$ref: '#/components/schemas/F'}}}
    F: {properties: {g: {type: boolean}}}
    Far: {$ref: '#/components/schemas/E/properties/f/properties/g'}
    Named: {$id: 'https://example.com/named', $anchor: here, properties: {x: {type: number}}}
    List: {allOf: [{type: array}]}
    Wrong: {$ref: '#/components/%zz'}
`

func TestReferencesLeadToTheirValues(t *testing.T) {
	doc, err := apidoc.Open("d.yaml", []byte(referring), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ ref, want string }{
		{"#/components/schemas/A", `{"type":"string"}`},
		{"#/components/schemas/B", `{"$ref":"#/components/schemas/A"}`},
		{"#/paths/~1a~1%7Bb%7D/get", `{"x":1}`},
		{"#/paths/~1a~1{b}/get", `{"x":1}`},
		{"#/paths/~1a~0b%20c%25d/get", `{"x":2}`},
		{"#/components/schemas/E/properties/$ref", `{"type":"integer"}`},
		{"#/components/schemas/E/properties/f/properties/g", `{"type":"boolean"}`},
		{"#/components/schemas/List/allOf/0", `{"type":"array"}`},
		{"#here", `{"$id":"https://example.com/named","$anchor":"here","properties":{"x":{"type":"number"}}}`},
		{"https://example.com/named#/properties/x", `{"type":"number"}`},
	}
	for _, tt := range tests {
		n, err := doc.Resolve(tt.ref, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.ref, err)
			continue
		}
		if got := asJSON(t, n); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.ref, got, tt.want)
		}
	}
	for name, want := range map[string]string{"A": `{"type":"string"}`, "B": `{"type":"string"}`, "Far": `{"type":"boolean"}`} {
		n, err := doc.Deref(doc.Root.At("components", "schemas", name))
		if err != nil || asJSON(t, n) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	for name, want := range map[string]string{
		"C":     `leads back to itself`,
		"Self":  `leads back to itself`,
		"Wrong": `d.yaml:17:12: reference "#/components/%zz": invalid URL escape`,
	} {
		if _, err := doc.Deref(doc.Root.At("components", "schemas", name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
	for ref, want := range map[string]string{
		"#/components/schemas/Z":            `reference "#/components/schemas/Z" leads nowhere: there is no "Z"`,
		"#/components/schemas/List/allOf/1": `there is no "1"`,
		"#/components/schemas/List/allOf/x": `there is no "x"`,
		"#there":                            `nothing has the $anchor "there"`,
		"https://example.com/x.yaml":        `the network is never used`,
		"file:///etc/passwd":                `the network is never used`,
		"//host/x":                          `the network is never used`,
		"other.yaml#/a":                     `leads to another file; allow the folder`,
	} {
		if _, err := doc.Resolve(ref, doc.Root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", ref, err, want)
		}
	}
}

func TestFilesAreReadBelowTheFolderOnly(t *testing.T) {
	out := t.TempDir()
	dir := filepath.Join(out, "refs")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(out, "secret.yaml"), "a: 1")
	write(filepath.Join(dir, "one.yaml"), "a: {$ref: 'deep/two.json#/b'}\nself: {$ref: '#/a'}\nempty: 1")
	write(filepath.Join(dir, "deep", "two.json"), `{"b": {"$ref": "../one.yaml#/empty"}, "up": {"$ref": "../../secret.yaml"}}`)
	write(filepath.Join(dir, "api", "d.yaml"), "x: {$ref: '../one.yaml#/self'}\n")
	write(filepath.Join(dir, "broken.yaml"), "a: 1\na: 2\n")
	if err := os.Symlink(filepath.Join(out, "secret.yaml"), filepath.Join(dir, "link.yaml")); err != nil {
		t.Log("without links:", err)
		write(filepath.Join(dir, "link.yaml"), "a: [")
	}

	doc, err := apidoc.Open("-", []byte("x: {$ref: 'one.yaml#/self'}\n"), apidoc.Options{Refs: dir})
	if err != nil {
		t.Fatal(err)
	}
	n, err := doc.Deref(doc.Root.Get("x"))
	if err != nil || n.Text != "1" || n.Place() != filepath.Join(dir, "one.yaml")+":3:8" {
		t.Errorf("over three files: %v, %v", n.Place(), err)
	}
	for ref, want := range map[string]string{
		"deep/two.json#/up/a": "leads out of the folder",
		"../secret.yaml":      "leads out of the folder",
		"/etc/passwd":         "leads out of the folder",
		`..\secret.yaml`:      "leads out of the folder",
		"link.yaml#/a":        "link.yaml",
		"deep":                "cannot be followed",
		"none.yaml":           "cannot be followed",
		"broken.yaml":         `broken.yaml:2:1: key "a" is here twice`,
	} {
		if n, err := doc.Resolve(ref, doc.Root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, error %v, want one with %q", ref, n, err, want)
		}
	}

	own := filepath.Join(dir, "api", "d.yaml")
	data, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = apidoc.Open(own, data, apidoc.Options{Refs: dir}); err != nil {
		t.Fatal(err)
	}
	if n, err := doc.Deref(doc.Root.Get("x")); err != nil || n.Text != "1" {
		t.Errorf("from the document's own folder: %v", err)
	}
	if doc, err = apidoc.Open(own, data, apidoc.Options{Refs: dir, Limits: apidoc.Limits{Files: 1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := doc.Deref(doc.Root.Get("x")); err == nil || !strings.Contains(err.Error(), "the limit of 1 files") {
		t.Errorf("two files: error %v, want one of the limit", err)
	}
	if doc, err = apidoc.Open(own, data, apidoc.Options{Refs: dir, Limits: apidoc.Limits{Bytes: 50}}); err != nil {
		t.Fatal(err)
	}
	if _, err := doc.Deref(doc.Root.Get("x")); err == nil || !strings.Contains(err.Error(), "larger than the limit of 50 bytes") {
		t.Errorf("too many bytes: error %v, want one of the limit", err)
	}
	if _, err := apidoc.Open("-", data, apidoc.Options{Refs: own}); err == nil || !strings.Contains(err.Error(), "is no folder") {
		t.Errorf("a file as folder: %v", err)
	}
}

func TestVersionsAreTold(t *testing.T) {
	for text, want := range map[string]string{
		"openapi: 3.0.3": "3.0", "openapi: 3.0": "3.0", `{"openapi":"3.1.1"}`: "3.1",
		"swagger: '2.0'": "this is Swagger 2.0; want OpenAPI 3.0 or 3.1: convert it first", "swagger: 2.0": "Swagger 2.0",
		"openapi: 3.2.0": `openapi is "3.2.0"; want 3.0 or 3.1`, "openapi: [3]": "want 3.0 or 3.1", "a: 1": "there is no key openapi",
		"openapi: 3.01.1": "want 3.0 or 3.1",
	} {
		doc, err := apidoc.Open("d", []byte(text), apidoc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := doc.Version()
		if err != nil {
			got = apidoc.Version(err.Error())
		}
		if !strings.Contains(string(got), want) || err == nil && string(got) != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if _, err := apidoc.Open("d", []byte("[]"), apidoc.Options{}); err == nil || !strings.Contains(err.Error(), "the document is an array; want an object") {
		t.Errorf("a list: %v", err)
	}
}

// No reference makes Resolve or Deref panic or hang.
func FuzzResolve(f *testing.F) {
	f.Add("#/a", "#/b")
	f.Add("#/x/$ref", "#x")
	f.Add("a.yaml#/b/c", "#/b/b/b")
	f.Add("../a%2f..", "#/c/0/%7e1")
	f.Fuzz(func(t *testing.T, a, b string) {
		root := apidoc.NewObject()
		for key, ref := range map[string]string{"a": a, "b": b} {
			n := apidoc.NewObject()
			n.Set("$ref", apidoc.NewString(ref))
			root.Set(key, n)
		}
		var text strings.Builder
		if err := apidoc.WriteJSON(&text, root); err != nil {
			t.Fatal(err)
		}
		doc, err := apidoc.Open("f.json", []byte(text.String()), apidoc.Options{Refs: "testdata"})
		if err != nil {
			t.Skip(err)
		}
		for _, n := range doc.Root.Items {
			if to, err := doc.Deref(n); err == nil {
				if _, again := to.Ref(); again {
					t.Errorf("%q, %q: led to a reference", a, b)
				}
			}
		}
	})
}
