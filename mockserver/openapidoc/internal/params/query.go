package params

import (
	"net/url"
	"slices"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// raws are the values of a name in the query, with their escapes; the case of its
// letters matters only if there is one that is written exactly so.
func (q *Request) raws(name string) (list []string) {
	exact := slices.ContainsFunc(q.query, func(p pair) bool { return p.name == name })
	for _, p := range q.query {
		if p.name == name || !exact && strings.EqualFold(p.name, name) {
			list = append(list, p.raw)
		}
	}
	return list
}

func (q *Request) readQuery(p Parameter) (any, bool, error) {
	types := structure.Types(p.Schema)
	switch {
	case p.JSON:
		if raws := q.raws(p.Name); raws != nil {
			return fromJSON(unescaped(raws[0]))
		}
		return nil, false, nil
	case p.Style == "deepObject":
		object := q.deep(p)
		return object, object != nil, nil
	case isObject(types) && p.Explode && (p.Style == "form" || p.Style == ""):
		object := q.spread(p)
		return object, len(object) > 0, nil
	}
	raws := q.raws(p.Name)
	switch {
	case raws == nil:
		return nil, false, nil
	case isObject(types):
		return p.object(p.split(raws[0]), false), true, nil
	case isArray(types) && p.Explode && len(raws) == 1 && raws[0] == "":
		return []any{}, true, nil
	case isArray(types) && p.Explode:
		texts := make([]string, len(raws))
		for i, raw := range raws {
			texts[i] = unescaped(raw)
		}
		return p.array(texts), true, nil
	case isArray(types):
		return p.array(p.split(raws[0])), true, nil
	}
	return Scalar(unescaped(raws[0]), p.Schema), true, nil
}

// split cuts a value of a query that is not exploded into its parts.
func (p Parameter) split(raw string) []string {
	switch p.Style {
	case "spaceDelimited":
		raw = strings.NewReplacer("%20", "\x00", "+", "\x00").Replace(raw)
	case "pipeDelimited":
		raw = strings.NewReplacer("%7C", "\x00", "%7c", "\x00", "|", "\x00").Replace(raw)
	default:
		raw = strings.ReplaceAll(raw, ",", "\x00")
	}
	parts := strings.Split(raw, "\x00")
	for i, part := range parts {
		parts[i] = unescaped(part)
	}
	return parts
}

// spread is an object whose properties are parameters themselves.
func (q *Request) spread(p Parameter) map[string]any {
	object := make(map[string]any)
	for _, name := range structure.Names(p.Schema) {
		if raws := q.raws(name); raws != nil {
			object[name] = of(raws, structure.Property(p.Schema, name))
		}
	}
	return object
}

// of is what the values of one name say.
func of(raws []string, s *schema.Schema) any {
	if !isArray(structure.Types(s)) {
		return Scalar(unescaped(raws[0]), s)
	}
	list := make([]any, len(raws))
	for i, raw := range raws {
		list[i] = Scalar(unescaped(raw), structure.Item(s, i))
	}
	return list
}

// maxDeep bounds how deep a parameter such as filter[a][b] leads.
const maxDeep = 20

// deep is an object of parameters such as filter[a]=1 and filter[b][c]=2; nil if there
// are none.
func (q *Request) deep(p Parameter) map[string]any {
	var object map[string]any
	for _, pair := range q.query {
		steps := stepsOf(pair.name, p.Name)
		if steps == nil {
			continue
		}
		if object == nil {
			object = make(map[string]any)
		}
		at, s := object, p.Schema
		for i, step := range steps {
			s = structure.Property(s, step)
			if i == len(steps)-1 {
				if _, twice := at[step]; !twice {
					at[step] = of(q.raws(pair.name), s)
				}
				break
			}
			below, ok := at[step].(map[string]any)
			if !ok {
				below = make(map[string]any)
				at[step] = below
			}
			at = below
		}
	}
	return object
}

// stepsOf are a and b of filter[a][b], and nil for another parameter.
func stepsOf(written, name string) (steps []string) {
	rest, ok := strings.CutPrefix(written, name+"[")
	if !ok || !strings.HasSuffix(rest, "]") {
		return nil
	}
	steps = strings.Split(strings.TrimSuffix(rest, "]"), "][")
	if len(steps) > maxDeep {
		return nil
	}
	return steps
}

// Unknown are the names in the query that none of the parameters takes.
func (q *Request) Unknown(list []Parameter) (names []string) {
	for _, pair := range q.query {
		known := slices.Contains(names, pair.name) || slices.ContainsFunc(list, func(p Parameter) bool {
			return p.In == "query" && q.takes(p, pair.name)
		})
		if !known {
			names = append(names, pair.name)
		}
	}
	return names
}

func (q *Request) takes(p Parameter, name string) bool {
	types := structure.Types(p.Schema)
	switch {
	case p.Style == "deepObject":
		return stepsOf(name, p.Name) != nil
	case !p.JSON && isObject(types) && p.Explode && (p.Style == "form" || p.Style == ""):
		return structure.Property(p.Schema, name) != nil || slices.ContainsFunc(structure.Names(p.Schema), func(known string) bool { return strings.EqualFold(known, name) })
	}
	return strings.EqualFold(p.Name, name)
}

// Query is the value of a parameter of the query, decoded, and false if there is none.
func (q *Request) Query(name string) (string, bool) {
	if raws := q.raws(name); raws != nil {
		return unescaped(raws[0]), true
	}
	return "", false
}

// WithQuery is the query with some of its values replaced.
func (q *Request) WithQuery(values map[string]string) string {
	var parts []string
	for _, pair := range q.query {
		if _, replaced := values[pair.name]; !replaced {
			parts = append(parts, url.QueryEscape(pair.name)+"="+pair.raw)
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		parts = append(parts, url.QueryEscape(name)+"="+url.QueryEscape(values[name]))
	}
	return strings.Join(parts, "&")
}
