package compiled

import (
	"encoding/json"
	"strings"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/synth"
)

// MediaType is a form that a body may have.
type MediaType struct {
	Type     string         // as the document writes it
	Schema   *schema.Schema // nil if the document says nothing
	Examples []Example      // the named ones in their order, then that without a name
	Encoding []Encoding
	Pointer  string

	doc *Doc
}

// Example is a value of the document.
type Example struct {
	Name    string // empty for that without a name
	Value   any
	Pointer string
}

// Encoding says how a property of a form is written.
type Encoding struct {
	Property, ContentType, Style string
	Explode                      bool
}

func (o *Operation) mediaTypes(of *apidoc.Node, pointer string) []*MediaType {
	content := of.Get("content")
	if !content.Is(apidoc.Object) {
		return nil
	}
	list := make([]*MediaType, len(content.Keys))
	for i, name := range content.Keys {
		list[i] = o.mediaType(name, content.Items[i], pointer+apidoc.Pointer("content", name))
	}
	return list
}

// mediaType reads an entry of content, or a header, which has the same keys.
func (o *Operation) mediaType(name string, n *apidoc.Node, pointer string) *MediaType {
	m := &MediaType{Type: name, Pointer: pointer, doc: o.doc}
	if s := n.Get("schema"); s != nil {
		m.Schema = o.doc.set.Compile(s, pointer+"/schema")
	}
	if named := n.Get("examples"); named.Is(apidoc.Object) {
		for i, key := range named.Keys {
			e, at := o.deref(named.Items[i], pointer+apidoc.Pointer("examples", key))
			if value := e.Get("value"); value != nil { // externalValue is never fetched
				m.Examples = append(m.Examples, Example{key, m.meant(schema.ValueOf(value)), at + "/value"})
			}
		}
	}
	if value := n.Get("example"); value != nil {
		m.Examples = append(m.Examples, Example{"", m.meant(schema.ValueOf(value)), pointer + "/example"})
	}
	if encoding := n.Get("encoding"); encoding.Is(apidoc.Object) {
		for i, property := range encoding.Keys {
			e := encoding.Items[i]
			m.Encoding = append(m.Encoding, Encoding{
				Property: property, ContentType: e.Get("contentType").Str(), Style: e.Get("style").Str(), Explode: e.Get("explode").IsTrue(),
			})
		}
	}
	return m
}

// meant returns the value that an example stands for: many write JSON as a string.
func (m *MediaType) meant(v any) any {
	text, ok := v.(string)
	if !ok || m.Schema == nil || !m.JSON() || m.Schema.Valid(text, schema.Response) {
		return v
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var parsed any
	if dec.Decode(&parsed) != nil || dec.More() || !m.Schema.Valid(parsed, schema.Response) {
		return v
	}
	return parsed
}

// JSON reports whether the form is JSON.
func (m *MediaType) JSON() bool {
	name, _, _ := strings.Cut(strings.ToLower(m.Type), ";")
	name = strings.TrimSpace(name)
	return name == "application/json" || strings.HasSuffix(name, "+json") || name == "text/json"
}

// Source says where an answer is from.
type Source string

// The sources, in the order in which they are asked.
const (
	FromExample Source = "example"        // of the media type
	FromSchema  Source = "schema example" // of the schema
	FromDefault Source = "default"        // of the schema
	Synthesised Source = "synthesised"
	Nowhere     Source = "nowhere" // the document says nothing
)

// Want is what an answer should be.
type Want struct {
	Example string // the name of an example; empty: the first
	Dynamic bool   // no example of the document
	Seed    uint64
	Items   int // see [synth.Options]
	Mode    schema.Mode
}

// Answer is a value for a media type.
type Answer struct {
	Value  any
	Source Source
	Name   string // of the example
	// Reasons are why it is not valid, or may not be. An example of the document
	// that is not valid is still the answer, because its author wants it.
	Reasons []synth.Reason
}

// Named reports whether there is an example with that name.
func (m *MediaType) Named(name string) bool {
	for _, e := range m.Examples {
		if e.Name == name {
			return true
		}
	}
	return false
}

// Answer returns a value: the named example, the first example, that of the schema,
// its default, or one that is made.
func (m *MediaType) Answer(w Want) Answer {
	if w.Dynamic {
		return m.made(w)
	}
	for _, e := range m.Examples {
		if w.Example == "" || e.Name == w.Example {
			return Answer{e.Value, FromExample, e.Name, m.judge(e.Value, e.Pointer, w.Mode)}
		}
	}
	if m.Schema == nil {
		return Answer{Source: Nowhere}
	}
	s := m.Schema
	for range 50 { // over references
		if s.Notes != nil && len(s.Notes.Examples) > 0 {
			e := s.Notes.Examples[0]
			return Answer{e.Value, FromSchema, "", m.judge(e.Value, e.Pointer, w.Mode)}
		}
		if s.Notes != nil && s.Default != nil {
			return Answer{s.Default.Value, FromDefault, "", m.judge(s.Default.Value, s.Default.Pointer, w.Mode)}
		}
		target, err := s.Target()
		if err != nil || target == nil {
			break
		}
		s = target
	}
	return m.made(w)
}

func (m *MediaType) made(w Want) Answer {
	if m.Schema == nil {
		return Answer{Source: Nowhere}
	}
	v, reasons := m.doc.Value(m.Schema, w.Mode, synth.Options{Seed: w.Seed, NoExamples: w.Dynamic, Items: w.Items})
	return Answer{Value: v, Source: Synthesised, Reasons: reasons}
}

// judge returns why an example of the document is not valid.
func (m *MediaType) judge(v any, pointer string, mode schema.Mode) []synth.Reason {
	if _, text := v.(string); m.Schema == nil || text && m.Type != "" && !m.JSON() {
		return nil // nothing to hold it against, or text in a form of its own
	}
	var reasons []synth.Reason
	for _, f := range m.Schema.Validate(v, mode) {
		reasons = append(reasons, synth.Reason{
			Pointer: pointer, Kind: synth.BadExample, Msg: "at " + f.Pointer + ": " + f.Msg + " (" + f.SchemaPointer + ")",
		})
	}
	return reasons
}
