// Package fit merges what a request says into a value that is valid, so that the
// result is valid too.
package fit

import (
	"maps"
	"slices"
	"strconv"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Over returns base with what over has in its place, as far as s allows: objects are
// merged, everything else is replaced, and null removes a property that may not be
// null. What is not valid stays as it is in base. Neither value is changed. With a nil
// s all of over is taken.
func Over(base, over any, s *schema.Schema, mode schema.Mode) any {
	merged := merge(base, over)
	if s == nil {
		return merged
	}
	for range maxRounds {
		faults := s.Validate(merged, mode)
		if faults == nil {
			return merged
		}
		changed := false
		for _, f := range faults {
			merged, changed = restored(merged, base, apidoc.Steps(f.Pointer), changed)
		}
		if !changed {
			return base
		}
	}
	return base
}

// maxRounds bounds how often what is not valid is taken back.
const maxRounds = 20

// merge is base with what over has. A value in a wrapper, {"value": 1}, as the ERP has
// it in requests, is meant without it where base has none.
func merge(base, over any) any {
	to, isObject := base.(map[string]any)
	from, ok := over.(map[string]any)
	if inner, wrapped := from["value"]; ok && wrapped && len(from) == 1 && (!isObject || to["value"] == nil) && base != nil {
		return merge(base, inner)
	}
	if !ok || !isObject {
		return over
	}
	to = maps.Clone(to)
	for name, value := range from {
		to[name] = merge(to[name], value)
	}
	return to
}

// restored is v with what base has at a place, without it if base has nothing there; it
// climbs up from where there is no difference.
func restored(v, base any, at []string, changed bool) (any, bool) {
	for {
		if next, ok := put(v, base, at); ok {
			return next, true
		}
		if len(at) == 0 {
			return v, changed
		}
		at = at[:len(at)-1]
	}
}

// put is v with what base has at a place, and false if that makes no difference.
func put(v, base any, at []string) (any, bool) {
	if len(at) == 0 {
		if schema.Equal(v, base) {
			return v, false
		}
		if full, lacked := completed(v, base); lacked {
			return full, true
		}
		return base, true
	}
	switch v := v.(type) {
	case map[string]any:
		now, there := v[at[0]]
		was, had := base.(map[string]any)
		var before any
		if had {
			before, had = was[at[0]]
		}
		switch {
		case !there && !had:
			return v, false
		case there && now == nil, !had && (len(at) == 1 || !isContainer(now)):
			v = maps.Clone(v)
			delete(v, at[0])
			return v, true
		case !there:
			v = maps.Clone(v)
			v[at[0]] = before
			return v, true
		}
		next, changed := put(now, before, at[1:])
		if changed {
			v = maps.Clone(v)
			v[at[0]] = next
		}
		return v, changed
	case []any:
		i, err := strconv.Atoi(at[0])
		was, _ := base.([]any)
		if err != nil || i < 0 || i >= len(v) || i >= len(was) {
			return v, false
		}
		next, changed := put(v[i], was[i], at[1:])
		if changed {
			v = slices.Clone(v)
			v[i] = next
		}
		return v, changed
	}
	return v, false
}

// completed is an object with the properties that base has and it lacks, which null
// removed; false if it lacks none.
func completed(v, base any) (full map[string]any, lacked bool) {
	now, _ := v.(map[string]any)
	was, _ := base.(map[string]any)
	for name, before := range was {
		if _, there := now[name]; there || now == nil {
			continue
		}
		if full == nil {
			full = maps.Clone(now)
		}
		full[name] = before
	}
	return full, full != nil
}

func isContainer(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
