// Package params reads the parameters of requests, which are texts, as the values
// that a document describes: by their styles, and by the types of their schemas.
package params

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/paths"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// A Parameter is one of an operation.
type Parameter struct {
	Name     string
	In       string // "path", "query", "header" or "cookie"
	Style    string // empty: that of In
	Explode  bool
	Required bool
	JSON     bool // the text is JSON: the parameter has a content
	Schema   *schema.Schema
}

// A Request is one whose parameters are read.
type Request struct {
	http  *http.Request
	path  []paths.Value
	query []pair
}

// A pair is one of a query; its value still has its escapes, as what separates the
// parts of a value has none.
type pair struct{ name, raw string }

// Of is a request whose path gave these values.
func Of(r *http.Request, path []paths.Value) *Request {
	q := &Request{http: r, path: path}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if part == "" {
			continue
		}
		name, raw, _ := strings.Cut(part, "=")
		q.query = append(q.query, pair{unescaped(name), raw})
	}
	return q
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// Read returns the value of a parameter, and false if the request lacks it. The error
// says why it cannot be read.
func (q *Request) Read(p Parameter) (value any, there bool, err error) {
	switch p.In {
	case "path":
		i := slices.IndexFunc(q.path, func(v paths.Value) bool { return v.Name == p.Name })
		if i < 0 {
			return nil, false, nil
		}
		return p.value(q.path[i].Text)
	case "header":
		if list := q.http.Header.Values(p.Name); len(list) > 0 {
			return p.value(strings.Join(list, ","))
		}
	case "cookie":
		if c, err := q.http.Cookie(p.Name); err == nil {
			return p.value(c.Value)
		}
	case "query":
		return q.readQuery(p)
	}
	return nil, false, nil
}

// value is what the text of a path, header or cookie says.
func (p Parameter) value(text string) (any, bool, error) {
	if p.JSON {
		return fromJSON(text)
	}
	types := structure.Types(p.Schema)
	sep := ","
	switch p.Style {
	case "label":
		text = strings.TrimPrefix(text, ".")
		if p.Explode {
			sep = "."
		}
	case "matrix":
		text = strings.TrimPrefix(text, ";")
		if p.Explode && types.Has(schema.Array|schema.Object) {
			sep = ";"
		}
		if !p.Explode || !types.Has(schema.Object) {
			text = strings.ReplaceAll(";"+text, ";"+p.Name+"=", ";")[1:]
		}
	}
	switch {
	case isObject(types):
		return p.object(strings.Split(text, sep), p.Explode), true, nil
	case isArray(types):
		return p.array(strings.Split(text, sep)), true, nil
	}
	return Scalar(text, p.Schema), true, nil
}

// isObject and isArray report whether a text is to be taken for one.
func isObject(t schema.Types) bool { return t.Has(schema.Object) && !t.Has(schema.String|schema.Array) }
func isArray(t schema.Types) bool  { return t.Has(schema.Array) && !t.Has(schema.String) }

func fromJSON(text string) (any, bool, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, true, fmt.Errorf("want JSON: %q", text)
	}
	return v, true, nil
}

func (p Parameter) array(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = Scalar(text, structure.Item(p.Schema, i))
	}
	return list
}

// object makes an object of the texts "a=1", "b=2", or of "a", "1", "b", "2".
func (p Parameter) object(texts []string, pairs bool) map[string]any {
	object := make(map[string]any)
	put := func(name, text string) { object[name] = Scalar(text, structure.Property(p.Schema, name)) }
	for i := 0; i < len(texts); i++ {
		switch {
		case pairs:
			name, text, _ := strings.Cut(texts[i], "=")
			put(name, text)
		case i+1 < len(texts):
			put(texts[i], texts[i+1])
			i++
		case texts[i] != "":
			put(texts[i], "")
		}
	}
	return object
}

// Scalar is the value that a text stands for: as it is if that will do, else a number,
// true, false or null if the schema has that.
func Scalar(text string, s *schema.Schema) any {
	if s == nil {
		return text
	}
	types := structure.Types(s)
	if types.Has(schema.String) && (types&^schema.String == 0 || s.Valid(text, schema.Request)) {
		return text
	}
	switch lower := strings.ToLower(text); {
	case types.Has(schema.Number) && isNumber(text):
		return json.Number(text)
	case types.Has(schema.Boolean) && (lower == "true" || lower == "false"):
		return lower == "true"
	case types.Has(schema.Null) && (text == "" || lower == "null"):
		return nil
	}
	return text
}

// isNumber reports whether a text is a number as JSON writes it.
func isNumber(text string) bool {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	return json.Valid([]byte(text))
}
