package wire

import (
	"bytes"
	"encoding/json"
)

// A Text is JSON text; empty means that the field is left out.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// Quote is the JSON text for s.
func Quote(s string) Text { return Text(appendText(nil, s)) }

// JSON encodes a value of the mock's own, which cannot fail. Unlike
// json.Marshal it writes "&" as it is, as the ERP does.
func JSON(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// What is written for every operation and every poll is encoded by hand: as
// JSON does, which a test compares.

// appendText appends a JSON text.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, JSON(s)...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendField appends the name of a field, which is plain, and its text.
func appendField(b []byte, name, text string) []byte {
	return appendText(appendName(b, name), text)
}

// appendName appends what comes before a field's value.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// appendGiven appends a field unless it is left out.
func appendGiven(b []byte, name string, value Text) []byte {
	if value == "" {
		return b
	}
	return append(appendName(b, name), value...)
}

// appendOptional appends a field that may be null.
func appendOptional(b []byte, name string, text *string) []byte {
	if text == nil {
		return append(appendName(b, name), "null"...)
	}
	return appendField(b, name, *text)
}
