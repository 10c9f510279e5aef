package fit

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

func schemaOf(t testing.TB, text string) *schema.Schema {
	t.Helper()
	doc, err := apidoc.Open("test", []byte(`{"openapi":"3.1.0","s":`+text+`}`), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewSet(doc, apidoc.V31).Compile(doc.Root.Get("s"), "/s")
}

func value(t testing.TB, text string) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

const thing = `{"type":"object","required":["id","name"],"additionalProperties":false,"properties":{
	"id":{"type":"integer"},"name":{"type":"string","minLength":2},"note":{"type":["string","null"]},"status":{"enum":["open","closed"]},
	"lines":{"type":"array","maxItems":2,"items":{"type":"object","required":["n"],"additionalProperties":false,"properties":{"n":{"type":"integer"},"text":{"type":"string"}}}},
	"customer":{"type":"object","properties":{"number":{"type":"string"},"name":{"type":"string"}}}}}`

func TestWhatFitsIsTaken(t *testing.T) {
	const base = `{"id":7,"name":"base","status":"open","lines":[{"n":1,"text":"a"}],"customer":{"number":"1","name":"x"}}`
	for over, want := range map[string]string{
		`{"name":"new"}`:                      `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":1,"text":"a"}],"name":"new","status":"open"}`,
		`{"name":"x","note":"n"}`:             `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":1,"text":"a"}],"name":"base","note":"n","status":"open"}`,
		`{"name":null,"note":null}`:           `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":1,"text":"a"}],"name":"base","note":null,"status":"open"}`,
		`{"other":1,"status":"closed"}`:       `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":1,"text":"a"}],"name":"base","status":"closed"}`,
		`{"id":"abc","status":"none"}`:        base,
		`{"lines":[{"n":2},{"n":3}]}`:         `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":2},{"n":3}],"name":"base","status":"open"}`,
		`{"lines":[{"n":"a","text":"b"}]}`:    `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":1,"text":"b"}],"name":"base","status":"open"}`,
		`{"lines":[{"text":"b"}]}`:            `{"customer":{"name":"x","number":"1"},"id":7,"lines":[{"n":1,"text":"b"}],"name":"base","status":"open"}`,
		`{"lines":[{"n":1},{"n":2},{"n":3}]}`: base,
		`{"lines":[{"n":1},{"m":2}]}`:         base,
		`{"name":{"value":"wrapped"},"customer":{"value":{"number":"9"}},"id":{"value":8}}`: `{"customer":{"name":"x","number":"9"},"id":8,"lines":[{"n":1,"text":"a"}],"name":"wrapped","status":"open"}`,
		`{"customer":{"number":5,"name":"y"}}`:                                              `{"customer":{"name":"y","number":"1"},"id":7,"lines":[{"n":1,"text":"a"}],"name":"base","status":"open"}`,
		`[1]`:                                                                               base,
		`null`:                                                                              base,
	} {
		from := value(t, base)
		got, _ := json.Marshal(Over(from, value(t, over), schemaOf(t, thing), schema.Response))
		if !schema.Equal(value(t, string(got)), value(t, want)) {
			t.Errorf("%s:\ngot  %s\nwant %s", over, got, want)
		}
		if !schema.Equal(from, value(t, base)) {
			t.Errorf("%s: the base became %v", over, from)
		}
	}
	got := Over(map[string]any{"a": "b"}, value(t, `{"c":1}`), nil, schema.Response)
	if text, _ := json.Marshal(got); string(text) != `{"a":"b","c":1}` {
		t.Errorf("without a schema: got %s", text)
	}
}

// What is merged into a valid value leaves it valid, whatever it is.
func FuzzOver(f *testing.F) {
	f.Add(`{"name":{"value":1},"lines":[{"n":1},{"x":[]}],"customer":[{}]}`)
	s := schemaOf(f, thing)
	const base = `{"id":7,"name":"base","status":"open","lines":[{"n":1,"text":"a"}],"customer":{"number":"1","name":"x"}}`
	f.Fuzz(func(t *testing.T, over string) {
		d := json.NewDecoder(strings.NewReader(over))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			return
		}
		if got := Over(value(t, base), v, s, schema.Response); !s.Valid(got, schema.Response) {
			t.Errorf("%s makes %v: %v", over, got, s.Validate(got, schema.Response))
		}
	})
}
