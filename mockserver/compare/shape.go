package compare

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A shape is what was seen at each place of an answer: kinds of values. Places are
// "status", "header ETag" and "body[].customer.number".
type shape map[string]map[string]bool

func (s shape) see(place, kind string) {
	if s[place] == nil {
		s[place] = make(map[string]bool)
	}
	s[place][kind] = true
}

func (s shape) at(place string) []string { return slices.Sorted(maps.Keys(s[place])) }

// A sighting is all that was seen of one side in one check.
type sighting struct {
	shape   shape
	outside map[string]string // places that are not as the contract has them, and how
	loose   bool              // it is data, of which each side has its own
}

func newSighting(loose bool) *sighting {
	return &sighting{shape: make(shape), outside: make(map[string]string), loose: loose}
}

// headerNames are how headers are written.
var headerNames = map[string]string{
	"Etag": "ETag", "X-Ratelimit-Limit": "X-RateLimit-Limit", "X-Ratelimit-Remaining": "X-RateLimit-Remaining",
	"X-Ratelimit-Reset": "X-RateLimit-Reset", "X-Ratelimit-Policy": "X-RateLimit-Policy", "Www-Authenticate": "WWW-Authenticate",
}

// answer notes an answer. Want is the schema of its body, nil if there is none.
func (s *sighting) answer(a *answer, want *schema) {
	s.shape.see("status", strconv.Itoa(a.status))
	s.headers(a, func(name string) bool { return !isLimit(name) })
	s.body(a, want)
}

// isLimit reports whether a header tells of the server's limit.
func isLimit(name string) bool { return strings.HasPrefix(name, "X-Ratelimit-") }

// headers notes some headers of an answer.
func (s *sighting) headers(a *answer, wanted func(name string) bool) {
	for name, kind := range kindsOfHeader {
		if !wanted(name) {
			continue
		}
		place := "header " + name
		if written, ok := headerNames[name]; ok {
			place = "header " + written
		}
		if value := a.header.Get(name); value == "" {
			s.shape.see(place, kindAbsent)
		} else {
			s.shape.see(place, kind(value, a.host))
		}
	}
}

func (s *sighting) body(a *answer, want *schema) {
	trimmed := strings.TrimSpace(string(a.body))
	if trimmed == "" {
		s.shape.see("body", kindNoBody)
		return
	}
	v, ok := decode(a.body)
	switch {
	case ok:
		s.value("body", "", v, want, a.host, 0)
	case strings.HasPrefix(trimmed, "<"):
		s.shape.see("body", kindHTML)
	default:
		s.shape.see("body", kindNoJSON)
	}
}

func decode(body []byte) (v any, ok bool) {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	return v, d.Decode(&v) == nil && !d.More()
}

// depth bounds how deep a body is looked into.
const depth = 20

// value notes a value. Field is the name of the field that it is in.
func (s *sighting) value(place, field string, v any, want *schema, host string, level int) {
	if level > depth {
		return
	}
	kind := ""
	switch v := v.(type) {
	case []any:
		if kind = kindList; len(v) == 0 {
			kind = kindNone
		}
		for _, item := range v {
			s.value(place+"[]", field, item, itemsOf(want), host, level+1)
		}
	case map[string]any:
		kind = kindObject
		s.object(place, v, want, host, level)
	default:
		kind = kindOf(field, v, host)
	}
	s.shape.see(place, kind)
	if text := wanted(want, v); text != "" {
		s.outside[place] = kind + ", and the contract has " + text
	}
}

// object notes the fields of an object. The name of one that the contract does not
// have is told only where it has other fields, or where the name is well known: in
// an object whose fields may have any name, names are values.
func (s *sighting) object(place string, object map[string]any, want *schema, host string, level int) {
	var declared map[string]*schema
	if want != nil {
		declared = want.properties
	}
	for name, property := range declared {
		if v, there := object[name]; there {
			s.value(place+"."+name, name, v, property, host, level+1)
			continue
		}
		s.shape.see(place+"."+name, kindAbsent)
		if slices.Contains(want.required, any(name)) {
			s.outside[place+"."+name] = kindAbsent + ", and the contract requires it"
		}
	}
	for name, v := range object {
		if _, known := declared[name]; known {
			continue
		}
		shown := nameOf(name, len(declared) > 0)
		if len(declared) > 0 {
			s.outside[place+"."+shown] = "there, and the contract has no such field"
		}
		s.value(place+"."+shown, shown, v, nil, host, level+1)
	}
}

// hidden stands for names that are not told.
const hidden = "*"

// knownNames are names of fields and headers that are no values wherever they are.
var knownNames = []string{
	"message", "statusCode", "ExceptionType", "ExceptionMessage", "ExceptionFaultCode", "ExceptionMessageID", "ExceptionDetails", "error",
	"error_description", "errors", "type", "title", "status", "detail", "instance", "traceId", "activityId", "code", "id", "jobId", "requestId",
	"stateLocation", "contentLocation", "Location", "ETag", "Content-Type",
}

// nameOf is a name as it is told.
func nameOf(name string, amongOthers bool) string {
	for _, known := range knownNames {
		if name == known {
			return known
		}
	}
	if amongOthers && isFieldName(name) {
		return name
	}
	return hidden
}

// isFieldName reports whether a name is written as those of fields are.
func isFieldName(name string) bool {
	letters := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	return name != "" && len(name) <= 40 && strings.IndexFunc(name, func(r rune) bool { return !letters(r) }) < 0
}

func itemsOf(s *schema) *schema {
	if s == nil {
		return nil
	}
	return s.items
}

// wanted says what the contract has where a value is that does not fit, and nothing
// if it does.
func wanted(s *schema, v any) string {
	switch {
	case s == nil || s.kind == "":
		return ""
	case v == nil && s.nullable:
		return ""
	case v == nil:
		return "no null here"
	case fits(s.kind, v):
		return ""
	}
	return map[string]string{
		"string": kindText, "integer": kindWhole, "number": "a number", "boolean": kindBoolean, "array": kindList, "object": kindObject,
	}[s.kind]
}

func fits(t string, v any) bool {
	switch v := v.(type) {
	case string:
		return t == "string"
	case bool:
		return t == "boolean"
	case json.Number:
		whole := !strings.ContainsAny(v.String(), ".eE")
		return t == "number" || t == "integer" && whole
	case []any:
		return t == "array"
	}
	return t == "object"
}
