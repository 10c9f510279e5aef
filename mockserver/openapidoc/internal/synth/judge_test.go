package synth_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// judge returns the schema as a reader that is not ours understands it.
func judge(t testing.TB, text string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// compile returns the schema as ours does.
func compile(t testing.TB, version apidoc.Version, text string) (*schema.Set, *schema.Schema) {
	t.Helper()
	doc, err := apidoc.Open("schema.json", []byte(text), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set := schema.NewSet(doc, version)
	return set, set.Compile(doc.Root, "")
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// decode returns a value as a reader has it.
func decode(t testing.TB, v any) any {
	t.Helper()
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(encode(v))))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// check holds values of several seeds against both readers.
func check(t *testing.T, text string) {
	t.Helper()
	set, s := compile(t, apidoc.V31, text)
	other := judge(t, text)
	for seed := range uint64(20) {
		v, reasons := synth.New(set, schema.Response).Value(s, synth.Options{Seed: seed})
		if reasons != nil {
			t.Errorf("%s: seed %d: %v; want a value", text, seed, reasons)
			return
		}
		if faults := s.Validate(v, schema.Response); faults != nil {
			t.Errorf("%s: seed %d: %s: %v", text, seed, encode(v), faults)
			return
		}
		if err := other.Validate(decode(t, v)); err != nil {
			t.Errorf("%s: seed %d: %s: %v", text, seed, encode(v), err)
			return
		}
	}
}
