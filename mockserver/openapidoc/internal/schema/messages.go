package schema

import (
	"fmt"
	"strings"
)

func bound(inclusive, exclusive string, n Num, without bool) string {
	if without {
		return exclusive + " " + n.String()
	}
	return inclusive + " " + n.String()
}

func contains(values []any, v any) bool {
	for _, value := range values {
		if Equal(value, v) {
			return true
		}
	}
	return false
}

// choiceWord is the keyword that one of the lists of Choices is from.
func choiceWord(s *Schema, values []any) string {
	if len(values) == 1 && len(s.Choices) > 1 && &values[0] == &s.Choices[len(s.Choices)-1][0] {
		return "const"
	}
	return "enum"
}

func choices(values []any) string {
	const shown = 10
	var words []string
	for i, value := range values {
		if i == shown {
			words = append(words, fmt.Sprintf("%d others", len(values)-shown))
			break
		}
		words = append(words, show(value))
	}
	if len(words) == 0 {
		return "none of all values"
	}
	return strings.Join(words, " or ")
}

// show writes a value for a message, cut if it is long.
func show(v any) string {
	text := string(AppendKey(nil, v))
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

func typeWord(t Types) string {
	switch t {
	case 0:
		return "of no type of JSON"
	case Null:
		return "null"
	case Fraction:
		return "a number"
	case Integer, Array, Object:
		return "an " + t.String()
	}
	return "a " + t.String()
}
