package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver/internal/match"
)

// A decoder reads a tree of YAML into the types of this package. It notes
// everything that is wrong, not only the first thing.
type decoder struct {
	problems []Problem
	at       map[string]*token.Position // of each place that was read
}

// maxDepth bounds how deep a value nests.
const maxDepth = 100

func (d *decoder) wrong(place string, at *token.Position, format string, args ...any) {
	p := Problem{Place: place, Text: fmt.Sprintf(format, args...)}
	if at != nil {
		p.Line, p.Column = at.Line, at.Column
	}
	d.problems = append(d.problems, p)
}

// wrongAt is wrong for a place that was read before.
func (d *decoder) wrongAt(place, format string, args ...any) {
	at := d.at[place]
	for up := place; at == nil && up != ""; at = d.at[up] {
		up = up[:max(0, strings.LastIndexAny(up, ".["))]
	}
	d.wrong(place, at, format, args...)
}

// position is where a node begins.
func position(n ast.Node) *token.Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return position(n.Values[0])
		}
	case *ast.MappingValueNode:
		return position(n.Key)
	}
	if t := n.GetToken(); t != nil {
		return t.Position
	}
	return nil
}

// plain resolves what this package does not want to know of YAML.
func (d *decoder) plain(place string, n ast.Node) (ast.Node, bool) {
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		d.wrong(place, position(n), "want plain YAML, without anchors, aliases and tags")
		return nil, false
	}
	return n, true
}

// A nodeDecoder reads itself.
type nodeDecoder interface {
	decodeNode(d *decoder, place string, n ast.Node)
}

// value reads a node into a variable.
func (d *decoder) value(place string, n ast.Node, into reflect.Value) {
	d.at[place] = position(n)
	n, ok := d.plain(place, n)
	if !ok {
		return
	}
	if own, ok := into.Addr().Interface().(nodeDecoder); ok {
		own.decodeNode(d, place, n)
		return
	}
	switch v := into.Addr().Interface().(type) {
	case *time.Duration:
		d.duration(place, n, v)
		return
	case *time.Time:
		d.time(place, n, v)
		return
	case *any:
		*v = d.any(place, n, 0)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(place, n, into.Elem())
	case reflect.Struct:
		d.object(place, n, into)
	case reflect.Slice:
		d.list(place, n, into)
	case reflect.Map:
		d.table(place, n, into)
	default:
		d.scalar(place, n, into)
	}
}

func (d *decoder) duration(place string, n ast.Node, into *time.Duration) {
	const want = `a duration such as "1m30s"`
	text, ok := textOf(n)
	if !ok {
		d.wrong(place, position(n), "want %s, not %s", want, shown(n))
		return
	}
	v, err := time.ParseDuration(text)
	switch {
	case err != nil:
		d.wrong(place, position(n), "want %s, not %s", want, shown(n))
	case v < 0:
		d.wrong(place, position(n), "must not be negative")
	default:
		*into = v
	}
}

func (d *decoder) time(place string, n ast.Node, into *time.Time) {
	text, ok := textOf(n)
	v, err := time.Parse(time.RFC3339, text)
	if !ok || err != nil {
		d.wrong(place, position(n), `want a time such as "2026-01-31T22:59:50Z", not %s`, shown(n))
		return
	}
	*into = v
}

func (d *decoder) scalar(place string, n ast.Node, into reflect.Value) {
	at := position(n)
	switch into.Kind() {
	case reflect.String:
		text, ok := textOf(n)
		if !ok {
			d.wrong(place, at, "want a text, not %s%s", shown(n), quoteHint(n))
			return
		}
		into.SetString(text)
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			d.wrong(place, at, "want true or false, not %s", shown(n))
			return
		}
		into.SetBool(b.Value)
	case reflect.Int, reflect.Uint64:
		v, ok := wholeNumber(n)
		if !ok {
			d.wrong(place, at, "want a whole number of at least 0, not %s", shown(n))
			return
		}
		if into.Kind() == reflect.Int {
			into.SetInt(int64(v & (1<<62 - 1)))
			if v>>31 != 0 {
				d.wrong(place, at, "%d is too large", v)
			}
			return
		}
		into.SetUint(v)
	default:
		panic("scenario: no way to read a " + into.Type().String())
	}
}

func wholeNumber(n ast.Node) (uint64, bool) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseUint(i.GetToken().Value, 10, 64)
	return v, err == nil
}

// object reads a mapping into a structure.
func (d *decoder) object(place string, n ast.Node, into reflect.Value) {
	fields := fieldsOf(into.Type())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	seen := make(map[string]bool)
	ok := d.entries(place, n, func(name string, key, value ast.Node) {
		i := slices.Index(names, name)
		if i < 0 {
			d.wrong(under(place, name), position(key), "there is no such field here%s", orNames(name, names))
			return
		}
		seen[name] = true
		d.at[under(place, name)] = position(key)
		d.value(under(place, name), value, into.FieldByIndex(fields[i].index))
		d.oneOf(under(place, name), value, fields[i].enum)
	})
	if !ok {
		return
	}
	d.exactlyOne(place, fields, seen)
	for _, f := range fields {
		if f.required && !seen[f.name] {
			d.wrongAt(place, "%s is missing", f.name)
		}
	}
}

// orNames is a hint about a name, or lists all.
func orNames(name string, names []string) string {
	if hint := spell.Hint(name, names); hint != "" {
		return hint
	}
	return "; want one of " + strings.Join(names, ", ")
}

func (d *decoder) oneOf(place string, n ast.Node, values []string) {
	if text, ok := textOf(n); ok && len(values) > 0 && !slices.Contains(values, text) {
		d.wrong(place, position(n), "want one of %s, not %s", strings.Join(values, ", "), shown(n))
	}
}

// exactlyOne wants one of the fields of a group.
func (d *decoder) exactlyOne(place string, fields []field, seen map[string]bool) {
	var group string
	var all, have []string
	for _, f := range fields {
		if f.group == "" {
			continue
		}
		group = f.group
		all = append(all, f.name)
		if seen[f.name] {
			have = append(have, f.name)
		}
	}
	switch {
	case group == "" || len(have) == 1:
	case len(have) == 0:
		d.wrongAt(place, "a %s is one of %s", group, strings.Join(all, ", "))
	default:
		d.wrongAt(place, "a %s is one thing, not %s", group, strings.Join(have, " and "))
	}
}

func (d *decoder) list(place string, n ast.Node, into reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrong(place, position(n), "want a list, not %s", shown(n))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.value(place+"["+strconv.Itoa(i)+"]", item, into.Index(i))
	}
}

// table reads a mapping with any names.
func (d *decoder) table(place string, n ast.Node, into reflect.Value) {
	into.Set(reflect.MakeMap(into.Type()))
	d.entries(place, n, func(name string, key, value ast.Node) {
		item := reflect.New(into.Type().Elem()).Elem()
		d.value(under(place, name), value, item)
		into.SetMapIndex(reflect.ValueOf(name), item)
	})
}

// entries yields what is in a mapping, and reports whether n is one.
func (d *decoder) entries(place string, n ast.Node, yield func(name string, key, value ast.Node)) bool {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.wrong(place, position(n), "want fields, not %s", shown(n))
		return false
	}
	seen := make(map[string]bool)
	for _, v := range values {
		key, ok := d.plain(place, v.Key)
		if !ok {
			continue
		}
		name, ok := textOf(key)
		if !ok {
			if i, isNumber := key.(*ast.IntegerNode); isNumber {
				d.wrong(place, position(key), `want a text as the name of a field: write "%s"`, i.GetToken().Value)
			} else {
				d.wrong(place, position(key), "want a text as the name of a field, not %s", shown(key))
			}
			continue
		}
		if seen[name] {
			d.wrong(under(place, name), position(key), "is there twice")
			continue
		}
		seen[name] = true
		yield(name, key, v.Value)
	}
	return true
}

// any reads a value as JSON has it; numbers keep their notation.
func (d *decoder) any(place string, n ast.Node, depth int) any {
	n, ok := d.plain(place, n)
	if !ok {
		return nil
	}
	if depth > maxDepth {
		d.wrong(place, position(n), "is nested more than %d deep", maxDepth)
		return nil
	}
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		text := n.GetToken().Value
		if !json.Valid([]byte(text)) {
			d.wrong(place, position(n), "want a number as JSON has it, not %s%s", text, quoteHint(n))
			return nil
		}
		return json.Number(text)
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, item := range n.Values {
			within := place + "[" + strconv.Itoa(i) + "]"
			d.at[within] = position(item)
			list[i] = d.any(within, item, depth+1)
		}
		return list
	case *ast.MappingNode, *ast.MappingValueNode:
		object := make(map[string]any)
		d.entries(place, n, func(name string, _, value ast.Node) {
			d.at[under(place, name)] = position(value)
			object[name] = d.any(under(place, name), value, depth+1)
		})
		return object
	}
	text, ok := textOf(n)
	if !ok {
		d.wrong(place, position(n), "want a value that JSON has, not %s", shown(n))
	}
	return text
}

// textOf is the text that a node is.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// shown is a node for an error.
func shown(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode:
		return match.Shortened(strconv.Quote(n.Value))
	}
	if t := n.GetToken(); t != nil {
		return match.Shortened(t.Value)
	}
	return n.Type().String()
}

// quoteHint says how a scalar becomes a text.
func quoteHint(n ast.Node) string {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return ": write " + strconv.Quote(n.GetToken().Value)
	}
	return ""
}

func under(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

// A field is one of a structure that is written.
type field struct {
	name     string
	index    []int
	required bool
	group    string
	enum     []string
}

// fieldsOf are the fields of a structure by their names in YAML.
func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case options == "inline":
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
		default:
			own := field{name: name, index: []int{i}, required: options == "required", group: f.Tag.Get("one")}
			if enum := f.Tag.Get("enum"); enum != "" {
				own.enum = strings.Split(enum, ",")
			}
			list = append(list, own)
		}
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
