package schema

import (
	"strings"
	"sync"

	"github.com/vismanet-go/background/internal/apidoc"
)

// Set compiles the schemas of one document. It is safe for concurrent use.
type Set struct {
	doc     *apidoc.Document
	version apidoc.Version

	mu       sync.Mutex
	compiled map[*apidoc.Node]*Schema // mu guards it
	last     uint32                   // ID, mu guards it
	problems []Problem                // mu guards it
	scopes   map[scopeKey]*Scope      // mu guards it
}

// Problem is something in a document that was left out, because it has no meaning
// as it is written.
type Problem struct{ Pointer, Msg string }

// NewSet returns a set for the schemas of a document of that version.
func NewSet(doc *apidoc.Document, version apidoc.Version) *Set {
	return &Set{doc: doc, version: version, compiled: make(map[*apidoc.Node]*Schema), scopes: make(map[scopeKey]*Scope)}
}

// Version is that of the document.
func (set *Set) Version() apidoc.Version { return set.version }

// Compile returns the schema that n is, which stands at pointer. A nil n is the
// schema that everything is valid against.
func (set *Set) Compile(n *apidoc.Node, pointer string) *Schema {
	set.mu.Lock()
	defer set.mu.Unlock()
	return set.compile(n, pointer)
}

// Problems returns what was left out of the schemas that are compiled so far.
func (set *Set) Problems() []Problem {
	set.mu.Lock()
	defer set.mu.Unlock()
	return append([]Problem(nil), set.problems...)
}

func (set *Set) fresh(pointer string) *Schema {
	set.last++
	return &Schema{Pointer: pointer, ID: set.last, Types: Any, set: set}
}

// Ref is a reference to another schema.
type Ref struct {
	Text string // as the document writes it

	from   *apidoc.Node
	at     string
	once   sync.Once
	target *Schema
	err    error
}

// Target returns the schema that Ref leads to; nil if s has none. An error tells
// why it leads nowhere.
func (s *Schema) Target() (*Schema, error) {
	if s.Ref == nil {
		return nil, nil
	}
	return s.set.follow(s.Ref)
}

func (set *Set) follow(r *Ref) (*Schema, error) {
	r.once.Do(func() {
		node, err := set.doc.Resolve(r.Text, r.from)
		if err != nil {
			r.err = err
			set.mu.Lock()
			set.problem(r.at, "%v", err)
			set.mu.Unlock()
			return
		}
		r.target = set.Compile(node, PointerOf(r.Text, r.at))
	})
	return r.target, r.err
}

// PointerOf returns the pointer of what a reference leads to that stands at a
// pointer.
func PointerOf(ref, at string) string {
	file, fragment, _ := strings.Cut(ref, "#")
	if file == "" {
		if in, _, other := strings.Cut(at, "#"); other {
			file = in
		}
	}
	fragment = unescapePercent(fragment)
	if file == "" {
		if fragment != "" && fragment[0] != '/' {
			return "#" + fragment // an anchor
		}
		return fragment
	}
	return file + "#" + fragment
}

// Deref follows the references of a schema that asks for nothing else, up to the
// first that does.
func (s *Schema) Deref() *Schema {
	for range 50 {
		target, err := s.Target()
		if target == nil || err != nil {
			return s
		}
		s = target
	}
	return s
}
