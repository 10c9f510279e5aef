package apidoc

import (
	"net/url"
	"strings"
	"sync"
)

// Document is an OpenAPI document with what its references lead to. It is safe
// for concurrent use as long as nobody changes its nodes.
type Document struct {
	Root *Node

	file  *file
	dir   string // references may lead to files below it; "" if to none
	mu    sync.Mutex
	files map[string]*file // by path, mu guards it
	count *count           // mu guards it
}

// Options are those of [Open].
type Options struct {
	Limits Limits
	// Refs is a folder. References may lead to files below it, and nowhere else
	// outside of the document. Relative ones start at the document's own folder
	// if that lies below Refs, else at Refs itself. Default: no other files.
	Refs string
}

// Open reads a document, see [Parse]. Other files are read when a reference
// leads to them. It returns an [*Error] also for a document that is no object.
func Open(name string, data []byte, o Options) (*Document, error) {
	if err := o.Limits.Validate(); err != nil {
		return nil, err
	}
	d := &Document{file: &file{name: name}, dir: o.Refs, files: map[string]*file{}, count: newCount(o.Limits)}
	root, err := parse(d.file, data, d.count)
	if err != nil {
		return nil, err
	}
	if root.Kind != Object {
		return nil, root.Errorf("the document is %s; want an object with the key openapi", article(root.Kind))
	}
	if d.dir != "" {
		if err := d.place(); err != nil {
			return nil, err
		}
	}
	d.Root = root
	return d, nil
}

// Resolve returns the value that a reference leads to, which may be a
// reference again. A nil from means that it stands in the document itself;
// else it is the node that holds the reference, possibly in another file. The
// pointer of a reference may lead through references. Anchors ($anchor,
// $dynamicAnchor) and names ($id) of JSON Schema are found where they are
// written like the reference, without regard to base addresses.
func (d *Document) Resolve(ref string, from *Node) (*Node, error) {
	return d.resolve(ref, from, new(int))
}

// Deref returns n, or what it leads to, over one or more references, if it is
// a reference. Keys beside $ref are not looked at.
func (d *Document) Deref(n *Node) (*Node, error) {
	return d.deref(n, new(int))
}

// Owns reports whether n stands in the document itself, and not in a file that
// a reference led to. What was made and not read stands in the document.
func (d *Document) Owns(n *Node) bool {
	return n == nil || n.file == nil || n.file == d.file
}

// Adopt makes references of n count from the document, wherever n was read.
// What n holds is not adopted with it.
func (d *Document) Adopt(n *Node) { n.file = d.file }

// hops is the number of references that may lead to one another before that is
// taken for a cycle.
const hops = 100

func (d *Document) deref(n *Node, used *int) (*Node, error) {
	for {
		ref, ok := n.Ref()
		if !ok {
			return n, nil
		}
		if *used++; *used > hops {
			return nil, n.Errorf("reference %q leads back to itself, or over more than %d references", shorten(ref), hops)
		}
		to, err := d.resolve(ref, n, used)
		if err != nil {
			return nil, err
		}
		n = to
	}
}

func (d *Document) resolve(ref string, from *Node, used *int) (*Node, error) {
	at := d.file
	if from != nil && from.file != nil {
		at = from.file
	}
	address, fragment, _ := strings.Cut(ref, "#")
	if address != "" {
		if named := at.named(ref); named != nil {
			return named, nil
		}
		if named := at.named(address); named != nil {
			return d.walk(named, at, ref, fragment, from, used)
		}
		var err error
		if at, err = d.open(address, ref, at, from); err != nil {
			return nil, err
		}
	}
	return d.walk(at.root, at, ref, fragment, from, used)
}

// walk follows the fragment of a reference from a value.
func (d *Document) walk(n *Node, at *file, ref, fragment string, from *Node, used *int) (*Node, error) {
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return nil, from.Errorf("reference %q: %v", shorten(ref), err)
	}
	if pointer != "" && pointer[0] != '/' {
		if named := at.named("#" + pointer); named != nil {
			return named, nil
		}
		return nil, from.Errorf("reference %q: nothing has the $anchor %q", shorten(ref), shorten(pointer))
	}
	for _, step := range Steps(pointer) {
		to := n.step(step)
		if to == nil {
			if _, ok := n.Ref(); ok {
				if n, err = d.deref(n, used); err != nil {
					return nil, err
				}
				to = n.step(step)
			}
		}
		if to == nil {
			return nil, from.Errorf("reference %q leads nowhere: there is no %q", shorten(ref), shorten(step))
		}
		n = to
	}
	return n, nil
}

// step returns what a step of a pointer leads to, or nil.
func (n *Node) step(step string) *Node {
	if n.Is(Array) {
		if i, ok := place(step); ok && i < len(n.Items) {
			return n.Items[i]
		}
		return nil
	}
	return n.Get(step)
}

// place returns the number that a JSON pointer may write for a place in a list.
func place(step string) (int, bool) {
	if step == "" || len(step) > 8 || len(step) > 1 && step[0] == '0' {
		return 0, false
	}
	i := 0
	for _, c := range []byte(step) {
		if c < '0' || c > '9' {
			return 0, false
		}
		i = 10*i + int(c-'0')
	}
	return i, true
}

// names are the values of a file that have names of their own.
type names struct {
	once sync.Once
	of   map[string]*Node // by $id, or "#" and $anchor
}

func (f *file) named(name string) *Node {
	f.names.once.Do(func() {
		f.names.of = map[string]*Node{}
		f.names.collect(f.root)
	})
	return f.names.of[name]
}

func (s *names) collect(n *Node) {
	if n.Is(Object) {
		for _, key := range []string{"$id", "$anchor", "$dynamicAnchor"} {
			name := n.Get(key).Str()
			if name == "" {
				continue
			}
			if key != "$id" {
				name = "#" + name
			}
			if s.of[name] == nil {
				s.of[name] = n
			}
		}
	}
	for _, item := range n.Items {
		s.collect(item)
	}
}
