package schema

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/vismanet-go/background/internal/apidoc"
)

// reader reads the keywords of one schema.
type reader struct {
	*Set
	n       *apidoc.Node
	pointer string
}

// compile is [Set.Compile] under mu.
func (set *Set) compile(n *apidoc.Node, pointer string) *Schema {
	if known := set.compiled[n]; known != nil {
		return known
	}
	s := set.fresh(pointer)
	set.compiled[n] = s // before the rest, which may lead back here
	r := &reader{Set: set, n: n, pointer: pointer}
	switch {
	case n == nil, n.IsTrue():
	case n.Is(apidoc.Bool):
		s.False, s.Types = true, 0
	case !n.Is(apidoc.Object):
		set.problem(pointer, "a schema is %s; want an object", n.Kind)
	default:
		r.schema(s)
	}
	return s
}

func (r *reader) schema(s *Schema) {
	if ref := r.n.Get("$ref"); ref != nil {
		if text, ok := r.n.Ref(); ok {
			s.Ref = &Ref{Text: text, from: r.n, at: r.pointer}
			if r.version == apidoc.V30 {
				return // what stands beside it says nothing
			}
		} else {
			r.ignore("$ref", "a string")
		}
	}
	s.Types = r.types()
	s.Nullable = r.version == apidoc.V30 && r.n.Get("nullable").IsTrue()
	s.ReadOnly, s.WriteOnly = r.n.Get("readOnly").IsTrue(), r.n.Get("writeOnly").IsTrue()
	s.Format = r.text("format")
	s.Choices = r.choices()
	s.Numeric, s.Text, s.Items, s.Members = r.numeric(), r.strings(), r.items(), r.members()
	s.Logic, s.Notes = r.logic(), r.notes()
	if r.version == apidoc.V30 {
		return
	}
	if text := r.text("$dynamicRef"); text != "" {
		s.DynamicRef = &Ref{Text: text, from: r.n, at: r.pointer}
	}
	s.dynamicAnchor = r.text("$dynamicAnchor")
	if defs := r.object("$defs"); defs != nil {
		for i, name := range defs.Keys {
			if defs.Items[i].Get("$dynamicAnchor") != nil {
				s.defs = append(s.defs, r.compile(defs.Items[i], r.pointer+apidoc.Pointer("$defs", name)))
			}
		}
	}
}

// since31 returns what a keyword has that 3.0 does not know.
func (r *reader) since31(key string) *apidoc.Node {
	if r.version == apidoc.V30 {
		return nil
	}
	return r.n.Get(key)
}

// child compiles the schema that a keyword has; nil if it is not there.
func (r *reader) child(key string) *Schema {
	if n := r.n.Get(key); n != nil {
		return r.compile(n, r.pointer+"/"+key)
	}
	return nil
}

func (r *reader) child31(key string) *Schema {
	if r.since31(key) == nil {
		return nil
	}
	return r.child(key)
}

// children compiles a list of schemas.
func (r *reader) children(key string) []*Schema {
	n := r.n.Get(key)
	if n == nil {
		return nil
	}
	if !n.Is(apidoc.Array) {
		r.ignore(key, "a list of schemas")
		return nil
	}
	list := make([]*Schema, len(n.Items))
	for i, item := range n.Items {
		list[i] = r.compile(item, r.pointer+"/"+key+"/"+strconv.Itoa(i))
	}
	return list
}

// named compiles the schemas of an object.
func (r *reader) named(key string) []Property {
	object := r.object(key)
	if object == nil {
		return nil
	}
	list := make([]Property, len(object.Keys))
	for i, name := range object.Keys {
		list[i] = Property{name, r.compile(object.Items[i], r.pointer+apidoc.Pointer(key, name))}
	}
	return list
}

func (r *reader) object(key string) *apidoc.Node {
	n := r.n.Get(key)
	if n == nil || n.Is(apidoc.Object) {
		return n
	}
	r.ignore(key, "an object")
	return nil
}

func (r *reader) text(key string) string {
	n := r.n.Get(key)
	if n != nil && !n.Is(apidoc.String) {
		r.ignore(key, "a string")
	}
	return n.Str()
}

// names reads a list of strings.
func (r *reader) names(n *apidoc.Node, key string) []string {
	if n == nil {
		return nil
	}
	list := make([]string, 0, len(n.Items))
	for _, item := range n.Items {
		if item.Is(apidoc.String) {
			list = append(list, item.Text)
		}
	}
	if !n.Is(apidoc.Array) || len(list) < len(n.Items) {
		r.ignore(key, "a list of strings")
	}
	return list
}

// count reads a number of things; absent if there is none.
func (r *reader) count(key string, absent int) int {
	n := r.number(key)
	if n == nil {
		return absent
	}
	if !n.IsInt() || n.Cmp(Num{}) < 0 {
		r.ignore(key, "an integer of at least 0")
		return absent
	}
	if n.r != nil || n.i > most {
		return most
	}
	return int(n.i)
}

// most is the largest number of things that is told from larger ones.
const most = 1 << 40

func (r *reader) number(key string) *Num {
	n := r.n.Get(key)
	if n == nil || n.Is(apidoc.Bool) {
		return nil
	}
	if n.Is(apidoc.Number) {
		if num, ok := ParseNum(n.Text); ok {
			return &num
		}
	}
	r.ignore(key, "a number of at most a thousand digits")
	return nil
}

// ignore notes that a keyword is left out.
func (r *reader) ignore(key, want string) {
	r.problem(r.pointer+"/"+key, "%s is %s, and left out; want %s", key, brief(r.n.Get(key)), want)
}

// mostProblems is how many are kept.
const mostProblems = 10_000

func (set *Set) problem(pointer, format string, args ...any) {
	if len(set.problems) < mostProblems {
		set.problems = append(set.problems, Problem{pointer, fmt.Sprintf(format, args...)})
	}
}

func brief(n *apidoc.Node) string {
	if n == nil {
		return "missing"
	}
	text := n.Text
	if len(text) > 40 {
		text = text[:40] + "…"
	}
	switch n.Kind {
	case apidoc.String:
		return strconv.Quote(text)
	case apidoc.Number, apidoc.Bool:
		return text
	}
	return n.Kind.String()
}

func unescapePercent(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
