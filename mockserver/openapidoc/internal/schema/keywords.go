package schema

import (
	"strconv"

	"github.com/vismanet-go/background/internal/apidoc"
)

func (r *reader) types() Types {
	n := r.n.Get("type")
	if n == nil {
		return Any
	}
	words := []*apidoc.Node{n}
	if n.Is(apidoc.Array) {
		words = n.Items
	}
	var types Types
	for _, word := range words {
		known := false
		for _, t := range typeNames {
			if t.name == word.Str() && t.types != Fraction {
				types |= t.types
				known = true
			}
		}
		switch {
		case known:
		case word.Str() == "file": // of Swagger 2.0
			types |= String
		default:
			r.ignore("type", "null, boolean, integer, number, string, array or object")
		}
	}
	if types == 0 {
		return Any
	}
	return types
}

func (r *reader) choices() (lists [][]any) {
	if n := r.n.Get("enum"); n != nil {
		if n.Is(apidoc.Array) {
			values, _ := ValueOf(n).([]any)
			lists = append(lists, values)
		} else {
			r.ignore("enum", "a list of values")
		}
	}
	if n := r.n.Get("const"); n != nil {
		lists = append(lists, []any{ValueOf(n)})
	}
	return lists
}

// has reports whether one of the keywords is there.
func (r *reader) has(keys ...string) bool {
	for _, key := range keys {
		if r.n.Has(key) {
			return true
		}
	}
	return false
}

func (r *reader) numeric() *Numeric {
	if !r.has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") {
		return nil
	}
	n := &Numeric{Min: r.number("minimum"), Max: r.number("maximum"), MultipleOf: r.number("multipleOf")}
	n.ExclusiveMin = n.Min != nil && r.n.Get("exclusiveMinimum").IsTrue()
	n.ExclusiveMax = n.Max != nil && r.n.Get("exclusiveMaximum").IsTrue()
	if x := r.number("exclusiveMinimum"); x != nil && (n.Min == nil || x.Cmp(*n.Min) >= 0) {
		n.Min, n.ExclusiveMin = x, true
	}
	if x := r.number("exclusiveMaximum"); x != nil && (n.Max == nil || x.Cmp(*n.Max) <= 0) {
		n.Max, n.ExclusiveMax = x, true
	}
	if n.MultipleOf != nil && n.MultipleOf.Cmp(Num{}) <= 0 {
		r.ignore("multipleOf", "a number above 0")
		n.MultipleOf = nil
	}
	return n
}

func (r *reader) strings() *Text {
	if !r.has("minLength", "maxLength", "pattern") {
		return nil
	}
	t := &Text{MinLength: r.count("minLength", 0), MaxLength: r.count("maxLength", -1)}
	if n := r.n.Get("pattern"); n.Is(apidoc.String) {
		t.Pattern = NewPattern(n.Text)
	} else if n != nil {
		r.ignore("pattern", "a string")
	}
	return t
}

func (r *reader) items() *Items {
	if !r.has("items", "minItems", "maxItems", "uniqueItems", "prefixItems", "contains", "unevaluatedItems") {
		return nil
	}
	l := &Items{
		MinItems: r.count("minItems", 0), MaxItems: r.count("maxItems", -1), Unique: r.n.Get("uniqueItems").IsTrue(),
		MinContains: 1, MaxContains: -1,
	}
	if r.n.Get("items").Is(apidoc.Array) { // of older JSON Schema
		l.Prefix, l.Rest = r.children("items"), r.child("additionalItems")
	} else {
		l.Rest = r.child("items")
	}
	if r.version == apidoc.V30 {
		return l
	}
	if r.has("prefixItems") {
		l.Prefix = r.children("prefixItems")
	}
	l.Unevaluated = r.child("unevaluatedItems")
	if l.Contains = r.child("contains"); l.Contains != nil {
		l.MinContains, l.MaxContains = r.count("minContains", 1), r.count("maxContains", -1)
	}
	return l
}

func (r *reader) members() *Members {
	if !r.has("properties", "required", "additionalProperties", "minProperties", "maxProperties", "patternProperties",
		"propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedProperties") {
		return nil
	}
	m := &Members{
		Properties: r.named("properties"), Additional: r.child("additionalProperties"), Required: r.names(r.n.Get("required"), "required"),
		MinProps: r.count("minProperties", 0), MaxProps: r.count("maxProperties", -1),
	}
	m.index = make(map[string]int, len(m.Properties))
	for i, p := range m.Properties {
		m.index[p.Name] = i
	}
	if r.version == apidoc.V30 {
		return m
	}
	for _, p := range r.named("patternProperties") {
		m.PatternProperties = append(m.PatternProperties, PatternProperty{NewPattern(p.Name), p.Schema})
	}
	m.Names, m.UnevaluatedProps = r.child("propertyNames"), r.child("unevaluatedProperties")
	m.DependentSchemas = r.named("dependentSchemas")
	if dependent := r.object("dependentRequired"); dependent != nil {
		for i, name := range dependent.Keys {
			m.DependentRequired = append(m.DependentRequired, Dependent{name, r.names(dependent.Items[i], "dependentRequired")})
		}
	}
	return m
}

func (r *reader) logic() *Logic {
	if !r.has("allOf", "anyOf", "oneOf", "not", "if", "discriminator") {
		return nil
	}
	l := &Logic{AllOf: r.children("allOf"), AnyOf: r.children("anyOf"), OneOf: r.children("oneOf"), Not: r.child("not")}
	if l.If = r.child31("if"); l.If != nil {
		l.Then, l.Else = r.child31("then"), r.child31("else")
	}
	if d := r.n.Get("discriminator"); d.Get("propertyName").Is(apidoc.String) {
		l.Discriminator = &Discriminator{Property: d.Get("propertyName").Text}
		mapping := d.Get("mapping")
		if mapping.Is(apidoc.Object) {
			for i, value := range mapping.Keys {
				l.Discriminator.Mapping = append(l.Discriminator.Mapping, Mapping{value, mapping.Items[i].Str()})
			}
		}
	}
	return l
}

func (r *reader) notes() *Notes {
	if !r.has("default", "example", "examples", "contentEncoding", "contentMediaType", "xml") {
		return nil
	}
	n := &Notes{}
	if value := r.n.Get("default"); value != nil {
		n.Default = &Example{ValueOf(value), r.pointer + "/default"}
	}
	if value := r.n.Get("example"); value != nil {
		n.Examples = append(n.Examples, Example{ValueOf(value), r.pointer + "/example"})
	}
	if list := r.n.Get("examples"); list.Is(apidoc.Array) {
		for i, value := range list.Items {
			n.Examples = append(n.Examples, Example{ValueOf(value), r.pointer + apidoc.Pointer("examples", strconv.Itoa(i))})
		}
	}
	n.ContentEncoding, n.ContentMediaType = r.since31("contentEncoding").Str(), r.since31("contentMediaType").Str()
	if x := r.n.Get("xml"); x.Is(apidoc.Object) {
		n.XML = &XML{
			Name: x.Get("name").Str(), Namespace: x.Get("namespace").Str(), Prefix: x.Get("prefix").Str(),
			Attribute: x.Get("attribute").IsTrue(), Wrapped: x.Get("wrapped").IsTrue(),
		}
	}
	return n
}
