package synth

import (
	"sort"

	"github.com/vismanet-go/background/internal/apidoc"
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
	g.lucky = g.lucky || sh.lucky
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
	g.lucky = true
	c := sh.clauses[0]
	var second any // valid, though not to readers that do not look at formats
	found := false
	var undecided *Reason // there may be a value all the same
	for _, i := range g.order(sh, c, at) {
		v, ok := g.value(sh.picked(pick{clause: 0, alt: i}, c.alts[i].schemas(), nil), at)
		if !ok {
			if g.fail != nil && g.fail.Kind != Unsatisfiable {
				undecided = g.fail
			}
			continue
		}
		if c.one == nil || g.chosen(c, i, v) || g.alone(sh, c, i, v, g.mode|schema.Unformatted) {
			return v, true
		}
		if g.alone(sh, c, i, v, g.mode) && !found {
			second, found = v, true
		}
		if v, ok = g.value(sh.picked(pick{0, i, true}, c.alts[i].schemas(), c.others(i)), at); !ok {
			undecided = g.fail
			continue
		}
		if g.alone(sh, c, i, v, g.mode|schema.Unformatted) {
			return v, true
		}
		if !found {
			second, found = v, true
		}
	}
	if found {
		return second, true
	}
	if undecided != nil {
		g.fail = undecided
	}
	if g.fail == nil {
		g.because(c.s.Pointer, Unsatisfiable, "none of the %d alternatives has a valid value", len(c.alts))
	}
	return nil, false
}

// others returns the schemas that a value of alternative i may not be valid against.
func (c *clause) others(i int) (others []*schema.Schema) {
	for _, s := range c.one {
		if s != c.alts[i].of {
			others = append(others, s)
		}
	}
	return others
}

// chosen reports whether the discriminator alone says which schema of oneOf is
// meant, as readers of 3.0 have it.
func (g *maker) chosen(c *clause, i int, v any) bool {
	return g.set.Version() == apidoc.V30 && c.s.Discriminator != nil && c.s.Discriminated(v) == c.alts[i].of
}

// alone reports whether a value of alternative i is valid against no other schema of
// oneOf.
func (g *maker) alone(sh *shape, c *clause, i int, v any, mode schema.Mode) bool {
	scope := sh.scopeOf(c.up)
	for _, other := range c.others(i) {
		if other.ValidIn(scope.Enter(other), v, mode) {
			return false
		}
	}
	return true
}

// order returns the alternatives of a clause in the order in which they are tried.
func (g *maker) order(sh *shape, c *clause, at spot) []int {
	order := make([]int, 0, len(c.alts))
	for _, group := range c.groups {
		begin, first := len(order), (at.seed.name("choice").below(group)+at.again)%group
		for i := range group {
			order = append(order, begin+(first+i)%group)
		}
	}
	if at.minimal {
		heights := make([]int, len(c.alts))
		for i := range heights {
			heights[i] = g.height(sh.picked(pick{clause: 0, alt: i}, c.alts[i].schemas(), nil))
		}
		sort.SliceStable(order, func(i, j int) bool { return heights[order[i]] < heights[order[j]] })
	}
	return order
}

// avoid makes a value that none of the nots holds for, v being one that is valid
// otherwise.
func (g *maker) avoid(sh *shape, at spot, v any) (any, bool) {
	g.lucky = true
	if g.avoids(sh, v) {
		return v, true
	}
	// By luck first: a value of another type, or that is chosen otherwise, may do.
	for again := range 2 * len(wild) {
		other := at
		other.again, other.others, other.wild = at.again+again, true, again+1
		other.seed = at.seed.index(again)
		for _, t := range sh.likely() {
			if w, ok := g.typed(sh, t, other); ok && g.avoids(sh, w) {
				return w, true
			}
		}
	}
	for i, not := range sh.nots {
		if !not.s.ValidIn(not.scope, v, g.mode) {
			continue
		}
		for j, way := range g.waysOf(not.s) {
			if w, ok := g.value(sh.picked(pick{clause: i, alt: -1 - j}, []*schema.Schema{way}, nil), at); ok && g.avoids(sh, w) {
				return w, true
			}
		}
		return nil, g.because(not.s.Pointer, NotFound, "whatever was found to be valid otherwise is valid against the schema of not")
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
	sh.likelyOnce.Do(func() { sh.order = sh.findLikely() })
	return sh.order
}

func (sh *shape) findLikely() []schema.Types {
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
	if meant == 0 && sh.types == schema.Any&^schema.Null {
		meant = schema.String // nothing is said
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
				if sh.valid(e.Value) && sh.fitsFormats(e.Value) {
					sh.given = append(sh.given, e.Value)
				}
			}
			if d := m.s.Default; d != nil && sh.valid(d.Value) && sh.fitsFormats(d.Value) {
				defaults = append(defaults, d.Value)
			}
		}
		sh.given = append(sh.given, defaults...)
	})
	return sh.given
}

// mostChoices bounds the values of an enum that are looked at.
const mostChoices = 2000

// choiceValues returns the values of enum and const that are valid; if some have
// the formats that the schemas name, only those.
func (sh *shape) choiceValues() []any {
	sh.choiceOnce.Do(func() {
		least := sh.choices[0]
		for _, list := range sh.choices {
			if len(list) < len(least) {
				least = list
			}
		}
		var unformatted []any
		for i, v := range least {
			switch {
			case i >= mostChoices || v == nil || !sh.valid(v):
			case sh.fitsFormats(v):
				sh.allowed = append(sh.allowed, v)
			default:
				unformatted = append(unformatted, v)
			}
		}
		if sh.allowed == nil {
			sh.allowed = unformatted
		}
	})
	return sh.allowed
}

// fitsFormats reports whether a value has the formats that the schemas name.
// Validation leaves many of them unchecked, other readers do not.
func (sh *shape) fitsFormats(v any) bool {
	text, ok := v.(string)
	if !ok {
		return true
	}
	for _, f := range sh.texts().formats {
		if !known[f].fits(text) {
			return false
		}
	}
	return true
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
