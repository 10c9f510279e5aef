package synth

import (
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// clause is alternatives, one of which a value must be valid against.
type clause struct {
	s      *schema.Schema // whose keyword it is
	up     int            // its member
	alts   []alternative
	groups []int // sizes: those of a group are equally good, and better than those behind
	// one is the schemas of oneOf; nil if a value may be valid against several.
	one []*schema.Schema
}

// alternative is one choice: the schema of, and what else is asked for then.
type alternative struct {
	of   *schema.Schema
	with []*schema.Schema
}

func (a alternative) schemas() []*schema.Schema {
	return append(a.with[:len(a.with):len(a.with)], a.of)
}

// either returns a clause of two alternatives, the first of which is the better one.
func either(s *schema.Schema, up int, a, b alternative) *clause {
	return &clause{s: s, up: up, alts: []alternative{a, b}, groups: []int{1, 1}}
}

// add merges a member and what it refers to into the shape.
func (sh *shape) add(r member) {
	key := [2]uint32{r.s.ID, r.scope.Number()}
	if at, twice := sh.has[key]; twice {
		if sh.within(r.up, at) {
			sh.refuse(r.s.Pointer, NotFound, "the schema refers to itself for the same value")
		}
		return
	}
	sh.has[key] = len(sh.members)
	if len(sh.members) > mostMembers {
		sh.refuse(r.s.Pointer, NotFound, "more than %d schemas for one value", mostMembers)
		return
	}
	s, own := r.s, len(sh.members)
	sh.members = append(sh.members, r)
	if s.False {
		sh.types, sh.null = 0, false
		sh.refuse(s.Pointer, Unsatisfiable, "no value is valid against the schema false")
		return
	}
	before := sh.types
	sh.types &= s.Types
	if sh.types == 0 {
		sh.refuse(s.Pointer+"/type", Unsatisfiable, "%s is wanted, and elsewhere %s", s.Types, before)
	}
	sh.choices = append(sh.choices, s.Choices...)
	sh.follow(s.Target, r, own)
	sh.follow(func() (*schema.Schema, error) { return r.scope.Target(s) }, r, own)
	sh.lucky = sh.lucky || s.DynamicRef != nil || s.Members != nil && s.UnevaluatedProps != nil || s.Items != nil && (s.Items.Unevaluated != nil || s.Contains != nil)
	if s.Members != nil {
		sh.dependents(s, own)
	}
	if s.Logic != nil {
		sh.logic(s, r.scope, own)
	}
}

// mostMembers bounds the schemas of one shape.
const mostMembers = 5000

func (sh *shape) follow(target func() (*schema.Schema, error), r member, own int) {
	to, err := target()
	switch {
	case err != nil:
		sh.refuse(r.s.Pointer, BadReference, "%v", err)
	case to != nil:
		sh.add(member{to, r.scope.Enter(to), own})
	}
}

// refuse notes that no value is valid.
func (sh *shape) refuse(pointer string, kind Kind, format string, args ...any) {
	if sh.fail == nil {
		sh.fail = reason(pointer, kind, format, args...)
	}
}

func (sh *shape) logic(s *schema.Schema, scope *schema.Scope, own int) {
	l := s.Logic
	for _, sub := range l.AllOf {
		sh.add(member{sub, scope.Enter(sub), own})
	}
	for _, of := range [][]*schema.Schema{l.AnyOf, l.OneOf} {
		if len(of) > 0 {
			sh.clauses = append(sh.clauses, sh.m.choice(s, own, of))
		}
	}
	if len(l.OneOf) > 0 {
		sh.clauses[len(sh.clauses)-1].one = l.OneOf
	}
	if l.Not != nil {
		sh.nots = append(sh.nots, member{l.Not, scope.Enter(l.Not), own})
	}
	if l.If != nil && (l.Then != nil || l.Else != nil) {
		then, otherwise := alternative{of: l.If}, alternative{of: sh.m.negation(l.If)}
		if l.Then != nil {
			then.with = []*schema.Schema{l.Then}
		}
		if l.Else != nil {
			otherwise.with = []*schema.Schema{l.Else}
		}
		sh.clauses = append(sh.clauses, either(s, own, then, otherwise))
	}
}

// choice returns the clause of anyOf or oneOf. Where a discriminator tells the schemas
// apart, those with a value of its mapping come first, then those with another value.
func (m *Maker) choice(s *schema.Schema, own int, of []*schema.Schema) *clause {
	c := &clause{s: s, up: own}
	group := func(alts []alternative) {
		if len(alts) > 0 {
			c.alts, c.groups = append(c.alts, alts...), append(c.groups, len(alts))
		}
	}
	var mapped, implied, plain []alternative
	for _, sub := range of {
		plain = append(plain, alternative{of: sub})
		if s.Discriminator == nil {
			continue
		}
		if values, explicit := s.Discriminator.ValuesOf(sub); values != nil {
			alt := alternative{sub, []*schema.Schema{m.discriminated(s, sub, s.Discriminator.Property, values)}}
			if explicit {
				mapped = append(mapped, alt)
			} else {
				implied = append(implied, alt)
			}
		}
	}
	group(mapped)
	group(implied)
	group(plain)
	return c
}

// discriminated returns the schema of objects in which a property has one of the
// values.
func (m *Maker) discriminated(s, sub *schema.Schema, property string, values []string) *schema.Schema {
	return m.derived(sub.ID, "discriminator "+property, func(to *schema.Schema) {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		to.Pointer = s.Pointer + "/discriminator"
		value := m.set.With(to.Pointer, func(v *schema.Schema) { v.Choices = [][]any{list} })
		to.Types = schema.Object
		to.Members = schema.NewMembers()
		to.Members.Required = []string{property}
		to.Members.Properties = []schema.Property{{Name: property, Schema: value}}
	})
}

// dependents adds what the presence of properties asks for.
func (sh *shape) dependents(s *schema.Schema, own int) {
	ask := func(name string, of *schema.Schema) {
		present := alternative{of, []*schema.Schema{sh.m.present(s, name)}}
		absent := alternative{of: sh.m.absent(s, name)}
		if s.Property(name) == nil {
			present, absent = absent, present
		}
		sh.clauses = append(sh.clauses, either(s, own, present, absent))
	}
	for _, d := range s.DependentRequired {
		ask(d.Name, sh.m.derived(s.ID, "dependentRequired "+d.Name, func(to *schema.Schema) {
			to.Pointer = s.Pointer + "/dependentRequired"
			to.Members = schema.NewMembers()
			to.Members.Required = d.Required
		}))
	}
	for _, d := range s.DependentSchemas {
		ask(d.Name, d.Schema)
	}
}

// present returns the schema of what has a property; other than objects are valid.
func (m *Maker) present(s *schema.Schema, name string) *schema.Schema {
	return m.derived(s.ID, "with "+name, func(to *schema.Schema) {
		to.Pointer = s.Pointer
		to.Members = schema.NewMembers()
		to.Members.Required = []string{name}
	})
}

// absent returns the schema of what lacks a property.
func (m *Maker) absent(s *schema.Schema, name string) *schema.Schema {
	return m.derived(s.ID, "without "+name, func(to *schema.Schema) {
		to.Pointer = s.Pointer
		to.Members = schema.NewMembers()
		to.Members.Properties = []schema.Property{{Name: name, Schema: m.nothing(s.Pointer)}}
	})
}

// nothing returns a schema that no value is valid against.
func (m *Maker) nothing(pointer string) *schema.Schema {
	return m.set.With(pointer, func(to *schema.Schema) { to.False, to.Types = true, 0 })
}

type derivation struct {
	from uint32
	how  string
}

// derived returns the schema that is made of another one in some way, always the
// same.
func (m *Maker) derived(from uint32, how string, fill func(*schema.Schema)) *schema.Schema {
	key := derivation{from, how}
	m.mu.Lock()
	known := m.made[key]
	m.mu.Unlock()
	if known != nil {
		return known
	}
	s := m.set.With("", fill)
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.made[key]; known != nil {
		return known
	}
	m.made[key] = s
	return s
}
