package synth

import (
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// value makes a value of a shape. It reports false if it could not, with the reason
// in g.fail.
func (g *maker) value(sh *shape, at spot) (any, bool) {
	if g.quota--; g.quota < 0 {
		return nil, false
	}
	if len(g.stack) > deepest {
		if sh.null {
			return nil, true
		}
		return g.give(sh, g.because(sh.pointer(), NotFound, "values are nested deeper than %d", deepest))
	}
	g.stack = append(g.stack, sh)
	v, ok := g.make(sh, at)
	g.stack = g.stack[:len(g.stack)-1]
	if ok {
		g.values++
		return v, true
	}
	if sh.null {
		return nil, true
	}
	return g.give(sh, false)
}

// deepest bounds how deep values and choices are nested.
const deepest = 400

// give returns null for a part that failed, if that is to be, and keeps the reason.
func (g *maker) give(_ *shape, _ bool) (any, bool) {
	if !g.lenient || g.fail == nil {
		return nil, false
	}
	g.note(*g.fail)
	return nil, true
}

// make is value without what is done for every value.
func (g *maker) make(sh *shape, at spot) (any, bool) {
	if sh.fail != nil {
		g.fail = sh.fail
		return nil, false
	}
	if !at.minimal && (at.depth >= fullDepth || g.recurses(sh)) {
		at.minimal = true
	}
	if at.minimal && g.recurses(sh) {
		if sh.null {
			return nil, true
		}
		if g.height(sh) >= endless/2 {
			return nil, g.because(sh.pointer(), Unsatisfiable, "each value would have to contain another one of the same schema, without end")
		}
	}
	if !g.NoExamples && !at.others {
		if given := sh.givenValues(); len(given) > 0 {
			return given[0], true
		}
	}
	if sh.choices != nil {
		allowed := sh.choiceValues()
		if len(allowed) == 0 {
			return nil, g.because(sh.pointer(), Unsatisfiable, "no value of enum or const is valid")
		}
		return allowed[(at.seed.below(len(allowed))+at.again)%len(allowed)], true
	}
	if len(sh.clauses) > 0 {
		return g.choose(sh, at)
	}
	v, ok := g.plain(sh, at)
	if !ok || len(sh.nots) == 0 {
		return v, ok
	}
	return g.avoid(sh, at, v)
}

// recurses reports whether a value of this shape is being made further up.
func (g *maker) recurses(sh *shape) bool {
	for _, up := range g.stack[:len(g.stack)-1] {
		if up == sh {
			return true
		}
	}
	return false
}

// choose decides the first clause of a shape.
func (g *maker) choose(sh *shape, at spot) (any, bool) {
	c := sh.clauses[0]
	order := g.order(sh, c, at)
	for _, i := range order {
		v, ok := g.value(sh.picked(pick{clause: 0, alt: i}, c.alts[i], nil), at)
		if !ok {
			continue
		}
		if c.one == nil || g.one(c, sh.scopeOf(c.up), i, v) {
			return v, true
		}
		others := append(append([]*schema.Schema(nil), c.one[:i%len(c.s.OneOf)]...), c.s.OneOf[i%len(c.s.OneOf)+1:]...)
		if v, ok = g.value(sh.picked(pick{0, i, true}, c.alts[i], others), at); ok {
			return v, true
		}
	}
	if g.fail == nil || !g.spent() && g.fail.Kind == "" {
		g.because(c.s.Pointer, Unsatisfiable, "none of the %d alternatives has a valid value", len(c.alts))
	}
	return nil, false
}

// one reports whether a value is valid against no other schema of oneOf, or against
// several of which a discriminator chooses one.
func (g *maker) one(c *clause, scope *schema.Scope, i int, v any) bool {
	own := c.one[i]
	if len(c.alts) > len(c.s.OneOf) && i < len(c.s.OneOf) && g.set.Version() == "3.0" && c.s.Discriminated(v) == own {
		return true
	}
	for _, other := range c.s.OneOf {
		if other != own && other.ValidIn(scope.Enter(other), v, g.mode) {
			return false
		}
	}
	return true
}

// order returns the alternatives of a clause in the order in which they are tried.
func (g *maker) order(sh *shape, c *clause, at spot) []int {
	order := make([]int, len(c.alts))
	for i := range order {
		order[i] = i
	}
	if c.s.Logic == nil || len(c.s.AnyOf)+len(c.s.OneOf) == 0 {
		return order // the first is the better one
	}
	if at.minimal {
		heights := make([]int, len(order))
		for i := range order {
			heights[i] = g.height(sh.picked(pick{clause: 0, alt: i}, c.alts[i], nil))
		}
		sortBy(order, heights)
		return order
	}
	group := len(c.alts)
	if c.one != nil && len(c.one) > len(c.s.OneOf) || len(c.alts) > len(c.s.AnyOf)+len(c.s.OneOf) {
		group /= 2 // those with the discriminator's value first
	}
	first := (at.seed.name("choice").below(group) + at.again) % group
	for i := range group {
		order[i] = (first + i) % group
	}
	return order
}

// avoid makes a value that none of the nots holds for, v being one that is valid
// otherwise.
func (g *maker) avoid(sh *shape, at spot, v any) (any, bool) {
	for i, not := range sh.nots {
		if !not.s.ValidIn(not.scope, v, g.mode) {
			continue
		}
		// By luck first: a value that is chosen otherwise may do.
		for again := 1; again <= 6; again++ {
			other := at
			other.again, other.others = at.again+again, true
			other.seed = at.seed.index(again)
			if w, ok := g.plain(sh, other); ok && g.avoids(sh, w) {
				return w, true
			}
		}
		for j, way := range g.waysOf(not.s) {
			if w, ok := g.value(sh.picked(pick{clause: i, alt: -1 - j}, []*schema.Schema{way}, nil), at); ok && g.avoids(sh, w) {
				return w, true
			}
		}
		return nil, g.because(not.s.Pointer, Unsatisfiable, "whatever is valid otherwise is valid against the schema of not")
	}
	return v, true
}

func (g *maker) avoids(sh *shape, v any) bool {
	for _, not := range sh.nots {
		if not.s.ValidIn(not.scope, v, g.mode) {
			return false
		}
	}
	return true
}

// plain makes a value of a shape in which nothing is left to choose.
func (g *maker) plain(sh *shape, at spot) (any, bool) {
	var fail *Reason
	for _, t := range sh.likely() {
		v, ok := g.typed(sh, t, at)
		if ok {
			return v, true
		}
		if fail == nil {
			fail = g.fail
		}
	}
	if fail != nil {
		g.fail = fail
	}
	return nil, false
}

func (g *maker) typed(sh *shape, t schema.Types, at spot) (any, bool) {
	switch t {
	case schema.Boolean:
		return (at.seed.below(2)+at.again)%2 == 0, true
	case schema.String:
		return g.str(sh, at)
	case schema.Array:
		return g.list(sh, at)
	case schema.Object:
		return g.obj(sh, at)
	}
	return g.num(sh, at)
}

// likely returns the types that a value may have, the most likely first: those that
// the keywords are for, then those that the document wrote.
func (sh *shape) likely() []schema.Types {
	var meant schema.Types
	for _, m := range sh.members {
		if m.s.Members != nil && (len(m.s.Properties)+len(m.s.Required) > 0 || m.s.Additional != nil) {
			meant |= schema.Object
		}
		if m.s.Items != nil {
			meant |= schema.Array
		}
		if m.s.Text != nil {
			meant |= schema.String
		}
		if m.s.Numeric != nil {
			meant |= schema.Number
		}
	}
	order := make([]schema.Types, 0, 5)
	for _, wanted := range []schema.Types{meant, schema.Any} {
		for _, t := range typeOrder {
			if sh.types.Has(t) && t&wanted != 0 && (wanted == meant || t&meant == 0) {
				order = append(order, t)
			}
		}
	}
	return order
}

var typeOrder = []schema.Types{schema.Object, schema.String, schema.Array, schema.Number, schema.Boolean}

// pointer is where the shape stands in the document.
func (sh *shape) pointer() string {
	for _, m := range sh.members {
		if m.s.Pointer != "" {
			return m.s.Pointer
		}
	}
	return ""
}

// givenValues returns the document's examples that are valid, then its defaults.
func (sh *shape) givenValues() []any {
	sh.givenOnce.Do(func() {
		var defaults []any
		for _, m := range sh.members {
			if m.s.Notes == nil {
				continue
			}
			for _, e := range m.s.Examples {
				if sh.valid(e.Value) {
					sh.given = append(sh.given, e.Value)
				}
			}
			if d := m.s.Default; d != nil && sh.valid(d.Value) {
				defaults = append(defaults, d.Value)
			}
		}
		sh.given = append(sh.given, defaults...)
	})
	return sh.given
}

// mostChoices bounds the values of an enum that are looked at.
const mostChoices = 2000

// choiceValues returns the values of enum and const that are valid.
func (sh *shape) choiceValues() []any {
	sh.choiceOnce.Do(func() {
		first := sh.choices[0]
		for _, list := range sh.choices {
			if len(list) < len(first) {
				first = list
			}
		}
		for i, v := range first {
			if i < mostChoices && sh.valid(v) && v != nil {
				sh.allowed = append(sh.allowed, v)
			}
		}
	})
	return sh.allowed
}

// valid reports whether a value is valid against all that the shape stands for.
func (sh *shape) valid(v any) bool {
	for _, m := range sh.members {
		if m.up < 0 && !m.s.ValidIn(m.scope, v, sh.m.mode) {
			return false
		}
	}
	for _, n := range sh.nots {
		if n.s.ValidIn(n.scope, v, sh.m.mode) {
			return false
		}
	}
	return true
}
