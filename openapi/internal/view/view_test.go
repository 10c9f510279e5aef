package view

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/openapi"
)

var update = flag.Bool("update", false, "write the golden files anew")

func open(t *testing.T, name string, data []byte, refs string) *apidoc.Document {
	t.Helper()
	doc, err := apidoc.Open(name, data, apidoc.Options{Refs: refs})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func inYAML(t *testing.T, doc *apidoc.Document) string {
	t.Helper()
	var b strings.Builder
	if err := apidoc.WriteYAML(&b, doc.Root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func inJSON(t *testing.T, doc *apidoc.Document) string {
	t.Helper()
	var b strings.Builder
	if err := apidoc.WriteJSON(&b, doc.Root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// loads fails the test unless kin-openapi takes the document.
func loads(t *testing.T, name, text string) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		t.Errorf("%s: kin-openapi: %v", name, err)
	}
}

// Each view of each document is compared with a golden file, is the same if it
// is made again, is the same in JSON and YAML, and loads. What is brought is of
// a contract that is small.
func TestViews(t *testing.T) {
	contractYAML = func() []byte { return read(t, "testdata/contract.yaml") }
	defer func() { contractYAML = openapi.BackgroundYAML }()
	everything := Options{Callbacks: InlineCallbacks, Mend: []string{All}}
	tests := []struct {
		name, file, refs string
		options          Options
		invalid          string // why the source does not load, and so no view
	}{
		{"erp", "erp.yaml", "", Options{}, `default "10" is no integer`},
		{"erp-mended", "erp.yaml", "", everything, ""},
		{"erp-only", "erp.yaml", "", Options{Only: []string{"post /V1/supplierinvoice/**", "POST /v1/supplierInvoice"}, Callbacks: NoCallbacks}, ""},
		{"plain31", "plain31.json", "", Options{}, ""},
		{"plain31-callbacks", "plain31.json", "", Options{Callbacks: InlineCallbacks}, ""},
		{"inside", "inside.yaml", "", Options{}, ""},
		{"inside-tag", "inside.yaml", "", Options{Tags: []string{"B"}}, ""},
		{"split", "split/api.yaml", "testdata/split", Options{Only: []string{"/v1/one"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join("testdata", tt.file)
			source := read(t, name)
			views := make(map[string]string)
			for word, make := range map[string]func(*apidoc.Document, Options) ([]Note, error){"background": Background, "foreground": Foreground} {
				doc := open(t, name, source, tt.refs)
				notes, err := make(doc, tt.options)
				if err != nil {
					t.Fatal(err)
				}
				text := inYAML(t, doc)
				views[word] = text
				golden := ""
				for _, note := range notes {
					golden += "# told: " + filepath.ToSlash(note.String()) + "\n"
				}
				compare(t, filepath.Join("testdata", tt.name+"."+word+".golden"), golden+text)
				if tt.invalid == "" {
					loads(t, word, text)
				}

				again := open(t, "view.yaml", []byte(text), "")
				options := tt.options
				options.Only, options.Tags = nil, nil
				if _, err := make(again, options); err != nil {
					t.Fatal(err)
				}
				if got := inYAML(t, again); got != text {
					t.Errorf("the %s view of it is another one:\n%s", word, firstDifference(got, text))
				}
				json := open(t, "view.json", []byte(inJSON(t, doc)), "")
				if !json.Root.Equal(doc.Root) {
					t.Errorf("the %s view in JSON is another one", word)
				}
			}

			back := open(t, "background.yaml", []byte(views["background"]), "")
			if _, err := Foreground(back, Options{}); err != nil {
				t.Fatal(err)
			}
			if tt.invalid == "" {
				loads(t, "the foreground of the background", inYAML(t, back))
			}
			fore := open(t, "foreground.yaml", []byte(views["foreground"]), "")
			compareOperations(t, back, fore)
		})
	}
}

// compareOperations checks that two documents have the same operations with the
// same answers, but for those that read queued calls, in any order.
func compareOperations(t *testing.T, got, want *apidoc.Document) {
	t.Helper()
	list := func(doc *apidoc.Document) []string {
		var all []string
		m := &maker{Document: doc}
		for _, o := range m.operations() {
			if o.reads() {
				continue
			}
			var statuses []string
			for i, status := range o.node.Get("responses").Keys {
				var b bytes.Buffer
				if err := apidoc.WriteJSON(&b, o.node.Get("responses").Items[i]); err != nil {
					t.Fatal(err)
				}
				statuses = append(statuses, status+" "+b.String())
			}
			slices.Sort(statuses)
			all = append(all, o.String()+" "+o.node.Get("operationId").Str()+"\n"+strings.Join(statuses, ""))
		}
		return all
	}
	if a, b := list(got), list(want); !slices.Equal(a, b) {
		t.Errorf("the foreground of the background has\n%s\nthe foreground has\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(read(t, golden)); got != want {
		t.Errorf("%s: run go test -update and look at the difference: %s", golden, firstDifference(got, want))
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "got\n" + strings.Join(a[i:min(i+5, len(a))], "\n") + "\nwant\n" + strings.Join(b[i:min(i+5, len(b))], "\n")
		}
	}
	return "one is longer than the other"
}

func TestOurOwnDocumentIsItsBackgroundView(t *testing.T) {
	doc := open(t, "background.yaml", openapi.BackgroundYAML(), "")
	notes, err := Background(doc, Options{})
	if err != nil || len(notes) > 0 {
		t.Fatalf("told %v, error %v; want neither", notes, err)
	}
	if got := inYAML(t, doc); got != string(openapi.BackgroundYAML()) {
		t.Errorf("it is another one: %s", firstDifference(got, string(openapi.BackgroundYAML())))
	}
}

func TestTheWholeContractIsBroughtToEveryDocument(t *testing.T) {
	for _, file := range []string{"erp.yaml", "plain31.json", "inside.yaml"} {
		name := filepath.Join("testdata", file)
		doc := open(t, name, read(t, name), "")
		if _, err := Background(doc, Options{Callbacks: InlineCallbacks, Mend: []string{All}}); err != nil {
			t.Fatal(err)
		}
		text := inYAML(t, doc)
		loads(t, file, text)
		again := open(t, "view.yaml", []byte(text), "")
		if _, err := Background(again, Options{Callbacks: InlineCallbacks, Mend: []string{All}}); err != nil {
			t.Fatal(err)
		}
		if got := inYAML(t, again); got != text {
			t.Errorf("%s: the view of the view is another one: %s", file, firstDifference(got, text))
		}
	}
}

func TestWhatCannotBeViewedIsRefused(t *testing.T) {
	const head = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"
	const get = head + "paths:\n  /v1/thing/{id}/part: {get: {tags: [a], responses: {'200': {description: d}}}}\n"
	tests := []struct {
		name, text string
		options    Options
		want       string
	}{
		{"Swagger", "swagger: '2.0'\npaths: {}\n", Options{}, "d.yaml:1:10: this is Swagger 2.0; want OpenAPI 3.0 or 3.1: convert it first"},
		{"no paths", head, Options{}, "there is no object paths"},
		{"no operation", head + "paths: {}\n", Options{}, "the document has no operation"},
		{"only in no form", get, Options{Only: []string{"thing"}}, `only "thing": want a path such as`},
		{"only with no method", get, Options{Only: []string{"FETCH /x"}}, `only "FETCH /x": FETCH is no method`},
		{"only without a match", get, Options{Only: []string{"/v1/things/*/part"}}, `only "/v1/things/*/part" selects none of the 1 operations; there are, among others, GET /v1/thing/{id}/part`},
		{"star and slash", get, Options{Only: []string{"/v1/*/part"}}, "selects none"},
		{"unknown tag", get, Options{Tags: []string{"b"}}, `tag "b": no operation has it`},
		{"unknown mend", get, Options{Mend: []string{"date"}}, `mend "date": there is none of that name; want one of dates,`},
		{"other file", head + "paths: {/a: {$ref: 'x.yaml'}}\n", Options{}, `d.yaml:3:13: reference "x.yaml" leads to another file; allow the folder`},
		{"network", get + "components: {schemas: {A: {$ref: 'https://example.com/a.yaml'}}}\n", Options{}, "the network is never used"},
		{"nowhere", get + "components: {schemas: {A: {$ref: '#/components/schemas/B'}}}\n", Options{}, `there is no "B"`},
		{"paths in circles", head + "paths: {/a: {$ref: '#/paths/~1b'}, /b: {$ref: '#/paths/~1a'}}\n", Options{}, "leads back to itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, make := range []func(*apidoc.Document, Options) ([]Note, error){Background, Foreground} {
				_, err := make(open(t, "d.yaml", []byte(tt.text), ""), tt.options)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want one with %q", err, tt.want)
				}
			}
		})
	}
}

// Whatever is a document, both views of it end, and are views of themselves.
func FuzzViews(f *testing.F) {
	for _, name := range []string{"erp.yaml", "plain31.json", "inside.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for word, make := range map[string]func(*apidoc.Document, Options) ([]Note, error){"background": Background, "foreground": Foreground} {
			doc, err := apidoc.Open("f", data, apidoc.Options{Limits: apidoc.Limits{Nodes: 5000}})
			if err != nil {
				return
			}
			options := Options{Callbacks: InlineCallbacks, Mend: []string{All}}
			if _, err := make(doc, options); err != nil {
				return
			}
			once := doc.Root.Clone()
			if _, err := make(doc, options); err != nil {
				t.Fatalf("the %s view of a %s view: %v", word, word, err)
			}
			if !doc.Root.Equal(once) {
				t.Fatalf("the %s view of a %s view is another one", word, word)
			}
		}
	})
}
