package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// diffBody tells where a body is not what is wanted.
func diffBody(got []byte, want any) []string {
	if want == nil {
		return nil
	}
	text := plainJSON(want)
	wanted, ok := decodeJSON(text)
	if !ok {
		if string(got) == text {
			return nil
		}
		return []string{fmt.Sprintf("Body: got %s, want %s", quoted(string(got)), quoted(text))}
	}
	have, ok := decodeJSON(string(got))
	if !ok {
		return []string{fmt.Sprintf("Body: got %s, which is no JSON, want %s", quoted(string(got)), Shortened(text))}
	}
	return diffJSON("Body", have, wanted)
}

// plainJSON is the JSON text that a wanted body stands for.
func plainJSON(want any) string {
	switch v := want.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	data, err := json.Marshal(want)
	if err != nil {
		return fmt.Sprintf("a %T, which cannot be encoded: %v", want, err)
	}
	return string(data)
}

// compact takes the blanks out of a JSON text; another text stays as it is.
func compact(text string) string {
	var buf bytes.Buffer
	if json.Compact(&buf, []byte(text)) != nil {
		return text
	}
	return buf.String()
}

func decodeJSON(text string) (v any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err == nil && !d.More()
}

// diffJSON lists the differences below a place in a document.
func diffJSON(place string, got, want any) []string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if ok {
			return diffObject(place, got, want)
		}
	case []any:
		got, ok := got.([]any)
		if ok {
			return diffArray(place, got, want)
		}
	default:
		if same(got, want) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: got %s, want %s", place, shown(got), shown(want))}
}

func diffObject(place string, got, want map[string]any) []string {
	var list []string
	for _, name := range sortedKeys(want) {
		have, ok := got[name]
		if !ok {
			list = append(list, fmt.Sprintf("%s.%s: is missing, want %s", place, name, shown(want[name])))
			continue
		}
		list = append(list, diffJSON(place+"."+name, have, want[name])...)
	}
	return list
}

func diffArray(place string, got, want []any) []string {
	if len(got) != len(want) {
		return []string{fmt.Sprintf("%s: got %s, want %d: %s", place, Plural(len(got), "element"), len(want), shown(got))}
	}
	var list []string
	for i := range want {
		list = append(list, diffJSON(place+"["+strconv.Itoa(i)+"]", got[i], want[i])...)
	}
	return list
}

// same compares scalars; 2 and 2.0 are the same number.
func same(a, b any) bool {
	x, ok1 := a.(json.Number)
	y, ok2 := b.(json.Number)
	if !ok1 || !ok2 {
		return a == b
	}
	f, err1 := x.Float64()
	g, err2 := y.Float64()
	return x == y || err1 == nil && err2 == nil && f == g
}
