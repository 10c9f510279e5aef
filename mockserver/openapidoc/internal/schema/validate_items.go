package schema

func (c *check) items(s *Schema, v []any, h here) bool {
	l := s.Items
	ok := true
	if len(v) < l.MinItems {
		ok = c.fault(h, s, "minItems", "has %d items; want at least %d", len(v), l.MinItems)
	}
	if l.MaxItems >= 0 && len(v) > l.MaxItems {
		ok = c.fault(h, s, "maxItems", "has %d items; want at most %d", len(v), l.MaxItems)
	}
	if l.Unique {
		if i, j := twins(v); j > 0 {
			ok = c.fault(h, s, "uniqueItems", "has item %d twice, also as %d", i, j)
		}
	}
	for i, item := range v {
		var for1 *Schema
		if i < len(l.Prefix) {
			for1 = l.Prefix[i]
		} else if for1 = l.Rest; for1 == nil {
			break
		}
		if !ok && c.quiet {
			return false
		}
		ok = c.schema(for1, item, h.in("", i)) && ok
	}
	if h.seen != nil {
		h.seen.items = max(h.seen.items, len(l.Prefix))
		h.seen.allItems = h.seen.allItems || l.Rest != nil
	}
	if l.Contains != nil {
		ok = c.contains(s, v, h) && ok
	}
	return ok
}

func (c *check) contains(s *Schema, v []any, h here) bool {
	found := 0
	for i, item := range v {
		if !c.probe(s.Contains, item, h.in("", i)) {
			continue
		}
		found++
		if h.seen != nil {
			h.seen.index(i)
		}
	}
	if found < s.MinContains {
		return c.fault(h, s, "contains", "has %d items that fit contains; want at least %d", found, s.MinContains)
	}
	if s.MaxContains >= 0 && found > s.MaxContains {
		return c.fault(h, s, "maxContains", "has %d items that fit contains; want at most %d", found, s.MaxContains)
	}
	return true
}

// twins returns the places of two items that are equal; 0, 0 if all differ.
func twins(v []any) (int, int) {
	places := make(map[string]int, len(v))
	var key []byte
	for j, item := range v {
		key = AppendKey(key[:0], item)
		if i, twice := places[string(key)]; twice {
			return i, j
		}
		places[string(key)] = j
	}
	return 0, 0
}
