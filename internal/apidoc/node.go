package apidoc

import (
	"slices"
	"strconv"
)

// Kind says what a [Node] is.
type Kind uint8

// The kinds of JSON.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// Node is a value in a document. Reading it is safe for concurrent use, also
// through [Document]; changing it is not. A nil *Node is what an object lacks:
// its methods that read take it for a value without anything in it.
type Node struct {
	Kind     Kind
	style    style // how YAML wrote it
	keyStyle style // and the key that it is the value of

	// Line and Column are where it begins, from 1; 0 if it was not read from a
	// file. Columns are counted in characters.
	Line, Column int32

	// Text is the value of a string, a number in the digits of the document, as
	// JSON writes numbers, and "true" or "false".
	Text string

	// Keys are those of an object in the order of the document; Items are its
	// values in the same order, or the items of an array. Change the keys of an
	// object by its methods only.
	Keys  []string
	Items []*Node

	file *file
	more *more
}

// more is what few nodes have.
type more struct {
	index map[string]int // of Keys, where there are many
	notes notes
}

// indexed is the number of keys from which an object has an index.
const indexed = 17

// NewString returns a string.
func NewString(text string) *Node { return &Node{Kind: String, Text: text} }

// NewBool returns a boolean.
func NewBool(b bool) *Node { return &Node{Kind: Bool, Text: strconv.FormatBool(b)} }

// NewArray returns an array of the items.
func NewArray(items ...*Node) *Node { return &Node{Kind: Array, Items: items} }

// NewObject returns an object without keys.
func NewObject() *Node { return &Node{Kind: Object} }

// Get returns the value of a key, or nil if n is no object or lacks it.
func (n *Node) Get(key string) *Node {
	if i := n.find(key); i >= 0 {
		return n.Items[i]
	}
	return nil
}

// At returns what keys lead to one after the other, or nil.
func (n *Node) At(keys ...string) *Node {
	for _, key := range keys {
		n = n.Get(key)
	}
	return n
}

// Has reports whether n is an object with that key.
func (n *Node) Has(key string) bool { return n.find(key) >= 0 }

// Str returns the text of a string, and "" for anything else.
func (n *Node) Str() string {
	if n == nil || n.Kind != String {
		return ""
	}
	return n.Text
}

// IsTrue reports whether n is the boolean true.
func (n *Node) IsTrue() bool { return n != nil && n.Kind == Bool && n.Text == "true" }

// Is reports whether n is there and of that kind.
func (n *Node) Is(k Kind) bool { return n != nil && n.Kind == k }

// Ref returns the reference that n is: the text of its key $ref, if it is an
// object and that is a string. A property that is named $ref is none.
func (n *Node) Ref() (string, bool) {
	ref := n.Get("$ref")
	return ref.Str(), ref.Is(String)
}

// Set gives a key a value: in its place if it is there, else as the last one.
func (n *Node) Set(key string, value *Node) { n.Insert(len(n.Keys), key, value) }

// Insert is [Node.Set], but a new key comes to stand at place i.
func (n *Node) Insert(i int, key string, value *Node) {
	if at := n.find(key); at >= 0 {
		n.Items[at] = value
		return
	}
	n.Keys = slices.Insert(n.Keys, i, key)
	n.Items = slices.Insert(n.Items, i, value)
	if i+1 < len(n.Keys) {
		n.reindex()
		return
	}
	n.noteKey(i)
}

// Delete removes a key and reports whether it was there.
func (n *Node) Delete(key string) bool {
	i := n.find(key)
	if i < 0 {
		return false
	}
	n.Keys = slices.Delete(n.Keys, i, i+1)
	n.Items = slices.Delete(n.Items, i, i+1)
	n.reindex()
	return true
}

// Retain removes the keys for which keep is false.
func (n *Node) Retain(keep func(key string, value *Node) bool) {
	if !n.Is(Object) {
		return
	}
	left := 0
	for i, key := range n.Keys {
		if keep(key, n.Items[i]) {
			n.Keys[left], n.Items[left] = key, n.Items[i]
			left++
		}
	}
	clear(n.Items[left:])
	n.Keys, n.Items = n.Keys[:left], n.Items[:left]
	n.reindex()
}

// Rename gives the key at place i another name, which no other key may have.
func (n *Node) Rename(i int, key string) {
	n.Keys[i] = key
	n.reindex()
}

// Clone returns a copy that shares nothing that can be changed.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Keys = slices.Clone(n.Keys)
	c.Items = make([]*Node, len(n.Items))
	for i, item := range n.Items {
		c.Items[i] = item.Clone()
	}
	if n.more != nil {
		c.more = &more{notes: n.more.notes}
		c.reindex()
	}
	return &c
}

// Equal reports whether two values are the same in kind, text, keys, their
// order, and items.
func (n *Node) Equal(other *Node) bool {
	if n == nil || other == nil {
		return n == other
	}
	return n.Kind == other.Kind && n.Text == other.Text && slices.Equal(n.Keys, other.Keys) &&
		slices.EqualFunc(n.Items, other.Items, (*Node).Equal)
}

func (n *Node) find(key string) int {
	if n == nil || n.Kind != Object {
		return -1
	}
	if n.more != nil && n.more.index != nil {
		if i, ok := n.more.index[key]; ok {
			return i
		}
		return -1
	}
	return slices.Index(n.Keys, key)
}

// noteKey enters the key at place i, which is the last, in the index.
func (n *Node) noteKey(i int) {
	switch {
	case n.more != nil && n.more.index != nil:
		n.more.index[n.Keys[i]] = i
	case len(n.Keys) >= indexed:
		n.reindex()
	}
}

// reindex makes the index anew, or removes it where there are few keys.
func (n *Node) reindex() {
	if len(n.Keys) < indexed {
		if n.more != nil {
			n.more.index = nil
		}
		return
	}
	if n.more == nil {
		n.more = &more{}
	}
	n.more.index = make(map[string]int, len(n.Keys))
	for i, key := range n.Keys {
		n.more.index[key] = i
	}
}
