package fault

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"
)

// Errors of [Rule.JSON].
var errNoJSON = errors.New("a Match and a Func have no form in JSON")

// JSON is the rule as [Parse] reads it, in an array. The error is about a Match
// or a Func, which have no such form: the rule is written without them then.
func (r Rule) JSON() ([]byte, error) {
	var do json.RawMessage
	object := written(r.fields(&do))
	var err error
	switch f := r.Do.(type) {
	case Answer:
		object["do"] = written(f.fields())
	case Queue:
		object["do"] = written(f.fields())
	case Notify:
		object["do"] = written(f.fields())
	default:
		err = errNoJSON
	}
	if r.Match != nil {
		err = errNoJSON
	}
	data, wrong := json.Marshal(object)
	return data, errors.Join(err, wrong)
}

// written are the fields that are not zero, as parseField reads them.
func written(fields map[string]any) map[string]any {
	object := make(map[string]any)
	for name, field := range fields {
		if v := reflect.ValueOf(field).Elem(); v.IsZero() {
			continue
		}
		switch v := field.(type) {
		case *json.RawMessage: // "do"
		case *Span:
			object[name] = written(map[string]any{"from": &v.From, "to": &v.To})
		case *time.Duration:
			object[name] = v.String()
		case *[]byte:
			object[name] = string(*v)
		case *http.Header:
			object[name] = writtenHeader(*v)
		default:
			object[name] = reflect.ValueOf(field).Elem().Interface()
		}
	}
	return object
}

// writtenHeader has a list of texts, or null for a field that is removed.
func writtenHeader(h http.Header) map[string]any {
	object := make(map[string]any)
	for name, values := range h {
		if object[name] = values; values == nil {
			object[name] = nil
		}
	}
	return object
}
