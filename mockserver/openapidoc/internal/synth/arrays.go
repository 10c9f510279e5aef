package synth

import (
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// arrays is what a shape says of arrays.
type arrays struct {
	min, max int // max is -1 if there is none
	unique   bool
	tuple    int // the first items, which have schemas of their own
	contains []contained
}

type contained struct {
	member
	min, max int // max is -1 if there is none
}

func (sh *shape) arrays() *arrays {
	sh.arrayOnce.Do(func() {
		a := &sh.array
		a.max = -1
		for _, m := range sh.members {
			l := m.s.Items
			if l == nil {
				continue
			}
			a.min = max(a.min, l.MinItems)
			if l.MaxItems >= 0 && (a.max < 0 || l.MaxItems < a.max) {
				a.max = l.MaxItems
			}
			a.unique = a.unique || l.Unique
			a.tuple = max(a.tuple, len(l.Prefix))
			if l.Contains != nil {
				a.contains = append(a.contains, contained{member{l.Contains, m.scope.Enter(l.Contains), -1}, l.MinContains, l.MaxContains})
			}
		}
	})
	return &sh.array
}

// item returns the shape of the item at place i.
func (sh *shape) item(i int, more ...member) *shape {
	roots := append([]member(nil), more...)
	for at, m := range sh.members {
		l := m.s.Items
		if l == nil {
			continue
		}
		switch {
		case i < len(l.Prefix):
			roots = append(roots, member{s: l.Prefix[i], scope: m.scope.Enter(l.Prefix[i])})
		case l.Rest != nil:
			roots = append(roots, member{s: l.Rest, scope: m.scope.Enter(l.Rest)})
		case l.Unevaluated != nil && !sh.looksAtItem(at, i):
			roots = append(roots, member{s: l.Unevaluated, scope: m.scope.Enter(l.Unevaluated)})
		}
	}
	return sh.m.shape(roots)
}

func (sh *shape) looksAtItem(member, item int) bool {
	for i, m := range sh.members {
		if l := m.s.Items; l != nil && sh.within(i, member) && (item < len(l.Prefix) || l.Rest != nil || i != member && l.Unevaluated != nil) {
			return true
		}
	}
	return false
}

// mostItems is how many items or properties are made because a schema wants them.
const mostItems = 1000

func (g *maker) list(sh *shape, at spot) (any, bool) {
	a := sh.arrays()
	if a.max >= 0 && a.min > a.max {
		return nil, g.because(sh.pointer(), Unsatisfiable, "at least %d items are wanted, and at most %d", a.min, a.max)
	}
	if a.min > mostItems {
		return nil, g.because(sh.pointer()+"/minItems", TooLarge, "%d items are wanted; at most %d are made", a.min, mostItems)
	}
	l := &lister{maker: g, sh: sh, a: a, at: at, keys: make(map[string]bool)}
	return l.list()
}

// lister makes one array.
type lister struct {
	*maker
	sh    *shape
	a     *arrays
	at    spot
	items []any
	keys  map[string]bool
	found []int // items that fit each contains
}

// count returns how many items there should be.
func (l *lister) count() int {
	n := l.a.min
	for _, c := range l.a.contains {
		n = max(n, c.min)
	}
	if !l.at.minimal && l.values < fullValues {
		want := 2
		if l.at.depth <= 1 {
			want = l.Items
		}
		if l.at.depth > 2 {
			want = 1
		}
		n = max(n, want, l.a.tuple)
		if l.recursesInto(l.sh.item(l.a.tuple)) && l.a.tuple == 0 {
			n = l.a.min
		}
	}
	if l.a.max >= 0 {
		n = min(n, l.a.max)
	}
	return n
}

func (l *lister) recursesInto(item *shape) bool {
	for _, up := range l.stack {
		if up == item {
			return true
		}
	}
	return false
}

// list makes the items one after the other, those that contains asks for first.
func (l *lister) list() (any, bool) {
	n := l.count()
	l.items = make([]any, 0, n)
	l.found = make([]int, len(l.a.contains))
	for len(l.items) < n || l.missing() != nil {
		i := len(l.items)
		if l.a.max >= 0 && i >= l.a.max || i > n+mostItems {
			break
		}
		v, ok := l.next(i)
		if !ok {
			if i < l.a.min {
				return nil, false
			}
			break
		}
		l.items = append(l.items, v)
		for j, c := range l.a.contains {
			if c.s.ValidIn(c.scope, v, l.mode) {
				l.found[j]++
			}
		}
	}
	if c := l.missing(); c != nil {
		return nil, l.because(c.s.Pointer, NotFound, "no %d items can be made that fit contains", c.min)
	}
	for j, c := range l.a.contains {
		if c.max >= 0 && l.found[j] > c.max {
			return nil, l.because(c.s.Pointer, NotFound, "more than %d items fit contains", c.max)
		}
	}
	return l.items, true
}

// missing returns a contains that asks for more items than there are.
func (l *lister) missing() *contained {
	for j := range l.a.contains {
		if l.found[j] < l.a.contains[j].min {
			return &l.a.contains[j]
		}
	}
	return nil
}

// next makes the item at place i.
func (l *lister) next(i int) (any, bool) {
	var wanted, barred []member
	for j, c := range l.a.contains {
		switch {
		case l.found[j] < c.min:
			wanted = append(wanted, c.member)
		case c.max >= 0 && l.found[j] >= c.max:
			barred = append(barred, member{s: l.negation(c.s), scope: c.scope})
		}
	}
	if len(wanted) > 1 {
		if v, ok := l.distinct(l.sh.item(i, append(wanted, barred...)...), i); ok {
			return v, true
		}
	}
	for _, w := range wanted {
		if v, ok := l.distinct(l.sh.item(i, append([]member{w}, barred...)...), i); ok {
			return v, true
		}
	}
	return l.distinct(l.sh.item(i, barred...), i)
}

// distinct makes an item that is none of those before, if they must differ.
func (l *lister) distinct(item *shape, i int) (any, bool) {
	at := spot{seed: l.at.seed.index(i), name: l.at.name, depth: l.at.depth + 1, minimal: l.at.minimal, others: l.at.others || i > 0, again: l.at.again}
	attempts := 1
	if l.a.unique {
		attempts = 40 + i
	}
	for again := range attempts {
		try := at
		if again > 0 {
			try.again, try.others, try.seed = again, true, at.seed.index(again)
		}
		if l.a.unique && item.choices != nil {
			try.seed, try.again = l.at.seed, i+again // one after the other
		}
		v, ok := l.value(item, try)
		if !ok {
			return nil, false
		}
		if !l.a.unique {
			return v, true
		}
		key := string(schema.AppendKey(nil, v))
		if !l.keys[key] {
			l.keys[key] = true
			return v, true
		}
	}
	return nil, l.because(item.pointer(), NotFound, "no %d items that differ were found", i+1)
}
