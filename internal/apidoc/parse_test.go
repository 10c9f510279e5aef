package apidoc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/vismanet-go/background/internal/apidoc"
)

// asJSON returns a value as JSON without blanks.
func asJSON(t *testing.T, n *apidoc.Node) string {
	t.Helper()
	var b, compact bytes.Buffer
	if err := apidoc.WriteJSON(&b, n); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&compact, b.Bytes()); err != nil {
		t.Fatalf("what was written is no JSON: %v\n%s", err, b.Bytes())
	}
	return compact.String()
}

func parse(t *testing.T, name, text string) *apidoc.Node {
	t.Helper()
	n, err := apidoc.Parse(name, []byte(text), apidoc.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

func TestWordsOfYAMLAreThoseOfJSON(t *testing.T) {
	tests := []struct{ yaml, want string }{
		{"a: no", `{"a":"no"}`},
		{"on: {200: x, 2026-01-01: y, null: z, true: w, 1.0: v}", `{"on":{"200":"x","2026-01-01":"y","null":"z","true":"w","1.0":"v"}}`},
		{"enum: [on, off, yes, n, Y, true, null, ~, '', 'true']", `{"enum":["on","off","yes","n","Y",true,null,null,"","true"]}`},
		{"dates: [2026-01-01, 2026-01-01T00:00:00Z, 12:30, 190:20:30]", `{"dates":["2026-01-01","2026-01-01T00:00:00Z","12:30","190:20:30"]}`},
		{"n: [1, -1, +1, 1.50, .5, -.5, 1., 1.e3, 1e400, 1E-400, 0, -0, 0.0]", `{"n":[1,-1,1,1.50,0.5,-0.5,1.0,1.0e3,1e400,1E-400,0,-0,0.0]}`},
		{"n: [0x1F, 0o17, 017, 1_000, 0b11, .inf, -.Inf, .nan, 1.2.3]", `{"n":[31,15,"017","1_000","0b11",".inf","-.Inf",".nan","1.2.3"]}`},
		{"n: [123456789012345678901234567890, 0xffffffffffffffffffff]", `{"n":[123456789012345678901234567890,1208925819614629174706175]}`},
		{"a: !!str 1\nb: !!int '7'\nc: !!float 7\nd: !!binary aGk=\ne: !own {x: 1}\nf: !!null ''", `{"a":"1","b":7,"c":7,"d":"aGk=","e":{"x":1},"f":null}`},
		{"a: &x {b: 1}\nc: *x\nd: [*x, *x]", `{"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}]}`},
		{"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: {c: 4, <<: [*x, {f: 5, b: 6}]}", `{"a":{"b":1,"c":2},"d":{"c":3,"b":1},"e":{"c":4,"b":1,"f":5}}`},
		{"a: {'<<': 1}", `{"a":{"<<":1}}`},
		{"? &k name\n: 1\n? [x]\n: 2", ""},
		{"&k name: 1\nother: {*k : 2}", `{"name":1,"other":{"name":2}}`},
		{"a: |\n  x\n  y\nb: >\n  x\n  y\n", `{"a":"x\ny\n","b":"x y\n"}`},
		{"a:\nb: []\nc: {}", `{"a":null,"b":[],"c":{}}`},
		{"%YAML 1.2\n---\na: 1\n...\n", `{"a":1}`},
		{"{openapi: 3.0.3, info: {title: x}}", `{"openapi":"3.0.3","info":{"title":"x"}}`},
		{"'a': \"\\ud83d\\ude00\"", ""},
	}
	for _, tt := range tests {
		n, err := apidoc.Parse("x.yaml", []byte(tt.yaml), apidoc.Limits{})
		if tt.want == "" {
			if err == nil {
				t.Errorf("%s: read as %s, want an error", tt.yaml, asJSON(t, n))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.yaml, err)
			continue
		}
		if got := asJSON(t, n); got != tt.want {
			t.Errorf("%s: read as %s, want %s", tt.yaml, got, tt.want)
		}
	}
}

func TestJSONIsKeptAsItIs(t *testing.T) {
	for _, text := range []string{
		`{"b":1,"a":[1.50,1e400,-0,true,false,null,"\ud83d\ude00 é \u0000 \" <&>"],"":{},"<<":{"x":[]},"$ref":{"$ref":"y"}}`,
		`[]`, `"text"`, `12`, ` { } `,
	} {
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(text)); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(text, `\ud83d\ude00`, "\U0001f600")
		if got, want := asJSON(t, parse(t, "x", text)), strings.ReplaceAll(want.String(), `\ud83d\ude00`, "\U0001f600"); got != want {
			t.Errorf("%s: got %s", want, got)
		}
	}
}

func TestPlacesAreThoseOfTheFile(t *testing.T) {
	const inJSON = "{\n  \"é\": {\"b\": [1,\n   {\"c\": true}]}\n}"
	n := parse(t, "d.json", inJSON)
	if got, want := n.At("é", "b").Items[1].Get("c").Place(), "d.json:3:10"; got != want {
		t.Errorf("in JSON: %s, want %s", got, want)
	}
	if got, want := n.At("é", "b").Place(), "d.json:2:14"; got != want {
		t.Errorf("in JSON: %s, want %s", got, want)
	}
	n = parse(t, "d.yaml", "é:\n  b:\n    - 1\n    - {c: true}\n")
	if got, want := n.At("é", "b").Items[1].Get("c").Place(), "d.yaml:4:11"; got != want {
		t.Errorf("in YAML: %s, want %s", got, want)
	}
	if got := n.Errorf("wrong").Error(); got != "d.yaml:1:1: wrong" {
		t.Errorf("error %q", got)
	}
}

func TestTextsOfOtherEncodingsAreRead(t *testing.T) {
	const text = `{"name": "Gjøvik 😀"}`
	var little, big []byte
	for _, u := range utf16.Encode([]rune(text)) {
		little = append(little, byte(u), byte(u>>8))
		big = append(big, byte(u>>8), byte(u))
	}
	for name, data := range map[string][]byte{
		"mark":            []byte("\ufeff" + text),
		"UTF-16LE":        little,
		"UTF-16LE, mark":  append([]byte{0xff, 0xfe}, little...),
		"UTF-16BE, mark":  append([]byte{0xfe, 0xff}, big...),
		"mark, then YAML": []byte("\ufeffname: Gjøvik 😀"),
	} {
		n, err := apidoc.Parse("x", data, apidoc.Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := asJSON(t, n), `{"name":"Gjøvik 😀"}`; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestFaultsHaveTheirPlace(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"twice in JSON", "d.json", "{\"a\": {\"b\": 1,\n\n \"b\": 2}}", `d.json:3:2: key "b" is here twice, first in line 1; remove one (at /a)`},
		{"twice in YAML", "d.yaml", "paths:\n  /a/b: {}\n  '/a/b': {}\n", `d.yaml:3:3: key "/a/b" is here twice, first in line 2; remove one (at /paths)`},
		{"twice as number and text", "d.yaml", "200: a\n'200': b", `d.yaml:2:1: key "200" is here twice, first in line 1`},
		{"end in JSON", "d.json", "{\"a\": [1,\n", `d.json:2:1: JSON: the document ends in the middle`},
		{"more behind JSON", "d.json", "{} {}", `d.json:1:4: JSON: there is more behind the end`},
		{"JSON", "d.json", "{\"a\": 1\n \"b\": 2}", `d.json:2:2: JSON: `},
		{"almost JSON, no name of JSON", "", "{\"a\": 1,\n \"b\": }x", `2:`},
		{"tab", "d.yaml", "a:\n\tb: 1\n", `d.yaml:2: YAML: found character that cannot start any token`},
		{"indent", "d.yaml", "a:\n  b: 1\n c: 2\n", `d.yaml:3: YAML: `},
		{"NUL", "d.yaml", "a: 1\nb: \x00\n", `d.yaml:2:4: YAML: control character U+0000; write it as \x00 in double quotes`},
		{"Latin-1", "d.yaml", "a: 1\nname: Gj\xf8vik\n", `d.yaml:2:9: not UTF-8, byte 0xf8; save the file as UTF-8`},
		{"two documents", "d.yaml", "a: 1\n---\nb: 2\n", `d.yaml:2:1: a second YAML document begins here`},
		{"unknown anchor", "d.yaml", "a: *b\n", `unknown anchor 'b' referenced`},
		{"alias in itself", "d.yaml", "a: &x\n  b: *x\n", `d.yaml:2:6: alias *x stands in what it names (at /a/b)`},
		{"merge of a number", "d.yaml", "a: {<<: 1}\n", `d.yaml:1:9: the merge key << has a number; want an object or a list of objects (at /a/<<)`},
		{"list as key", "d.yaml", "a:\n  ? [b]\n  : c\n", `d.yaml:2:5: a key is a list or an object; want a string (at /a)`},
		{"wrong tag", "d.yaml", "a: !!int x\n", `d.yaml:1:4: tag !!int on what is no number (at /a)`},
		{"nothing", "d.yaml", "# only this\n", `d.yaml: there is nothing in it`},
		{"no bytes", "d.json", "", `d.json: there is nothing in it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := apidoc.Parse(tt.file, []byte(tt.text), apidoc.Limits{})
			if err == nil {
				t.Fatalf("read as %s, want an error with %q", asJSON(t, n), tt.want)
			}
			if _, ok := errors.AsType[*apidoc.Error](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %T %q, want an *Error with %q", err, err, tt.want)
			}
		})
	}
}

func TestLimitsHold(t *testing.T) {
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := range 12 {
		laughs += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 8), i)
	}
	merges := "a0: &a0 {x: 1}\n"
	for i := range 25 {
		merges += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d], k%d: {<<: *a%d}}\n", i+1, i+1, i, i, i, i)
	}
	tests := []struct {
		name, text, want string
		limits           apidoc.Limits
	}{
		{"laughs", laughs, "aliases make more than the limit of 10000 copies", apidoc.Limits{Aliased: 10000}},
		{"merges", merges, "aliases make more than the limit of 10000 copies", apidoc.Limits{Aliased: 10000}},
		{"deep JSON", strings.Repeat("[", 1e6), "nested deeper than the limit of 500", apidoc.Limits{}},
		{"deep objects", strings.Repeat(`{"a":`, 1e6), "nested deeper than the limit of 500", apidoc.Limits{}},
		{"deep flow", "a: " + strings.Repeat("[", 1e6), "YAML: exceeded max depth", apidoc.Limits{}},
		{"deep blocks", strings.Repeat("- ", 1e6), "YAML: exceeded max depth", apidoc.Limits{}},
		{"rather deep", "a: " + strings.Repeat("[", 600) + strings.Repeat("]", 600), "nested deeper than the limit of 500", apidoc.Limits{}},
		{"values of JSON", "[" + strings.Repeat("1,", 100) + "1]", "more than the limit of 100 values", apidoc.Limits{Nodes: 100}},
		{"values of YAML", strings.Repeat("- a\n", 101), "more than the limit of 100 values", apidoc.Limits{Nodes: 100}},
		{"signs", "a: " + strings.Repeat("[", 1000), "more than the limit of 100 values", apidoc.Limits{Nodes: 100}},
		{"directives", strings.Repeat("%TAG !a! b\n", 200) + "---\na: 1", "more than 100 %TAG directives", apidoc.Limits{}},
		{"bytes", "a: 1", "larger than the limit of 3 bytes", apidoc.Limits{Bytes: 3}},
		{"negative", "a: 1", "Limits.Depth is -1; want 0 for the default, or more", apidoc.Limits{Depth: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := apidoc.Parse("x", []byte(tt.text), tt.limits)
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 1000 {
				t.Errorf("error %v, want a short one with %q", err, tt.want)
			}
		})
	}
	if _, err := apidoc.ReadAll("d.json", strings.NewReader("123456"), apidoc.Limits{Bytes: 5}); err == nil || err.Error() != "d.json: larger than the limit of 5 bytes" {
		t.Errorf("ReadAll: %v", err)
	}
	if data, err := apidoc.ReadAll("d.json", strings.NewReader("12345"), apidoc.Limits{Bytes: 5}); err != nil || string(data) != "12345" {
		t.Errorf("ReadAll: %q, %v", data, err)
	}
}

// Whatever is read can be written as JSON and YAML, and is read as the same
// value again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"openapi":"3.0.3","a":[1,1.5,-0,1e400,true,null,"x\ny"],"":{}}`,
		"a: &x {b: 1}\nc: *x\nd: {<<: *x}\n# note\ne: |\n  x\n   y\nf: >-\n  x\n\n  y\n'no': no\n200: 017\n",
		"a: [ # one\n  1, # two\n  2]\n# foot\n\n# head\nb:\n  # in\n  - x\n  # out\n",
		"{a: b, \"c\": 'd'}", "- - - x\n  -\n", "? a\n: b\n", "\ufeffa: \"\\u2028\\t\\x01\"", "a: ' x '\nb: |2\n   y\n", "\xff\xfea\x00:\x00 \x00b\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := apidoc.Parse("f", data, apidoc.Limits{Nodes: 10000, Aliased: 1000})
		if err != nil {
			if _, ok := errors.AsType[*apidoc.Error](err); !ok {
				t.Fatalf("%T %v, want an *Error", err, err)
			}
			return
		}
		var inJSON, inYAML bytes.Buffer
		if err := apidoc.WriteJSON(&inJSON, n); err != nil {
			t.Fatal(err)
		}
		if again, err := apidoc.Parse("f.json", inJSON.Bytes(), apidoc.Limits{}); err != nil || !again.Equal(n) {
			t.Fatalf("%q as JSON is %q: %v", data, inJSON.Bytes(), err)
		}
		if err := apidoc.WriteYAML(&inYAML, n); err != nil {
			t.Fatal(err)
		}
		again, err := apidoc.Parse("f.yaml", inYAML.Bytes(), apidoc.Limits{})
		if err != nil {
			t.Fatalf("%q as YAML is %q: %v", data, inYAML.Bytes(), err)
		}
		if !again.Equal(n) {
			t.Fatalf("%q as YAML is %q, and read again %s", data, inYAML.Bytes(), asJSON(t, again))
		}
	})
}
