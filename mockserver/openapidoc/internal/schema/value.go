package schema

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// TypeOf returns the type of a value, which is one of nil, bool, string,
// json.Number, float64, int, int64, []any and map[string]any; 0 if it is another.
func TypeOf(v any) Types {
	switch v := v.(type) {
	case nil:
		return Null
	case bool:
		return Boolean
	case string:
		return String
	case []any:
		return Array
	case map[string]any:
		return Object
	default:
		n, is, ok := numOf(v)
		switch {
		case !is:
			return 0
		case ok && n.IsInt():
			return Integer
		}
		return Fraction
	}
}

// ValueOf returns what a node of a document is as a value.
func ValueOf(n *apidoc.Node) any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case apidoc.Bool:
		return n.Text == "true"
	case apidoc.Number:
		return json.Number(n.Text)
	case apidoc.String:
		return n.Text
	case apidoc.Array:
		items := make([]any, len(n.Items))
		for i, item := range n.Items {
			items[i] = ValueOf(item)
		}
		return items
	case apidoc.Object:
		object := make(map[string]any, len(n.Keys))
		for i, key := range n.Keys {
			object[key] = ValueOf(n.Items[i])
		}
		return object
	}
	return nil
}

// Equal reports whether two values are the same in JSON: 1 and 1.0 are, and the
// order of properties says nothing.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case string:
		b, ok := b.(string)
		return ok && a == b
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, has := b[key]
			if !has || !Equal(value, other) {
				return false
			}
		}
		return true
	}
	x, isA, okA := numOf(a)
	y, isB, okB := numOf(b)
	if !isA || !isB {
		return false
	}
	if !okA || !okB {
		return a == b
	}
	return x.Cmp(y) == 0
}

// AppendKey appends a text that equal values have in common, and others have not.
func AppendKey(key []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(key, 'n')
	case bool:
		return strconv.AppendBool(key, v)
	case string:
		return strconv.AppendQuote(key, v)
	case []any:
		key = append(key, '[')
		for _, item := range v {
			key = append(AppendKey(key, item), ',')
		}
		return append(key, ']')
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		key = append(key, '{')
		for _, name := range names {
			key = append(strconv.AppendQuote(key, name), ':')
			key = append(AppendKey(key, v[name]), ',')
		}
		return append(key, '}')
	}
	n, _, ok := numOf(v)
	if !ok {
		text, _ := v.(json.Number)
		return append(append(key, '#'), strings.ToLower(string(text))...)
	}
	if n.r == nil {
		return strconv.AppendInt(key, n.i, 10)
	}
	return append(key, n.r.RatString()...)
}
