// Package structure finds out what a schema has at first sight, over references and
// the schemas that it is made of: for texts, which do not tell the type of what they
// say, and for XML, whose names stand in schemas.
package structure

import "github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"

// Types are those that a value may have, as far as references, allOf, anyOf and oneOf
// tell.
func Types(s *schema.Schema) schema.Types { return make(typing).of(s) }

// A typing has the types of the schemas that it came to.
type typing map[*schema.Schema]schema.Types

func (known typing) of(s *schema.Schema) schema.Types {
	if s == nil {
		return schema.Any
	}
	if t, ok := known[s]; ok {
		return t
	}
	known[s] = schema.Any // to itself it says nothing
	t := s.Types
	if to, err := s.Target(); to != nil && err == nil {
		t &= known.of(to)
	}
	if s.Logic != nil {
		for _, part := range s.AllOf {
			t &= known.of(part)
		}
		for _, choice := range [][]*schema.Schema{s.AnyOf, s.OneOf} {
			var all schema.Types
			for _, part := range choice {
				all |= known.of(part)
			}
			if len(choice) > 0 {
				t &= all
			}
		}
	}
	if s.Nullable {
		t |= schema.Null
	}
	known[s] = t
	return t
}

// Find calls found with s and each schema that it is made of, until that returns
// true; it reports whether it did.
func Find(s *schema.Schema, found func(*schema.Schema) bool) bool {
	return make(looking).find(s, found)
}

// A looking has the schemas that were looked at.
type looking map[*schema.Schema]bool

func (seen looking) find(s *schema.Schema, found func(*schema.Schema) bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	if found(s) {
		return true
	}
	if to, err := s.Target(); err == nil && seen.find(to, found) {
		return true
	}
	if s.Logic == nil {
		return false
	}
	for _, parts := range [][]*schema.Schema{s.AllOf, s.OneOf, s.AnyOf} {
		for _, part := range parts {
			if seen.find(part, found) {
				return true
			}
		}
	}
	return false
}

// HasChoices reports whether a property that is valid by itself may be none that fits
// the others: what s is made of says more than what its properties are.
func HasChoices(s *schema.Schema) bool {
	return Find(s, func(s *schema.Schema) bool { return s.Logic != nil || s.DynamicRef != nil || s.Choices != nil })
}

// Property returns the schema of a property, or nil if none is known.
func Property(s *schema.Schema, name string) (property *schema.Schema) {
	Find(s, func(s *schema.Schema) bool {
		property = s.Property(name)
		return property != nil
	})
	if property != nil {
		return property
	}
	Find(s, func(s *schema.Schema) bool {
		if s.Members == nil || s.Additional == nil {
			return false
		}
		property = s.Additional
		return true
	})
	return property
}

// Names are those of the properties, in the order of the document.
func Names(s *schema.Schema) (names []string) {
	known := make(map[string]bool)
	Find(s, func(s *schema.Schema) bool {
		if s.Members != nil {
			for _, p := range s.Members.Properties {
				if !known[p.Name] {
					known[p.Name] = true
					names = append(names, p.Name)
				}
			}
		}
		return false
	})
	return names
}

// Item returns the schema of the i-th item of an array, or nil if none is known.
func Item(s *schema.Schema, i int) (item *schema.Schema) {
	Find(s, func(s *schema.Schema) bool {
		switch {
		case s.Items == nil:
			return false
		case i < len(s.Prefix):
			item = s.Prefix[i]
		default:
			item = s.Rest
		}
		return item != nil
	})
	return item
}

// XML returns how a value is written as XML, or the zero value.
func XML(s *schema.Schema) (x schema.XML) {
	Find(s, func(s *schema.Schema) bool {
		if s.Notes == nil || s.XML == nil {
			return false
		}
		x = *s.XML
		return true
	})
	return x
}
