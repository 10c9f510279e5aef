package paths

import (
	"net/url"
	"slices"
	"strings"
)

// A Tree holds templates. Fill it before it is read; reading is safe for concurrent
// use. The zero value is empty.
type Tree struct{ root node }

// A node is what follows a beginning that templates have in common.
type node struct {
	concrete map[string]*node
	folded   map[string][]*node // the same by their lower-case forms
	others   []edge             // in the order in which they are tried
	ends     []end              // the templates that end here
}

// An end is a template's. Templates that differ in the names of their parameters
// only have the same nodes.
type end struct {
	id    int
	names []string
}

type edge struct {
	segment
	to *node
}

// Add adds a template, which starts with a slash, under a number.
func (t *Tree) Add(template string, id int) {
	n := &t.root
	var names []string
	for text := range strings.SplitSeq(strings.TrimPrefix(template, "/"), "/") {
		s := parse(text)
		names = append(names, s.names...)
		n = n.next(s)
	}
	n.ends = append(n.ends, end{id, names})
}

// next is what follows a segment.
func (n *node) next(s segment) *node {
	if s.kind == concrete {
		to := n.concrete[s.text]
		if to == nil {
			if n.concrete == nil {
				n.concrete, n.folded = make(map[string]*node), make(map[string][]*node)
			}
			to = new(node)
			n.concrete[s.text] = to
			lower := strings.ToLower(s.text)
			n.folded[lower] = append(n.folded[lower], to)
		}
		return to
	}
	for _, e := range n.others {
		if e.fitsAs(s) {
			return e.to
		}
	}
	e := edge{s, new(node)}
	at, _ := slices.BinarySearchFunc(n.others, e, func(a, b edge) int {
		switch {
		case a.kind != b.kind:
			return int(a.kind) - int(b.kind)
		case a.plain != b.plain:
			return b.plain - a.plain
		}
		return -1 // behind those that are alike
	})
	n.others = slices.Insert(n.others, at, e)
	return e.to
}

// Find calls yield with the number of each template that fits an escaped path, the
// most concrete one first, and with what its parameters stand for, until it returns
// true; found is that it did. It gives up after so many steps that only templates
// with several parameters that stand for slashes need them.
func (t *Tree) Find(path string, yield func(id int, values []Value) bool) (found bool) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return false
		}
		segments[i] = plain
	}
	s := search{yield: yield, left: maxSteps}
	return s.from(&t.root, segments, nil)
}

const maxSteps = 20_000

// A search looks for what fits.
type search struct {
	yield func(int, []Value) bool
	left  int // steps
}

func (s *search) from(n *node, segments []string, values []Value) bool {
	if s.left--; s.left < 0 {
		return false
	}
	if len(segments) == 0 {
		return slices.ContainsFunc(n.ends, func(e end) bool {
			named := make([]Value, len(values))
			for i, v := range values {
				named[i] = Value{e.names[i], v.Text}
			}
			return s.yield(e.id, named)
		})
	}
	exact := n.concrete[segments[0]]
	if exact != nil && s.from(exact, segments[1:], values) {
		return true
	}
	if len(n.folded) > 0 {
		for _, to := range n.folded[strings.ToLower(segments[0])] {
			if to != exact && s.from(to, segments[1:], values) {
				return true
			}
		}
	}
	values = values[:len(values):len(values)] // what is appended is for one of them
	for _, e := range n.others {
		if e.kind == rest {
			if s.fromRest(e, segments, values) {
				return true
			}
			continue
		}
		own, ok := e.values(segments[0])
		if ok && s.from(e.to, segments[1:], append(values, own...)) {
			return true
		}
	}
	return false
}

// fromRest has a parameter stand for as many segments as possible.
func (s *search) fromRest(e edge, segments []string, values []Value) bool {
	for i := len(segments); i > 0; i-- {
		text := strings.Join(segments[:i], "/")
		if text != "" && s.from(e.to, segments[i:], append(values, Value{Text: text})) {
			return true
		}
	}
	return false
}
