package gendoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// A Pair is a member of a Map.
type Pair struct {
	Key   string
	Value any
}

// A Map is a JSON object that keeps the order of its members, and may have the
// same key twice.
type Map []Pair

// M makes a Map of keys and values in turn.
func M(keysAndValues ...any) Map {
	m := make(Map, 0, len(keysAndValues)/2)
	for i := 0; i < len(keysAndValues); i += 2 {
		m = append(m, Pair{keysAndValues[i].(string), keysAndValues[i+1]})
	}
	return m
}

// With returns a copy that has the members as well. One of a key that is there
// replaces it.
func (m Map) With(keysAndValues ...any) Map {
	out := append(Map(nil), m...)
	for _, p := range M(keysAndValues...) {
		out = out.put(p)
	}
	return out
}

func (m Map) put(p Pair) Map {
	for i := range m {
		if m[i].Key == p.Key {
			m[i] = p
			return m
		}
	}
	return append(m, p)
}

// MarshalJSON writes the members in their order.
func (m Map) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(encode(p.Key))
		b.WriteByte(':')
		b.Write(encode(p.Value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// A Raw is written as it is, so that a number keeps its digits.
type Raw string

// MarshalJSON returns the text.
func (r Raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// encode writes a value without escaping what only HTML needs escaped.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("gendoc: %T cannot be written: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// indented writes a document with one member a line.
func indented(v any) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, encode(v), "", " "); err != nil {
		panic(fmt.Sprintf("gendoc: %v", err))
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// pointerToken escapes a name for a JSON pointer in the fragment of a URI.
func pointerToken(name string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
}
