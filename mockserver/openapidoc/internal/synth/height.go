package synth

import (
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// endless is the height of shapes that have no finite value.
const endless = 1 << 30

// height returns how deep the smallest value of a shape is nested, at least; endless
// if each would have no end. It is what tells the alternative that ends a recursion.
func (g *maker) height(sh *shape) int {
	m := g.Maker
	m.mu.Lock()
	known := sh.height
	m.mu.Unlock()
	if known != 0 {
		return known
	}
	needs := make(map[*shape]need)
	todo := []*shape{sh}
	for len(todo) > 0 && len(needs) < mostShapes {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, seen := needs[next]; seen {
			continue
		}
		n := next.needs()
		needs[next] = n
		g.quota--
		todo = append(append(todo, n.all...), n.any...)
	}
	heights := make(map[*shape]int, len(needs))
	for s := range needs {
		heights[s] = endless
	}
	for changed := true; changed; {
		changed = false
		for s, n := range needs {
			if h := n.height(heights); h < heights[s] {
				heights[s], changed = h, true
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, h := range heights {
		if len(needs) < mostShapes || h < endless {
			s.height = h
		}
	}
	return heights[sh]
}

// mostShapes bounds how many are looked at for one height.
const mostShapes = 3000

// need is what a value of a shape has in it: all of the one, and one of the other.
type need struct {
	ends     bool // nothing
	never    bool // no value is valid
	all, any []*shape
}

func (n need) height(of map[*shape]int) int {
	if n.never {
		return endless
	}
	if n.ends {
		return 1
	}
	h := 0
	for _, s := range n.all {
		h = max(h, heightOf(of, s))
	}
	if len(n.any) > 0 {
		least := endless
		for _, s := range n.any {
			least = min(least, heightOf(of, s))
		}
		return least // the same value
	}
	return min(endless, h+1)
}

func heightOf(of map[*shape]int, s *shape) int {
	if h, ok := of[s]; ok {
		return h
	}
	return endless / 2 // not looked at
}

// needs returns what the smallest value of a shape needs.
func (sh *shape) needs() need {
	if sh.null {
		return need{ends: true}
	}
	if sh.fail != nil {
		return need{never: true}
	}
	if sh.choices != nil {
		return need{ends: true}
	}
	if len(sh.clauses) > 0 {
		c := sh.clauses[0]
		n := need{}
		for i, alt := range c.alts {
			n.any = append(n.any, sh.picked(pick{clause: 0, alt: i}, alt.schemas(), nil))
		}
		return n
	}
	if sh.types.Has(schema.Any &^ (schema.Object | schema.Array | schema.Null)) {
		return need{ends: true}
	}
	var list, object *need
	if sh.types.Has(schema.Array) {
		a := sh.arrays()
		list = &need{}
		for i := range min(a.min, a.tuple+1) {
			list.all = append(list.all, sh.item(i))
		}
	}
	if sh.types.Has(schema.Object) {
		object = &need{}
		for _, p := range sh.objects().slots {
			if p.required {
				object.all = append(object.all, p.shape)
			}
		}
	}
	switch {
	case list == nil:
		return *object
	case object == nil || len(list.all) == 0:
		return *list
	}
	return *object
}
