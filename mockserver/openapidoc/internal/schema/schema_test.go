package schema_test

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// A fault tells where it is in the value and in the document, what was seen, and
// what was wanted.
func TestFaultsTellWhere(t *testing.T) {
	const pet = `{"type":"object","required":["name"],"properties":{"name":{"type":"string","maxLength":3},"age":{"type":"integer","minimum":0},
		"tags":{"type":"array","items":{"enum":["a","b"]}},"a/b":{"type":"null"}},
		"additionalProperties":false,"patternProperties":{"^x-":{"type":"number","multipleOf":0.01}}}`
	for _, tt := range []struct{ value, pointer, keyword, msg string }{
		{`{}`, "/name", "/required", "is missing"},
		{`{"name":5}`, "/name", "/properties/name/type", "is an integer; want string"},
		{`{"name":"long"}`, "/name", "/properties/name/maxLength", "has 4 characters; want at most 3"},
		{`{"name":"x","age":-1}`, "/age", "/properties/age/minimum", "is -1; want at least 0"},
		{`{"name":"x","tags":["a","c"]}`, "/tags/1", "/properties/tags/items/enum", `is "c"; want "a" or "b"`},
		{`{"name":"x","a/b":1}`, "/a~1b", "/properties/a~1b/type", "is an integer; want null"},
		{`{"name":"x","more":1}`, "/more", "/additionalProperties", "is a property that the schema does not know"},
		{`{"name":"x","x-1":0.015}`, "/x-1", "/patternProperties/^x-/multipleOf", "is 0.015; want a multiple of 0.01"},
		{`[]`, "", "/type", "is an array; want object"},
	} {
		_, s := compile(t, apidoc.V31, pet)
		faults := s.Validate(decode(t, tt.value), schema.Response)
		if len(faults) != 1 || faults[0] != (schema.Fault{Pointer: tt.pointer, SchemaPointer: tt.keyword, Msg: tt.msg}) {
			t.Errorf("%s: the faults are %q; want %q at %q by %q", tt.value, faults, tt.msg, tt.pointer, tt.keyword)
		}
	}
}

// Of several schemas, the faults of the one that was meant are told.
func TestFaultsOfTheSchemaThatWasMeant(t *testing.T) {
	_, s := compile(t, apidoc.V30, `{"oneOf":[{"$ref":"#/x/Cat"},{"$ref":"#/x/Dog"}],"discriminator":{"propertyName":"kind","mapping":{"dog":"#/x/Dog"}},
		"x":{"Cat":{"type":"object","required":["lives"]},"Dog":{"type":"object","required":["tail","legs","nose"]}}}`)
	faults := s.Validate(decode(t, `{"kind":"dog"}`), schema.Request)
	if len(faults) != 4 || faults[1].SchemaPointer != "/x/Dog/required" {
		t.Errorf("the faults are %v; want those of Dog, which the discriminator names", faults)
	}
	faults = s.Validate(decode(t, `{}`), schema.Request)
	if len(faults) != 2 || faults[1].Pointer != "/lives" {
		t.Errorf("the faults are %v; want those of Cat, which lacks least", faults)
	}
}

func TestModes(t *testing.T) {
	const text = `{"type":"object","required":["id","secret"],"properties":{"id":{"$ref":"#/x"},"secret":{"type":"string","writeOnly":true}},"x":{"type":"integer","readOnly":true}}`
	for _, tt := range []struct {
		version apidoc.Version
		mode    schema.Mode
		value   string
		valid   bool
	}{
		{apidoc.V30, schema.Request, `{"secret":"s"}`, true},
		{apidoc.V30, schema.Request, `{"id":1}`, false},
		{apidoc.V30, schema.Response, `{"id":1}`, true},
		{apidoc.V30, schema.Response, `{"id":1,"secret":"s"}`, false},
		{apidoc.V31, schema.Request, `{"secret":"s"}`, true},
		{apidoc.V31, schema.Response, `{"id":1,"secret":"s"}`, true},
		{apidoc.V31, schema.Response, `{"id":1}`, false},
	} {
		_, s := compile(t, tt.version, text)
		if faults := s.Validate(decode(t, tt.value), tt.mode); (faults == nil) != tt.valid {
			t.Errorf("%s, mode %d: %s has the faults %v; want valid %v", tt.version, tt.mode, tt.value, faults, tt.valid)
		}
	}
}

// What has no meaning is left out and told; it refuses nothing.
func TestWhatHasNoMeaningIsTold(t *testing.T) {
	set, s := compile(t, apidoc.V31, `{"type":"text","required":true,"properties":[],"minLength":"3","maxLength":-1,"multipleOf":0,"pattern":5,
		"allOf":{"type":"string"},"items":7,"enum":"a","$ref":"#/nowhere"}`)
	if faults := s.Validate("x", schema.Response); faults != nil {
		t.Errorf("the faults are %v; want none", faults)
	}
	told := make(map[string]bool)
	for _, p := range set.Problems() {
		told[p.Pointer] = true
	}
	for _, want := range []string{"/type", "/required", "/properties", "/minLength", "/maxLength", "/multipleOf", "/pattern", "/allOf", "/items", "/enum", ""} {
		if !told[want] {
			t.Errorf("%q is not told; told are %v", want, set.Problems())
		}
	}
}

// Schemas that refer to each other without end, or twice each, take bounded work.
func TestCheckingIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/x/s00","x":{"s60":{"type":"string"}`)
	for i := range 60 {
		next := `{"$ref":"#/x/s` + itoa(i+1) + `"}`
		b.WriteString(`,"s` + itoa(i) + `":{"allOf":[` + next + `,` + next + `]}`)
	}
	b.WriteString(`}}`)
	for text, msg := range map[string]string{
		b.String():                             "not decided",
		`{"$ref":"#"}`:                         "leads back to itself",
		`{"anyOf":[{"allOf":[{"$ref":"#"}]}]}`: "none of the 1 schemas",
	} {
		_, s := compile(t, apidoc.V31, text)
		if faults := s.Validate("x", schema.Response); len(faults) == 0 || !strings.Contains(faults[0].Msg, msg) {
			t.Errorf("%.60s: the faults are %v; want %q", text, faults, msg)
		}
	}
}

func itoa(i int) string { return string(rune('0'+i/10)) + string(rune('0'+i%10)) }

// A list of anything becomes a list of something where $dynamicRef is told so.
func TestDynamicReferences(t *testing.T) {
	_, s := compile(t, apidoc.V31, `{"$ref":"#/x/list","$defs":{"item":{"$dynamicAnchor":"T","type":"integer"}},
		"x":{"list":{"type":"array","items":{"$dynamicRef":"#T"},"$defs":{"any":{"$dynamicAnchor":"T","not":{}}}}}}`)
	if faults := s.Validate(decode(t, `[1,2]`), schema.Response); faults != nil {
		t.Errorf("integers have the faults %v", faults)
	}
	if faults := s.Validate(decode(t, `["a"]`), schema.Response); len(faults) != 1 || faults[0].Pointer != "/0" {
		t.Errorf("a string has the faults %v; want one", faults)
	}
}

func TestPatternsOfECMAScript(t *testing.T) {
	for _, tt := range []struct{ pattern, matches, not string }{
		{`^(?=.*[A-Z])(?=.*\d).{4,}$`, "abC1", "abc1"},
		{`^(?!admin$).+$`, "user", "admin"},
		{`^\u0041\/[^]$`, "A/\n", "A/"},
		{`^[a-z]{1,4000}$`, strings.Repeat("a", 3000), strings.Repeat("a", 4001)},
		{`^\cJ$`, "\n", "J"},
		{`b`, "abc", "ac"},
	} {
		p := schema.NewPattern(tt.pattern)
		if _, err := p.Form(); err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if !p.Match(tt.matches) || p.Match(tt.not) {
			t.Errorf("%s matches %.20q: %v, %.20q: %v; want true, false", tt.pattern, tt.matches, p.Match(tt.matches), tt.not, p.Match(tt.not))
		}
	}
	for _, bad := range []string{`(a)\1`, `(?<=a)b`, `[a-`, `a{2000}`, strings.Repeat("a", 30_000)} {
		p := schema.NewPattern(bad)
		if _, err := p.Form(); err == nil || !p.Match("anything") {
			t.Errorf("%.20s: error %v, match %v; want an error, and nothing refused", bad, err, p.Match("anything"))
		}
	}
}

func TestNumbersAreExact(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		cmp  int
	}{
		{"9223372036854775807", "9223372036854775808", -1},
		{"9007199254740993", "9007199254740992", 1},
		{"1.0", "1", 0},
		{"1e3", "1000", 0},
		{"0.1", "0.10000000000000001", -1},
		{"-9223372036854775808", "-9223372036854775809", 1},
	} {
		a, okA := schema.ParseNum(tt.a)
		b, okB := schema.ParseNum(tt.b)
		if !okA || !okB || a.Cmp(b) != tt.cmp {
			t.Errorf("%s to %s is %d, read %v %v; want %d", tt.a, tt.b, a.Cmp(b), okA, okB, tt.cmp)
		}
	}
	for _, bad := range []string{"", "1e100000", "0x10", "1/2", "NaN", "Inf", "1_000", strings.Repeat("1", 5000)} {
		if n, ok := schema.ParseNum(bad); ok {
			t.Errorf("%.10q is read as %.20s", bad, n)
		}
	}
}
