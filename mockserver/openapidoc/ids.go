package openapidoc

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/params"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/structure"
)

// squashed is a name in the form that its spellings have in common.
func squashed(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("_-.$ ", r):
			return -1
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// idNames are the endings of names for what tells the things of a list apart, those
// first that are sought first.
var idNames = []string{"id", "number", "nbr", "code", "key", "uuid", "guid", "name", "slug", "reference"}

// idProperty is the property of an object that a parameter of a path names: the one
// that is called so, with or without the noun of the list ("invoiceNumber" and
// "number" in a list of invoices), or one that sounds like it. It is empty if there is
// none.
func idProperty(names []string, parameter, noun string) string {
	by := make(map[string]string, len(names))
	for _, name := range slices.Backward(names) {
		by[squashed(name)] = name
	}
	p := squashed(parameter)
	candidates := []string{p}
	for _, n := range []string{noun, strings.TrimSuffix(noun, "s"), strings.TrimSuffix(noun, "es"), strings.TrimSuffix(noun, "ies") + "y"} {
		if n != "" {
			candidates = append(candidates, strings.TrimPrefix(p, n), n+p)
		}
	}
	for _, ending := range idNames {
		if strings.HasSuffix(p, ending) {
			candidates = append(candidates, ending)
		}
	}
	candidates = append(candidates, idNames...)
	for _, c := range candidates {
		if name := by[c]; c != "" && name != "" {
			return name
		}
	}
	for _, ending := range idNames {
		for _, name := range names {
			if strings.HasSuffix(p, ending) && strings.HasSuffix(squashed(name), ending) {
				return name
			}
		}
	}
	return ""
}

// idOf is the id that an object has for a parameter of a path, with the property that
// has it; "metadata", as Kubernetes has it, is looked into.
func idOf(object map[string]any, parameter, noun string) (id string, ok bool) {
	if name := idProperty(slices.Sorted(maps.Keys(object)), parameter, noun); name != "" {
		return idText(object[name])
	}
	if inner, ok := object["metadata"].(map[string]any); ok {
		if name := idProperty(slices.Sorted(maps.Keys(inner)), parameter, noun); name != "" {
			return idText(inner[name])
		}
	}
	return "", false
}

// idText is an id as a path has it. The ERP wraps values in requests.
func idText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case int:
		return strconv.Itoa(v), true
	case map[string]any:
		if inner, ok := v["value"]; ok && len(v) == 1 {
			return idText(inner)
		}
	}
	return "", false
}

// withID is an object with that id, where its schema allows it.
func withID(object map[string]any, s *schema.Schema, parameter, noun, id string) map[string]any {
	place := func(object map[string]any, s *schema.Schema) (map[string]any, bool) {
		name := idProperty(slices.Sorted(maps.Keys(object)), parameter, noun)
		if name == "" {
			return object, false
		}
		property := structure.Property(s, name)
		v := params.Scalar(id, property)
		if property != nil && !property.Valid(v, schema.Response) {
			return object, true
		}
		changed := maps.Clone(object)
		changed[name] = v
		return changed, true
	}
	if changed, found := place(object, s); found {
		return changed
	}
	if inner, ok := object["metadata"].(map[string]any); ok {
		if changed, found := place(inner, structure.Property(s, "metadata")); found {
			object = maps.Clone(object)
			object["metadata"] = changed
		}
	}
	return object
}
