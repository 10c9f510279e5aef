package paths

import (
	"net/url"
	"regexp"
	"strings"
)

// kind orders how a segment of a template is matched: the first fitting one wins.
type kind uint8

const (
	concrete kind = iota // "things"
	mixed                // "{name}.{format}"
	whole                // "{id}"
	rest                 // "{path...}", which takes segments to the end
)

// A segment is one of a template.
type segment struct {
	kind  kind
	text  string         // of a concrete one, without escapes; else as it is written
	names []string       // of its parameters
	form  *regexp.Regexp // of a mixed one, with a group for each parameter
	plain int            // letters of a mixed one that are no parameter's: the more, the sooner it is tried
}

// maxNames is how many parameters a segment may have, each of which makes matching
// slower.
const maxNames = 8

// maxLength bounds what becomes a regular expression.
const maxLength = 10_000

var parameter = regexp.MustCompile(`\{[^{}/]*\}`)

// parse reads a segment of a template.
func parse(text string) segment {
	found := parameter.FindAllStringIndex(text, -1)
	if found == nil || len(found) > maxNames || len(text) > maxLength {
		return segment{text: unescaped(text)}
	}
	s := segment{kind: mixed, text: text}
	var form strings.Builder
	form.WriteString("(?s)^")
	at := 0
	for _, f := range found {
		literal := unescaped(text[at:f[0]])
		form.WriteString(regexp.QuoteMeta(literal) + "(.+)")
		s.plain += len(literal)
		s.names = append(s.names, strings.Trim(text[f[0]+1:f[1]-1], "+*."))
		at = f[1]
	}
	literal := unescaped(text[at:])
	s.plain += len(literal)
	if s.plain == 0 && len(found) == 1 {
		if s.kind = whole; strings.HasPrefix(text, "{+") || strings.HasSuffix(text, "*}") || strings.HasSuffix(text, "...}") {
			s.kind = rest
		}
		return s
	}
	s.form = regexp.MustCompile(form.String() + regexp.QuoteMeta(literal) + "$")
	return s
}

// fitsAs reports whether two segments that are not concrete fit the same texts.
func (s *segment) fitsAs(other segment) bool {
	if s.kind != mixed || other.kind != mixed {
		return s.kind == other.kind
	}
	return s.form.String() == other.form.String()
}

func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// A Value is what a parameter of a template stands for in a path, without escapes.
type Value struct{ Name, Text string }

// values are those of the parameters, without their names, if the segment fits.
func (s *segment) values(text string) ([]Value, bool) {
	switch s.kind {
	case whole:
		return []Value{{Text: text}}, text != ""
	case mixed:
		groups := s.form.FindStringSubmatch(text)
		if groups == nil {
			return nil, false
		}
		list := make([]Value, len(s.names))
		for i := range list {
			list[i].Text = groups[i+1]
		}
		return list, true
	}
	return nil, text == s.text
}
