package schema

import (
	"slices"
	"strings"
)

func (c *check) logic(s *Schema, v any, h here) bool {
	ok := true
	if s.Members != nil && s.DependentSchemas != nil {
		object, _ := v.(map[string]any)
		for _, d := range s.DependentSchemas {
			if _, has := object[d.Name]; has {
				ok = c.schema(d.Schema, v, h) && ok
			}
		}
	}
	l := s.Logic
	if l == nil {
		return ok
	}
	for _, sub := range l.AllOf {
		ok = c.schema(sub, v, h) && ok
		if !ok && c.quiet {
			return false
		}
	}
	if len(l.AnyOf) > 0 && c.matches(l.AnyOf, v, h, false) == 0 {
		ok = c.none(s, "anyOf", l.AnyOf, v, h)
	}
	if len(l.OneOf) > 0 {
		switch n := c.matches(l.OneOf, v, h, true); {
		case n == 0:
			ok = c.none(s, "oneOf", l.OneOf, v, h)
		case n > 1 && s.Discriminated(v) == nil:
			ok = c.fault(h, s, "oneOf", "is valid against several of the %d schemas of oneOf; want exactly one", len(l.OneOf))
		}
	}
	if l.Not != nil {
		inner := h
		inner.seen = nil
		if c.probe(l.Not, v, inner) {
			ok = c.fault(h, s, "not", "is valid against the schema of not")
		}
	}
	return c.conditional(l, v, h) && ok
}

// matches returns how many of the schemas a value is valid against: up to two if
// more than one is too many; all are looked at if somebody asks what they evaluate.
func (c *check) matches(of []*Schema, v any, h here, one bool) int {
	n := 0
	for _, sub := range of {
		branch := h
		if h.seen != nil {
			branch.seen = &evaluated{}
		}
		if !c.probe(sub, v, branch) {
			continue
		}
		n++
		h.seen.merge(branch.seen)
		if h.seen == nil && (!one || n > 1) {
			break
		}
	}
	return n
}

// none tells that a value is valid against none of the schemas, and what the one
// that was probably meant says.
func (c *check) none(s *Schema, keyword string, of []*Schema, v any, h here) bool {
	c.fault(h, s, keyword, "is valid against none of the %d schemas of %s", len(of), keyword)
	if c.quiet {
		return false
	}
	meant := s.Discriminated(v)
	var best []Fault
	h.seen = nil
	for _, sub := range of {
		if meant != nil && sub != meant {
			continue
		}
		branch := &check{mode: c.mode, steps: c.steps}
		branch.schema(sub, v, h)
		c.steps = branch.steps
		if mistyped(branch.faults, h) && meant == nil {
			continue
		}
		if best == nil || len(branch.faults) < len(best) {
			best = branch.faults
		}
	}
	for _, f := range best {
		if len(c.faults) < mostFaults {
			c.faults = append(c.faults, f)
		}
	}
	return false
}

// mistyped reports whether a value has already the wrong type for a schema.
func mistyped(faults []Fault, h here) bool {
	for _, f := range faults {
		if f.Pointer == h.at.pointer() && strings.HasSuffix(f.SchemaPointer, "/type") {
			return true
		}
	}
	return false
}

func (c *check) conditional(l *Logic, v any, h here) bool {
	if l.If == nil {
		return true
	}
	branch := h
	if h.seen != nil {
		branch.seen = &evaluated{}
	}
	then := l.Else
	if c.probe(l.If, v, branch) {
		h.seen.merge(branch.seen)
		then = l.Then
	}
	return then == nil || c.schema(then, v, h)
}

// Discriminated returns the schema of oneOf or anyOf that the discriminator of s
// names for a value; nil if there is none.
func (s *Schema) Discriminated(v any) *Schema {
	object, ok := v.(map[string]any)
	if !ok || s.Logic == nil || s.Discriminator == nil {
		return nil
	}
	name, ok := object[s.Discriminator.Property].(string)
	if !ok {
		return nil
	}
	for _, list := range [][]*Schema{s.OneOf, s.AnyOf} {
		for _, sub := range list {
			if values, _ := s.Discriminator.ValuesOf(sub); slices.Contains(values, name) {
				return sub
			}
		}
	}
	return nil
}

// ValuesOf returns the values of the discriminator that stand for a schema, and
// whether the mapping says so: else it is the schema's name.
func (d *Discriminator) ValuesOf(sub *Schema) (values []string, mapped bool) {
	if sub.Ref == nil {
		return nil, false
	}
	own := lastStep(sub.Ref.Text)
	for _, m := range d.Mapping {
		if m.Ref == sub.Ref.Text || lastStep(m.Ref) == own {
			values = append(values, m.Value)
		}
	}
	if values != nil || own == "" {
		return values, values != nil
	}
	return []string{own}, false
}

func lastStep(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
