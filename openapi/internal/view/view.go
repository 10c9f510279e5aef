package view

import (
	"errors"
	"fmt"

	"github.com/vismanet-go/background/internal/apidoc"
)

// Options say what a view holds.
type Options struct {
	// Only and Tags cut the document down to operations that one of Only and one
	// of Tags selects, where there are any. An item of Only is a path, or a method
	// and a path: * stands for anything but a slash, ** for anything. What nothing
	// refers to any more is removed. Default: all operations.
	Only, Tags []string

	// All queues every operation but those that read queued calls. Default: those
	// that declare the header, or all if none does.
	All bool

	// Callbacks says what becomes of the callbacks of a background view.
	Callbacks Callbacks

	// RateLimits adds the rate-limit headers of the 202 to the final answers of a
	// foreground view.
	RateLimits bool

	// Mend names what is mended, see [Mends].
	Mend []string
}

// Callbacks says what becomes of the callbacks by which the ERP notifies.
type Callbacks int

const (
	KeepCallbacks   Callbacks = iota // those that the document has
	InlineCallbacks                  // every operation gets its own
	NoCallbacks                      // none
)

// A Note is something that was done beside the rule, or that a user should know.
type Note struct {
	Place string // as "file:line:column"; may be empty
	Text  string
}

func (n Note) String() string {
	if n.Place == "" {
		return n.Text
	}
	return n.Place + ": " + n.Text
}

// maker makes a view of one document.
type maker struct {
	*apidoc.Document
	Options
	reads    bool // the operations that read queued calls belong to the view
	version  apidoc.Version
	contract *contract
	notes    []Note
	dangling map[*apidoc.Node]bool // what discriminators map to and is not there, as far as it was told
}

func (m *maker) tell(at *apidoc.Node, format string, args ...any) {
	m.notes = append(m.notes, Note{Place: at.Place(), Text: fmt.Sprintf(format, args...)})
}

// Background makes the background view: every operation requires the header,
// answers 202 as its only success, and names its former answers in
// x-background-result; the operations that read queued calls are there.
func Background(doc *apidoc.Document, o Options) ([]Note, error) {
	m := &maker{Document: doc, Options: o, reads: true}
	err := m.make(m.background)
	return m.notes, err
}

// Foreground makes the foreground view: no operation has the header or the
// callbacks that belong to it, and each answers itself.
func Foreground(doc *apidoc.Document, o Options) ([]Note, error) {
	m := &maker{Document: doc, Options: o}
	err := m.make(m.foreground)
	return m.notes, err
}

func (m *maker) make(transform func() error) error {
	mends, err := chosen(m.Mend)
	if err != nil {
		return err
	}
	if m.version, err = m.Version(); err != nil {
		return err
	}
	if !m.Root.Get("paths").Is(apidoc.Object) {
		return m.Root.Errorf("there is no object paths; want a document with operations")
	}
	before := m.used()
	for _, step := range []func() error{m.inlinePathItems, m.hoist, m.cut, m.bundle, m.point, m.checkRefs, m.nameOperations} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := transform(); err != nil {
		return err
	}
	m.prune(before)
	for _, mend := range mends {
		m.mend(mend)
	}
	return nil
}

// op is an operation with what leads to it.
type op struct {
	method, path string
	item, node   *apidoc.Node
}

func (o op) String() string { return upper(o.method) + " " + o.path }

// operations lists those of the paths, in the order of the document.
func (m *maker) operations() []op {
	var all []op
	paths := m.Root.Get("paths")
	for i, path := range paths.Keys {
		item := paths.Items[i]
		if !item.Is(apidoc.Object) || path == "" || path[0] != '/' {
			continue
		}
		for j, key := range item.Keys {
			if isMethod(key) && item.Items[j].Is(apidoc.Object) {
				all = append(all, op{method: key, path: path, item: item, node: item.Items[j]})
			}
		}
	}
	return all
}

var errNoOperation = errors.New("the document has no operation")
