package schema

import (
	"sort"

	"github.com/vismanet-go/background/internal/apidoc"
)

func (c *check) members(s *Schema, v map[string]any, h here) bool {
	m := s.Members
	ok := true
	if len(v) < m.MinProps {
		ok = c.fault(h, s, "minProperties", "has %d properties; want at least %d", len(v), m.MinProps)
	}
	if m.MaxProps >= 0 && len(v) > m.MaxProps {
		ok = c.fault(h, s, "maxProperties", "has %d properties; want at most %d", len(v), m.MaxProps)
	}
	for _, name := range m.Required {
		if _, has := v[name]; !has && !s.MayMiss(name, c.mode) {
			ok = c.fault(h.in(name, -1), s, "required", "is missing")
		}
	}
	for _, d := range m.DependentRequired {
		if _, has := v[d.Name]; !has {
			continue
		}
		for _, name := range d.Required {
			if _, has := v[name]; !has {
				ok = c.fault(h.in(name, -1), s, "dependentRequired", "is missing, which %s asks for", d.Name)
			}
		}
	}
	if !ok && c.quiet {
		return false
	}
	return c.each(s, v, h) && ok
}

// each checks the properties that a value has.
func (c *check) each(s *Schema, v map[string]any, h here) bool {
	m := s.Members
	ok := true
	for _, p := range m.Properties {
		value, has := v[p.Name]
		if !has {
			continue
		}
		in := h.in(p.Name, -1)
		if !c.mode.request() && s.set.version == apidoc.V30 && p.Schema.Deref().WriteOnly {
			ok = c.fault(in, p.Schema, "writeOnly", "is writeOnly, and no part of answers")
		}
		ok = c.schema(p.Schema, value, in) && ok
		if !ok && c.quiet {
			return false
		}
		h.seen.name(p.Name)
	}
	if m.Names == nil && m.PatternProperties == nil && (m.Additional == nil || m.Additional.WithoutKeys()) {
		if m.Additional != nil {
			h.seen.everyName()
		}
		return ok
	}
	for _, name := range c.order(v) {
		ok = c.byName(s, name, v[name], h) && ok
		if !ok && c.quiet {
			return false
		}
	}
	if m.Additional != nil {
		h.seen.everyName()
	}
	return ok
}

// byName checks what is said of a property other than by its name.
func (c *check) byName(s *Schema, name string, value any, h here) bool {
	m := s.Members
	in := h.in(name, -1)
	ok := true
	if m.Names != nil && !c.probe(m.Names, name, in) {
		ok = c.fault(in, s, "propertyNames", "is no name that is allowed")
	}
	_, known := m.index[name]
	for _, p := range m.PatternProperties {
		if _, err := p.Pattern.Form(); err == nil && p.Pattern.Match(name) {
			known = true
			ok = c.schema(p.Schema, value, in) && ok
			h.seen.name(name)
		}
	}
	switch {
	case known || m.Additional == nil:
	case m.Additional.False:
		ok = c.fault(in, s, "additionalProperties", "is a property that the schema does not know")
	default:
		ok = c.schema(m.Additional, value, in) && ok
	}
	return ok
}

// order returns the names of the properties, sorted where the order of faults shows.
func (c *check) order(v map[string]any) []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	if !c.quiet {
		sort.Strings(names)
	}
	return names
}

// MayMiss reports whether a property that is required need not be there, because
// the other side writes it.
func (s *Schema) MayMiss(name string, mode Mode) bool {
	p := s.Property(name)
	if p == nil {
		return false
	}
	if mode.request() {
		return p.ReadOnly || p.Deref().ReadOnly
	}
	return s.set.version == apidoc.V30 && (p.WriteOnly || p.Deref().WriteOnly)
}
