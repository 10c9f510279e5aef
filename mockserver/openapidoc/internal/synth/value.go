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
		g.because(sh.pointer(), NotFound, "values are nested deeper than %d", deepest)
		return g.give()
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
	return g.give()
}

// deepest bounds how deep values and choices are nested.
const deepest = 400

// give returns null for a part that failed, if that is to be, and keeps the reason.
func (g *maker) give() (any, bool) {
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
