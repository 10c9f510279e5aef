// Package prefer reads the Prefer header (RFC 7240) of callers that want a certain
// answer of a mock.
package prefer

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// A Preference is what a caller wants. The zero value is nothing in particular.
type Preference struct {
	Code    int    // status; 0: any
	Example string // name of an example; empty: any
	Dynamic bool   // made up, although there are examples
}

// Read reads the preferences "code", "example" and "dynamic" of a header; others say
// nothing to a mock. Of one that is there twice the first counts. The error names
// the one that is not valid.
func Read(h http.Header) (p Preference, err error) {
	seen := make(map[string]bool)
	for _, line := range h.Values("Prefer") {
		for _, part := range split(line, ',') {
			name, value := pair(split(part, ';')[0])
			if seen[name] {
				continue
			}
			switch seen[name] = true; name {
			case "code":
				p.Code, err = strconv.Atoi(value)
				if err != nil || p.Code < 200 || p.Code > 599 {
					return Preference{}, fmt.Errorf("code=%s: want a status from 200 to 599", value)
				}
			case "example":
				if value == "" {
					return Preference{}, errors.New("example: want the name of an example, example=name")
				}
				p.Example = value
			case "dynamic":
				p.Dynamic = !strings.EqualFold(value, "false")
			}
		}
	}
	return p, nil
}

// String is p as a header writes it.
func (p Preference) String() string {
	var list []string
	if p.Code != 0 {
		list = append(list, "code="+strconv.Itoa(p.Code))
	}
	if p.Example != "" {
		list = append(list, "example="+quoted(p.Example))
	}
	if p.Dynamic {
		list = append(list, "dynamic=true")
	}
	return strings.Join(list, ", ")
}

// split cuts a text at a separator outside of quotes.
func split(text string, sep byte) (parts []string) {
	quote, begin := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quote = !quote
		case c == '\\' && quote:
			i++
		case c == sep && !quote:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

// pair reads name=value; names are in lower case.
func pair(text string) (name, value string) {
	name, value, _ = strings.Cut(text, "=")
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		var b strings.Builder
		inner := value[1 : len(value)-1]
		for i := 0; i < len(inner); i++ {
			if inner[i] == '\\' && i+1 < len(inner) {
				i++
			}
			b.WriteByte(inner[i])
		}
		value = b.String()
	}
	return strings.ToLower(strings.TrimSpace(name)), value
}

// quoted writes a value with quotes if it needs them.
func quoted(value string) string {
	if !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\,;=()<>@:/[]?{}`, r) }) {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "").Replace(value) + `"`
}
