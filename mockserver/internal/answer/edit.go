package answer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// Edit replaces, adds and takes out fields of a JSON object; the others
// keep their order. What is no object stays as it is.
func Edit(body []byte, set map[string]any, omit []string) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return body
	}
	var out bytes.Buffer
	field := func(name string, value []byte) {
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		out.Write(wire.JSON(name))
		out.WriteByte(':')
		out.Write(value)
	}
	seen := make(map[string]bool)
	for dec.More() {
		var value json.RawMessage
		name, err := dec.Token()
		if err != nil || dec.Decode(&value) != nil {
			return body
		}
		key := name.(string)
		seen[key] = true
		to, replaced := set[key]
		switch {
		case slices.Contains(omit, key):
		case replaced:
			field(key, wire.JSON(to))
		default:
			field(key, value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if !seen[key] && !slices.Contains(omit, key) {
			field(key, wire.JSON(set[key]))
		}
	}
	return slices.Concat([]byte("{"), out.Bytes(), []byte("}"))
}
