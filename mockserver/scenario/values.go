package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// A saved is what an earlier step left.
type saved struct {
	id     string // of the operation; empty if there is none
	status int
	header http.Header
	body   []byte
}

// A reference is ${name.part}; $${ is a ${ that is none.
var reference = regexp.MustCompile(`\$\$\{|\$\{([^}]*)\}`)

// references lists what a text refers to: "inv.id".
func references(text string) []string {
	var list []string
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		if m[0] != "$${" {
			list = append(list, m[1])
		}
	}
	return list
}

// escape makes a text that refers to nothing.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// unescape is a text that refers to nothing, as it is meant.
func unescape(text string) string { return strings.ReplaceAll(text, "$${", "${") }

// splitReference parts the name of a step from what is meant of it.
func splitReference(ref string) (name, part string, err error) {
	name, part, _ = strings.Cut(ref, ".")
	switch head, _, more := strings.Cut(part, "."); {
	case ref == "hook":
		return "", "hook", nil
	case head == "id" && !more, head == "status" && !more, head == "header" && more, head == "body":
		return name, part, nil
	}
	return "", "", fmt.Errorf("want ${name.id}, ${name.status}, ${name.header.…}, ${name.body.…} or ${hook}, not ${%s}", ref)
}

// A scope has what texts may refer to.
type scope map[string]*saved

// text replaces the references in a text.
func (s scope) text(text string) (string, error) {
	var failed error
	result := reference.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$${" {
			return "${"
		}
		v, err := s.value(m[2 : len(m)-1])
		if err != nil {
			failed = err
			return ""
		}
		switch v := v.(type) {
		case string:
			return v
		case json.Number:
			return v.String()
		}
		data, err := json.Marshal(v)
		if err != nil {
			failed = err
		}
		return string(data)
	})
	return result, failed
}

// texts replaces the references in header values.
func (s scope) texts(m map[string]string) (map[string]string, error) {
	result := make(map[string]string, len(m))
	for name, text := range m {
		var err error
		if result[name], err = s.text(text); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// any replaces the references in a body. A text that is nothing but a reference
// becomes what that is, a number for example.
func (s scope) any(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		if refs := references(v); len(refs) == 1 && v == "${"+refs[0]+"}" {
			return s.value(refs[0])
		}
		return s.text(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			if list[i], err = s.any(v[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			if object[name], err = s.any(v[name]); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return v, nil
}

// value is what a reference means.
func (s scope) value(ref string) (any, error) {
	name, part, err := splitReference(ref)
	if err != nil {
		return nil, err
	}
	if part == "hook" {
		return HookURL, nil
	}
	of, ok := s[name]
	if !ok {
		return nil, fmt.Errorf("${%s}: no step before is named %q", ref, name)
	}
	head, rest, _ := strings.Cut(part, ".")
	switch head {
	case "id":
		if of.id == "" {
			return nil, fmt.Errorf("${%s}: that call became no operation", ref)
		}
		return of.id, nil
	case "status":
		return json.Number(strconv.Itoa(of.status)), nil
	case "header":
		if len(of.header.Values(rest)) == 0 {
			return nil, fmt.Errorf("${%s}: the answer had no such header", ref)
		}
		return of.header.Get(rest), nil
	}
	return of.part(ref, rest)
}

// part is a part of a JSON body.
func (v *saved) part(ref, path string) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(v.body)))
	d.UseNumber()
	var at any
	if err := d.Decode(&at); err != nil {
		return nil, fmt.Errorf("${%s}: the answer was no JSON", ref)
	}
	for path != "" {
		var head string
		head, path, _ = strings.Cut(path, ".")
		var ok bool
		switch in := at.(type) {
		case map[string]any:
			at, ok = in[head]
		case []any:
			i, err := strconv.Atoi(head)
			if ok = err == nil && i >= 0 && i < len(in); ok {
				at = in[i]
			}
		}
		if !ok {
			return nil, fmt.Errorf("${%s}: the answer had no %s there", ref, head)
		}
	}
	return at, nil
}
