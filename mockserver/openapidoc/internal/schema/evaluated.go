package schema

import "strconv"

// evaluated is which parts of a value some schema has looked at. A nil *evaluated
// is that nobody asks; noting on it does nothing.
type evaluated struct {
	names    map[string]bool
	allNames bool
	items    int // the first ones
	indices  map[int]bool
	allItems bool
}

func (e *evaluated) name(name string) {
	if e == nil {
		return
	}
	if e.names == nil {
		e.names = make(map[string]bool)
	}
	e.names[name] = true
}

func (e *evaluated) everyName() {
	if e != nil {
		e.allNames = true
	}
}

func (e *evaluated) index(i int) {
	if e.indices == nil {
		e.indices = make(map[int]bool)
	}
	e.indices[i] = true
}

func (e *evaluated) merge(other *evaluated) {
	if e == nil || other == nil {
		return
	}
	for name := range other.names {
		e.name(name)
	}
	for i := range other.indices {
		e.index(i)
	}
	e.allNames = e.allNames || other.allNames
	e.allItems = e.allItems || other.allItems
	e.items = max(e.items, other.items)
}

// unevaluated checks what no schema has looked at.
func (c *check) unevaluated(s *Schema, v any, h here) bool {
	ok := true
	switch v := v.(type) {
	case map[string]any:
		if s.Members == nil || s.UnevaluatedProps == nil {
			return true
		}
		if !h.seen.allNames {
			for _, name := range c.order(v) {
				if !h.seen.names[name] {
					ok = c.rest(s, s.UnevaluatedProps, "unevaluatedProperties", v[name], h.in(name, -1)) && ok
				}
			}
		}
		h.seen.everyName()
	case []any:
		if s.Items == nil || s.Items.Unevaluated == nil {
			return true
		}
		for i, item := range v {
			if !h.seen.allItems && i >= h.seen.items && !h.seen.indices[i] {
				ok = c.rest(s, s.Items.Unevaluated, "unevaluatedItems", item, h.in(strconv.Itoa(i), i)) && ok
			}
		}
		h.seen.allItems = true
	}
	return ok
}

func (c *check) rest(s, sub *Schema, keyword string, v any, h here) bool {
	if sub.False {
		return c.fault(h, s, keyword, "is not known to any schema that is asked")
	}
	return c.schema(sub, v, h)
}
