package synth

import (
	"strconv"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// objects is what a shape says of objects.
type objects struct {
	slots    []slot
	min, max int // max is -1 if there is none
	names    []member
}

// slot is a property that the schemas name.
type slot struct {
	name     string
	required bool
	left     bool // not given unless it is required
	shape    *shape
}

func (sh *shape) objects() *objects {
	sh.objectOnce.Do(func() {
		o := &sh.object
		o.max = -1
		places := make(map[string]int)
		slotOf := func(name string) *slot {
			i, known := places[name]
			if !known {
				i = len(o.slots)
				places[name] = i
				o.slots = append(o.slots, slot{name: name})
			}
			return &o.slots[i]
		}
		for _, m := range sh.members {
			if m.s.Members == nil {
				continue
			}
			for _, p := range m.s.Properties {
				slotOf(p.Name).left = slotOf(p.Name).left || sh.m.foreign(p.Schema)
			}
			for _, name := range m.s.Required {
				if s := slotOf(name); !m.s.MayMiss(name, sh.m.mode) {
					s.required = true
				} else {
					s.left = true
				}
			}
			o.min = max(o.min, m.s.MinProps)
			if m.s.MaxProps >= 0 && (o.max < 0 || m.s.MaxProps < o.max) {
				o.max = m.s.MaxProps
			}
			if m.s.Names != nil {
				o.names = append(o.names, member{m.s.Names, m.scope, -1})
			}
		}
		for i := range o.slots {
			o.slots[i].shape = sh.property(o.slots[i].name)
		}
	})
	return &sh.object
}

// foreign reports whether a property is written by the other side only.
func (m *Maker) foreign(s *schema.Schema) bool {
	d := s.Deref()
	if m.mode == schema.Request {
		return s.ReadOnly || d.ReadOnly
	}
	return s.WriteOnly || d.WriteOnly
}

// property returns the shape of the property with that name.
func (sh *shape) property(name string) *shape {
	var roots []member
	for i, m := range sh.members {
		if m.s.Members == nil {
			continue
		}
		named := sh.named(m.s, name)
		for _, s := range named {
			roots = append(roots, member{s: s, scope: m.scope.Enter(s)})
		}
		if named == nil && m.s.Additional != nil {
			roots = append(roots, member{s: m.s.Additional, scope: m.scope.Enter(m.s.Additional)})
		}
		if u := m.s.UnevaluatedProps; u != nil && !sh.looksAt(i, name) {
			roots = append(roots, member{s: u, scope: m.scope.Enter(u)})
		}
	}
	return sh.m.shape(roots)
}

// named returns what a schema says of a property by its name.
func (sh *shape) named(s *schema.Schema, name string) (of []*schema.Schema) {
	if p := s.Property(name); p != nil {
		of = append(of, p)
	}
	for _, p := range s.PatternProperties {
		if _, err := p.Pattern.Form(); err == nil && p.Pattern.Match(name) {
			of = append(of, p.Schema)
		}
	}
	return of
}

// looksAt reports whether the schema of a member, or one that it refers to, has a
// word for a property.
func (sh *shape) looksAt(member int, name string) bool {
	for i, m := range sh.members {
		if m.s.Members != nil && sh.within(i, member) && (m.s.Additional != nil || sh.named(m.s, name) != nil || i != member && m.s.UnevaluatedProps != nil) {
			return true
		}
	}
	return false
}

// within reports whether a member is another one or came in by it.
func (sh *shape) within(i, of int) bool {
	for ; i >= 0; i = sh.members[i].up {
		if i == of {
			return true
		}
	}
	return false
}

// Bounds of what is made beyond what is required.
const (
	fullDepth  = 5   // of values with all their properties
	fullValues = 400 // in one value
)

func (g *maker) obj(sh *shape, at spot) (any, bool) {
	o := sh.objects()
	object := make(map[string]any, len(o.slots))
	if o.max >= 0 && o.min > o.max {
		return nil, g.because(sh.pointer(), Unsatisfiable, "at least %d properties are wanted, and at most %d", o.min, o.max)
	}
	for i := range o.slots {
		if s := &o.slots[i]; s.required {
			v, ok := g.member(sh, s.name, s.shape, at)
			if !ok {
				return nil, false
			}
			object[s.name] = v
		}
	}
	if o.max >= 0 && len(object) > o.max {
		return nil, g.because(sh.pointer()+"/maxProperties", Unsatisfiable, "%d properties are required, and at most %d allowed", len(object), o.max)
	}
	for i := range o.slots {
		s := &o.slots[i]
		if s.required || s.left || o.max >= 0 && len(object) >= o.max {
			continue
		}
		if len(object) >= o.min && g.leaves(s, at) {
			continue
		}
		if v, ok := g.member(sh, s.name, s.shape, at); ok {
			object[s.name] = v
		}
	}
	return g.others(sh, o, object, at)
}

// leaves reports whether a property that is not required is left out, to end
// somewhere.
func (g *maker) leaves(s *slot, at spot) bool {
	if s.shape.fail != nil {
		return true
	}
	if !s.shape.nests() {
		return false
	}
	if at.minimal || g.values > fullValues {
		return true
	}
	for _, up := range g.stack {
		if up == s.shape {
			return true
		}
	}
	return false
}

// nests reports whether the values of a shape have parts.
func (sh *shape) nests() bool {
	return sh.types.Has(schema.Object|schema.Array) && sh.choices == nil && !sh.types.Has(schema.String|schema.Number|schema.Boolean) ||
		len(sh.clauses) > 0
}

// member makes the value of a property whose name is allowed.
func (g *maker) member(sh *shape, name string, of *shape, at spot) (any, bool) {
	if bad := sh.nameFault(name); bad != nil {
		g.fail = bad
		return nil, false
	}
	return g.value(of, spot{seed: at.seed.name(name), name: name, depth: at.depth + 1, minimal: at.minimal, others: at.others, again: at.again})
}

func (sh *shape) nameFault(name string) *Reason {
	for _, n := range sh.objects().names {
		if !n.s.ValidIn(n.scope.Enter(n.s), name, sh.m.mode) {
			return reason(n.s.Pointer, Unsatisfiable, "the property %q is required, and its name not allowed", name)
		}
	}
	return nil
}

// others adds properties that no schema names, if there are too few.
func (g *maker) others(sh *shape, o *objects, object map[string]any, at spot) (any, bool) {
	want := o.min
	if len(o.slots) == 0 && !at.minimal && g.values < fullValues && sh.isMap() {
		want = max(want, 2)
	}
	if o.max >= 0 {
		want = min(want, o.max)
	}
	if o.min > mostItems {
		return nil, g.because(sh.pointer()+"/minProperties", TooLarge, "%d properties are wanted; at most %d are made", o.min, mostItems)
	}
	for i := 0; len(object) < want && i < 3*want+20; i++ {
		name, ok := g.freshName(sh, i, at)
		if _, has := object[name]; !ok || has {
			continue
		}
		if v, ok := g.member(sh, name, sh.property(name), at); ok {
			object[name] = v
		}
	}
	if len(object) < o.min {
		return nil, g.because(sh.pointer()+"/minProperties", NotFound, "only %d properties were found; want at least %d", len(object), o.min)
	}
	return object, true
}

// isMap reports whether properties of any name are meant.
func (sh *shape) isMap() bool {
	for _, m := range sh.members {
		if m.s.Members != nil && (m.s.Additional != nil && !m.s.Additional.False && !m.s.Additional.WithoutKeys() || m.s.PatternProperties != nil) {
			return true
		}
	}
	return false
}

// freshName returns a name for the i-th further property.
func (g *maker) freshName(sh *shape, i int, at spot) (string, bool) {
	var patterns []*schema.Pattern
	for _, m := range sh.members {
		if m.s.Members != nil {
			for _, p := range m.s.PatternProperties {
				patterns = append(patterns, p.Pattern)
			}
		}
	}
	names := sh.objects().names
	switch turn := i % 3; {
	case turn == 0 && len(names) > 0 || turn != 2 && len(names) > 0 && len(patterns) == 0:
		roots := []member{{s: g.nameSchema(), up: -1}}
		v, ok := g.value(g.shape(append(roots, names...)), spot{seed: at.seed.name("name").index(i), again: i})
		name, isText := v.(string)
		return name, ok && isText
	case turn != 2 && len(patterns) > 0:
		s := patternSchema(g.Maker, patterns[i%len(patterns)])
		v, ok := g.value(g.shape([]member{{s: s, up: -1}}), spot{seed: at.seed.name("name").index(i), again: i})
		name, isText := v.(string)
		return name, ok && isText
	}
	return "key" + strconv.Itoa(i+1), true
}
