package synth

import (
	"sort"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

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

// chosen reports whether the mapping of a discriminator alone says which schema of
// oneOf is meant, as readers of 3.0 have it.
func (g *maker) chosen(c *clause, i int, v any) bool {
	if g.set.Version() != apidoc.V30 || c.s.Discriminator == nil || c.s.Discriminated(v) != c.alts[i].of {
		return false
	}
	_, mapped := c.s.Discriminator.ValuesOf(c.alts[i].of)
	return mapped
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
