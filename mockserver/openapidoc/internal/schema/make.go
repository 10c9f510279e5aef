package schema

// Schemas that stand in no document, which callers combine with those that do.

// With returns a new schema that fill gives its keywords. It stands at pointer.
func (set *Set) With(pointer string, fill func(*Schema)) *Schema {
	set.mu.Lock()
	s := set.fresh(pointer)
	set.mu.Unlock()
	fill(s)
	if s.Members != nil {
		s.index = make(map[string]int, len(s.Members.Properties))
		for i, p := range s.Members.Properties {
			s.index[p.Name] = i
		}
	}
	return s
}

// NewMembers returns what asks nothing of an object.
func NewMembers() *Members { return &Members{MaxProps: -1} }

// NewItems returns what asks nothing of an array.
func NewItems() *Items { return &Items{MaxItems: -1, MinContains: 1, MaxContains: -1} }

// NewText returns what asks nothing of a string.
func NewText() *Text { return &Text{MaxLength: -1} }
