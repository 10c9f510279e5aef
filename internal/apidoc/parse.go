package apidoc

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vismanet-go/background/internal/wire"
)

// Parse reads a document. The name is that of its file, for errors. What ends
// in .json is JSON. Anything else is told by its first character, because YAML
// files often hold JSON: what begins like an object or list of JSON is read as
// such, and as YAML if it is none. It returns an [*Error] for every fault.
func Parse(name string, data []byte, limits Limits) (*Node, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	return parse(&file{name: name}, data, newCount(limits))
}

// file is what nodes were read from.
type file struct {
	name  string // for errors
	path  string // slash-separated, relative to the folder of references
	root  *Node
	names names
}

// count is what limits are held against, of all files of a document.
type count struct {
	limits                        Limits
	bytes, nodes, aliased, opened int
}

func newCount(limits Limits) *count { return &count{limits: limits.withDefaults()} }

func parse(f *file, data []byte, c *count) (*Node, error) {
	if c.bytes += len(data); c.bytes > c.limits.Bytes {
		return nil, tooLarge(f.name, c.limits.Bytes)
	}
	text := wire.Document(data, "") // UTF-8 without a mark
	r := &reader{file: f, text: text, count: c}
	if at := invalid(text); at >= 0 {
		line, column := r.place(at)
		return nil, r.errorAt(line, column, "not UTF-8, byte 0x%02x; save the file as UTF-8", text[at])
	}
	named := strings.EqualFold(filepath.Ext(f.name), ".json")
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) == 0 || !named && first[0] != '{' && first[0] != '[' {
		return r.yaml()
	}
	before := *c
	root, err := r.json()
	syntax, ok := errors.AsType[notJSON](err)
	if !ok {
		return root, err
	}
	if err = syntax.error; named {
		return nil, err
	}
	*c = before
	r.path = r.path[:0]
	root, yamlErr := r.yaml()
	if yamlErr == nil {
		return root, nil
	}
	if further(err, yamlErr) {
		return nil, err
	}
	return nil, yamlErr
}

// notJSON marks the error of a text that may be YAML.
type notJSON struct{ error }

func (e notJSON) Unwrap() error { return e.error }

// further reports whether a was found behind b.
func further(a, b error) bool {
	x, okA := errors.AsType[*Error](a)
	y, okB := errors.AsType[*Error](b)
	return okA && (!okB || x.Line > y.Line || x.Line == y.Line && x.Column >= y.Column)
}

// invalid returns the place of the first byte that is no UTF-8, or -1.
func invalid(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// reader reads one file.
type reader struct {
	file *file
	text []byte
	*count
	path []string // of the value that is being read
}

// node counts a value and returns it.
func (r *reader) node(kind Kind, line, column int) (*Node, error) {
	if r.nodes++; r.nodes > r.limits.Nodes {
		return nil, r.errorAt(line, column, "more than the limit of %d values", r.limits.Nodes)
	}
	return &Node{Kind: kind, Line: int32(line), Column: int32(column), file: r.file}, nil
}

// enter begins a value that is nested under a step; leave ends it.
func (r *reader) enter(step string, line, column int) error {
	r.path = append(r.path, step)
	if len(r.path) > r.limits.Depth {
		return r.errorAt(line, column, "nested deeper than the limit of %d", r.limits.Depth)
	}
	return nil
}

func (r *reader) leave() { r.path = r.path[:len(r.path)-1] }

func (r *reader) errorAt(line, column int, format string, args ...any) *Error {
	return &Error{File: r.file.name, Line: line, Column: column, Pointer: Pointer(r.path...), Msg: fmt.Sprintf(format, args...)}
}

// add gives an object a key, unless it has it.
func (r *reader) add(n *Node, key string, value *Node) {
	n.Keys = append(n.Keys, key)
	n.Items = append(n.Items, value)
	n.noteKey(len(n.Keys) - 1)
}

func (r *reader) twice(key string, line, column, before int) error {
	return r.errorAt(line, column, "key %s is here twice, first in line %d; remove one", strconv.Quote(shorten(key)), before)
}

// place returns line and column of a byte.
func (r *reader) place(offset int) (line, column int) {
	before := r.text[:min(offset, len(r.text))]
	return 1 + bytes.Count(before, []byte{'\n'}), 1 + utf8.RuneCount(before[1+bytes.LastIndexByte(before, '\n'):])
}
