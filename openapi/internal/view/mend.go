package view

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
)

// A Mend changes what is known to break generated clients. It changes what the
// document promises, so it is done only when it is asked for.
type Mend struct {
	Name string
	Does string // a sentence or two

	change func(n *apidoc.Node, is sort) bool
}

// All stands for every mend in [Options.Mend].
const All = "all"

// Mends lists those that can be asked for.
func Mends() []Mend {
	return []Mend{
		{"dates", "Strings of the format date-time or date get a pattern instead: the ERP writes times without a zone, which clients that insist on RFC 3339 refuse.", mendDates},
		{"uuids", "Strings lose the format uuid: one id of another form would cost the whole answer.", mendUUIDs},
		{"string-integers", "Integers that are strings become strings with a pattern: those declared as strings of an integer's format, and integers whose enum, default or example is digits in quotes.", mendIntegers},
		{"decimals", "Numbers get the format double, because some generators make 32 bits of a number without one, and x-go-type openapi.Decimal, which oapi-codegen takes for the type.", mendDecimals},
		{"enums", "enum becomes x-extensible-enum: a value that the document does not know would cost the whole answer.", mendEnums},
		{"headers", "Headers of answers become strings: Retry-After may hold a date, and one value of another form would cost the whole answer.", mendHeaders},
		{"wrapped-values", "Objects that only wrap a value do not require it: some clients send {\"value\": null} for what is not set, which may clear it.", mendWrapped},
	}
}

func chosen(names []string) ([]Mend, error) {
	all := Mends()
	if slices.Contains(names, All) {
		return all, nil
	}
	var mends []Mend
	for _, name := range names {
		i := slices.IndexFunc(all, func(m Mend) bool { return m.Name == name })
		if i < 0 {
			var known []string
			for _, m := range all {
				known = append(known, m.Name)
			}
			return nil, fmt.Errorf("mend %q: there is none of that name; want one of %s, or %s", name, strings.Join(known, ", "), All)
		}
		mends = append(mends, all[i])
	}
	return mends, nil
}

// CheckMend reports what is wrong with [Options.Mend].
func CheckMend(names []string) error {
	_, err := chosen(names)
	return err
}

// mend changes the document and tells how often.
func (m *maker) mend(mend Mend) {
	count := 0
	walk(m.Root, document, func(n *apidoc.Node, is sort) {
		if _, isRef := n.Ref(); !isRef && mend.change(n, is) {
			count++
		}
	})
	m.tell(nil, "mended %s: %d places", mend.Name, count)
}

// hasType reports whether a schema is of a type, null beside it or not.
func hasType(n *apidoc.Node, want string) bool {
	t := n.Get("type")
	if t.Is(apidoc.Array) {
		for _, item := range t.Items {
			if item.Str() != want && item.Str() != "null" {
				return false
			}
		}
		return slices.ContainsFunc(t.Items, func(item *apidoc.Node) bool { return item.Str() == want })
	}
	return t.Str() == want
}

// setType makes a schema one of another type, and keeps null beside it.
func setType(n *apidoc.Node, to string) {
	t := n.Get("type")
	if !t.Is(apidoc.Array) {
		n.Set("type", apidoc.NewString(to))
		return
	}
	for i, item := range t.Items {
		if item.Str() != "null" {
			t.Items[i] = apidoc.NewString(to)
		}
	}
}

// dates is what the ERP's times may look like.
const dates = `^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$`

// patterned replaces the format of a schema by a pattern, unless it has one.
func patterned(n *apidoc.Node, pattern string) {
	n.Delete("format")
	if !n.Has("pattern") {
		n.Set("pattern", apidoc.NewString(pattern))
	}
}

func mendDates(n *apidoc.Node, is sort) bool {
	format := n.Get("format").Str()
	if is != schema || !hasType(n, "string") || format != "date-time" && format != "date" {
		return false
	}
	patterned(n, dates)
	return true
}

func mendUUIDs(n *apidoc.Node, is sort) bool {
	return is == schema && n.Get("format").Str() == "uuid" && n.Delete("format")
}

const integers = `^-?[0-9]+$`

var digits = regexp.MustCompile(integers)

func mendIntegers(n *apidoc.Node, is sort) bool {
	if is != schema {
		return false
	}
	switch {
	case hasType(n, "string"):
		if format := n.Get("format").Str(); format != "int32" && format != "int64" && format != "integer" {
			return false
		}
	case hasType(n, "integer"):
		if !quotedDigits(n) {
			return false
		}
		setType(n, "string")
		for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} {
			n.Delete(key)
		}
	default:
		return false
	}
	patterned(n, integers)
	return true
}

// quotedDigits reports whether the values that a schema names are digits in
// quotes, and there are some.
func quotedDigits(n *apidoc.Node) bool {
	values := slices.Clone(items(n.Get("enum")))
	for _, key := range []string{"default", "example"} {
		if value := n.Get(key); value != nil {
			values = append(values, value)
		}
	}
	found := false
	for _, value := range values {
		if value.Is(apidoc.Null) {
			continue
		}
		if !value.Is(apidoc.String) || !digits.MatchString(value.Text) {
			return false
		}
		found = true
	}
	return found
}

func mendDecimals(n *apidoc.Node, is sort) bool {
	if is != schema || !hasType(n, "number") {
		return false
	}
	n.Set("format", apidoc.NewString("double"))
	if n.Has("x-go-type") {
		return true
	}
	from := apidoc.NewObject()
	from.Set("name", apidoc.NewString("openapi"))
	from.Set("path", apidoc.NewString("github.com/vismanet-go/background/openapi"))
	n.Set("x-go-type", apidoc.NewString("openapi.Decimal"))
	n.Set("x-go-type-import", from)
	return true
}

func mendEnums(n *apidoc.Node, is sort) bool {
	if is != schema || !n.Has("enum") {
		return false
	}
	for i, key := range n.Keys {
		if key == "enum" && !n.Has("x-extensible-enum") {
			n.Rename(i, "x-extensible-enum")
		}
	}
	n.Delete("enum")
	return true
}

func mendHeaders(n *apidoc.Node, is sort) bool {
	if is != header || !n.Has("schema") || hasType(n.Get("schema"), "string") && len(n.Get("schema").Keys) == 1 {
		return false
	}
	text := apidoc.NewObject()
	text.Set("type", apidoc.NewString("string"))
	n.Set("schema", text)
	n.Delete("example")
	n.Delete("examples")
	return true
}

func mendWrapped(n *apidoc.Node, is sort) bool {
	properties := n.Get("properties")
	if is != schema || !properties.Is(apidoc.Object) || len(properties.Keys) != 1 || !properties.Has("value") {
		return false
	}
	return n.Delete("required")
}
