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
func Quote(s string) Text { return Text(JSON(s)) }

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
