package params

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/paths"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// schemaOf compiles a schema of 3.1.
func schemaOf(t testing.TB, text string) *schema.Schema {
	t.Helper()
	doc, err := apidoc.Open("test", []byte(`{"openapi":"3.1.0","s":`+text+`}`), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return schema.NewSet(doc, apidoc.V31).Compile(doc.Root.Get("s"), "/s")
}

const (
	ints    = `{"type":"array","items":{"type":"integer"}}`
	texts   = `{"type":"array","items":{"type":"string"}}`
	color   = `{"type":"object","properties":{"R":{"type":"integer"},"name":{"type":"string"},"list":{"type":"array","items":{"type":"integer"}}}}`
	integer = `{"type":"integer"}`
	text    = `{"type":"string"}`
)

func TestParametersAreReadByStyleAndType(t *testing.T) {
	for _, tt := range []struct {
		in, style string
		explode   bool
		schema    string
		from      string // what stands in the request
		want      string // JSON; empty: it is not there
	}{
		{"query", "", true, integer, "p=5", "5"},
		{"query", "", true, integer, "P=5", "5"},
		{"query", "", true, integer, "P=5&p=6", "6"},
		{"query", "", true, integer, "p=abc", `"abc"`},
		{"query", "", true, integer, "q=5", ""},
		{"query", "", true, integer, "p=%35", "5"},
		{"query", "", true, integer, "p=0x10", `"0x10"`},
		{"query", "", true, text, "p=5", `"5"`},
		{"query", "", true, text, "p", `""`},
		{"query", "", true, text, "p=a+b%2Bc%zz", `"a+b%2Bc%zz"`},
		{"query", "", true, text, "p=a+b%2Bc", `"a b+c"`},
		{"query", "", true, `{"type":"boolean"}`, "p=True", "true"},
		{"query", "", true, `{"type":["integer","null"]}`, "p=", "null"},
		{"query", "", true, `{"type":["integer","string"],"maxLength":2}`, "p=123", "123"},
		{"query", "", true, `{"oneOf":[{"type":"integer"},{"type":"boolean"}]}`, "p=true", "true"},
		{"query", "", true, `true`, "p=5", `"5"`},
		{"query", "form", true, ints, "p=1&p=2", "[1,2]"},
		{"query", "form", true, ints, "p=1", "[1]"},
		{"query", "form", true, ints, "p=", "[]"},
		{"query", "form", false, ints, "p=1,2", "[1,2]"},
		{"query", "form", false, texts, "p=a%2Cb,c", `["a,b","c"]`},
		{"query", "spaceDelimited", false, ints, "p=1%202+3", "[1,2,3]"},
		{"query", "pipeDelimited", false, ints, "p=1|2%7C3", "[1,2,3]"},
		{"query", "form", true, color, "R=100&name=200&other=1", `{"R":100,"name":"200"}`},
		{"query", "form", true, color, "other=1", ""},
		{"query", "form", false, color, "p=R,100,name,200", `{"R":100,"name":"200"}`},
		{"query", "deepObject", true, color, "p[R]=100&p%5Bname%5D=200&p[list]=1&p[list]=2", `{"R":100,"list":[1,2],"name":"200"}`},
		{"query", "deepObject", true, `{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"integer"}}}`, "p[a][b]=1&p[a][c]=2&p=3", `{"a":{"b":1,"c":2}}`},
		{"query", "deepObject", true, color, "q[R]=100", ""},
		{"query", "json", false, color, "p=%7B%22R%22%3A1%7D", `{"R":1}`},
		{"query", "json", false, color, "p=%7B", "error"},
		{"path", "", false, integer, "5", "5"},
		{"path", "simple", false, ints, "1,2", "[1,2]"},
		{"path", "simple", true, color, "R=100,name=x", `{"R":100,"name":"x"}`},
		{"path", "simple", false, color, "R,100,name", `{"R":100,"name":""}`},
		{"path", "label", false, integer, ".5", "5"},
		{"path", "label", false, ints, ".1,2", "[1,2]"},
		{"path", "label", true, ints, ".1.2", "[1,2]"},
		{"path", "label", true, color, ".R=100.name=x", `{"R":100,"name":"x"}`},
		{"path", "matrix", false, integer, ";p=5", "5"},
		{"path", "matrix", true, integer, ";p=5", "5"},
		{"path", "matrix", false, ints, ";p=1,2", "[1,2]"},
		{"path", "matrix", true, ints, ";p=1;p=2", "[1,2]"},
		{"path", "matrix", false, color, ";p=R,100", `{"R":100}`},
		{"path", "matrix", true, color, ";R=100;name=x", `{"R":100,"name":"x"}`},
		{"header", "", false, ints, "1,2", "[1,2]"},
		{"header", "simple", true, color, "R=100,name=x", `{"R":100,"name":"x"}`},
		{"header", "", false, text, "1,2", `"1,2"`},
		{"cookie", "", false, integer, "5", "5"},
	} {
		p := Parameter{Name: "p", In: tt.in, Style: tt.style, Explode: tt.explode, Schema: schemaOf(t, tt.schema)}
		if tt.style == "json" {
			p.Style, p.JSON = "", true
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		var path []paths.Value
		switch tt.in {
		case "query":
			r.URL.RawQuery = tt.from
		case "path":
			path = []paths.Value{{Name: "p", Text: tt.from}}
		case "header":
			for part := range strings.SplitSeq(tt.from, ",") {
				r.Header.Add("P", part)
			}
		case "cookie":
			r.AddCookie(&http.Cookie{Name: "p", Value: tt.from})
		}
		v, there, err := Of(r, path).Read(p)
		data, _ := json.Marshal(v)
		got := string(data)
		switch {
		case err != nil:
			got = "error"
		case !there:
			got = ""
		}
		if got != tt.want {
			t.Errorf("%s %s (explode %v) of %s in %q: got %s, want %s", tt.in, tt.style, tt.explode, tt.schema, tt.from, got, tt.want)
		}
	}
	if _, there, _ := Of(httptest.NewRequest("GET", "/", nil), nil).Read(Parameter{Name: "p", In: "path"}); there {
		t.Error("a path without a value has one")
	}
}

func TestUnknownNamesOfAQuery(t *testing.T) {
	list := []Parameter{
		{Name: "plain", In: "query"},
		{Name: "filter", In: "query", Style: "deepObject", Explode: true},
		{Name: "head", In: "header"},
		{Name: "spread", In: "query", Explode: true, Schema: schemaOf(t, color)},
	}
	q := Of(httptest.NewRequest("GET", "/?Plain=1&filter[a]=1&r=1&name=2&head=1&other&other=2&filter=1", nil), nil)
	if got := fmt.Sprintf("%q", q.Unknown(list)); got != `["head" "other" "filter"]` {
		t.Errorf("got %s", got)
	}
}

func TestAQueryWithOtherValues(t *testing.T) {
	q := Of(httptest.NewRequest("GET", "/?page=1&x=a%2Cb&page=2", nil), nil)
	if got := q.WithQuery(map[string]string{"page": "3", "a b": "&"}); got != "x=a%2Cb&a+b=%26&page=3" {
		t.Errorf("got %s", got)
	}
	if v, ok := q.Query("PAGE"); v != "1" || !ok {
		t.Errorf("got %q, %v", v, ok)
	}
}

// Nothing that a caller writes stops the mock.
func FuzzRead(f *testing.F) {
	f.Add("p[a][b]=1&p=2&R=3", "deepObject")
	f.Fuzz(func(t *testing.T, query, style string) {
		if len(query) > 2000 {
			return
		}
		r := &http.Request{URL: httptest.NewRequest("GET", "/", nil).URL, Header: http.Header{"P": {query}}}
		r.URL.RawQuery = query
		for _, s := range []string{ints, color, text} {
			for _, in := range []string{"query", "path", "header"} {
				for _, explode := range []bool{true, false} {
					q := Of(r, []paths.Value{{Name: "p", Text: query}})
					_, _, _ = q.Read(Parameter{Name: "p", In: in, Style: style, Explode: explode, Schema: schemaOf(t, s)})
				}
			}
		}
	})
}
