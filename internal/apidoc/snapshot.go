package apidoc

import (
	"encoding/binary"
	"errors"
)

// AppendSnapshot appends what [OpenSnapshot] reads faster than the text of the
// document: its values with their places, but without the comments and styles of
// YAML, and without other files.
func (d *Document) AppendSnapshot(b []byte) []byte {
	var size sizes
	size.count(d.Root)
	b = binary.AppendUvarint(b, uint64(size.nodes))
	b = binary.AppendUvarint(b, uint64(size.items))
	b = binary.AppendUvarint(b, uint64(size.keys))
	return d.Root.appendTo(b)
}

// sizes are those of a tree: its nodes, and what they hold.
type sizes struct{ nodes, items, keys int }

func (s *sizes) count(n *Node) {
	s.nodes++
	s.items += len(n.Items)
	s.keys += len(n.Keys)
	for _, item := range n.Items {
		s.count(item)
	}
}

func (n *Node) appendTo(b []byte) []byte {
	b = append(b, byte(n.Kind))
	b = binary.AppendUvarint(b, uint64(n.Line))
	b = binary.AppendUvarint(b, uint64(n.Column))
	switch n.Kind {
	case Bool, Number, String:
		b = appendText(b, n.Text)
	case Array, Object:
		b = binary.AppendUvarint(b, uint64(len(n.Items)))
		for i, item := range n.Items {
			if n.Kind == Object {
				b = appendText(b, n.Keys[i])
			}
			b = item.appendTo(b)
		}
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// OpenSnapshot returns the document of a snapshot, as [Open] returns that of its
// text. It returns an error for what is no snapshot, and never panics; that it is
// the snapshot that was written is for the caller to check.
func OpenSnapshot(name string, snapshot []byte, o Options) (*Document, error) {
	if err := o.Limits.Validate(); err != nil {
		return nil, err
	}
	f := &file{name: name}
	s := &snapshotReader{text: string(snapshot), file: f}
	nodes, items, keys := s.size(), s.size(), s.size()
	if s.bad {
		return nil, errSnapshot
	}
	s.nodes, s.items, s.keys = make([]Node, nodes), make([]*Node, items), make([]string, keys)
	root := s.node(0)
	if s.bad || !root.Is(Object) || s.text != "" {
		return nil, errSnapshot
	}
	f.root = root
	d := &Document{Root: root, file: f, dir: o.Refs, files: map[string]*file{}, count: newCount(o.Limits)}
	d.count.bytes, d.count.nodes = len(snapshot), nodes
	if d.dir != "" {
		if err := d.place(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

var errSnapshot = errors.New("apidoc: this is no snapshot of a document")

// snapshotReader takes a snapshot apart. All texts are parts of one string, and all
// nodes of one slice.
type snapshotReader struct {
	text  string // what is left
	file  *file
	nodes []Node
	items []*Node
	keys  []string
	bad   bool
}

// deepestSnapshot bounds what is read, as [Limits].Depth does that of texts.
const deepestSnapshot = 100_000

func (s *snapshotReader) node(depth int) *Node {
	if s.bad || len(s.nodes) == 0 || s.text == "" || depth > deepestSnapshot {
		s.bad = true
		return nil
	}
	n := &s.nodes[0]
	s.nodes = s.nodes[1:]
	n.Kind, n.file = Kind(s.text[0]), s.file
	s.text = s.text[1:]
	n.Line, n.Column = int32(s.uint()), int32(s.uint())
	switch n.Kind {
	case Null:
	case Bool, Number, String:
		n.Text = s.string()
	case Array, Object:
		s.children(n, depth)
	default:
		s.bad = true
	}
	return n
}

func (s *snapshotReader) children(n *Node, depth int) {
	count := s.size()
	if s.bad || count > len(s.items) || n.Kind == Object && count > len(s.keys) {
		s.bad = true
		return
	}
	n.Items, s.items = s.items[:count:count], s.items[count:]
	if n.Kind == Object {
		n.Keys, s.keys = s.keys[:count:count], s.keys[count:]
	}
	for i := range count {
		if n.Kind == Object {
			n.Keys[i] = s.string()
		}
		if n.Items[i] = s.node(depth + 1); s.bad {
			return
		}
	}
	if n.Kind == Object && count >= indexed {
		n.reindex()
	}
}

func (s *snapshotReader) string() string {
	n := s.size()
	if s.bad {
		return ""
	}
	text := s.text[:n]
	s.text = s.text[n:]
	return text
}

// size reads the size of something that takes at least a byte each.
func (s *snapshotReader) size() int {
	n := s.uint()
	if n > uint64(len(s.text)) {
		s.bad = true
		return 0
	}
	return int(n)
}

func (s *snapshotReader) uint() (n uint64) {
	for i := range min(len(s.text), binary.MaxVarintLen64) {
		c := s.text[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			s.text = s.text[i+1:]
			return n
		}
	}
	s.bad = true
	s.text = ""
	return 0
}
