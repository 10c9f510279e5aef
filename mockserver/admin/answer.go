package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/admin/internal/api"
	"github.com/vismanet-go/background/mockserver/internal/match"
)

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the types are ours
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the client may be gone
}

// refuse answers with what is wrong.
func refuse(w http.ResponseWriter, status int, p api.Problem) { reply(w, status, p) }

// wrong refuses a request of which a field is wrong.
func wrong(w http.ResponseWriter, field, format string, args ...any) {
	refuse(w, http.StatusBadRequest, api.Problem{Error: field + ": " + fmt.Sprintf(format, args...), Field: field})
}

// unknown refuses what is about something that is not there.
func unknown(w http.ResponseWriter, what, name, remedy string) {
	refuse(w, http.StatusNotFound, api.Problem{Error: "there is no " + what + " " + shortened(name), Remedy: remedy})
}

// failed answers for an error of the mock itself.
func (a *Admin) failed(w http.ResponseWriter, err error, remedy string) {
	if errors.Is(err, mockserver.ErrClosed) || a.isClosed() {
		refuse(w, http.StatusServiceUnavailable, api.Problem{Error: "the mock is shutting down"})
		return
	}
	refuse(w, http.StatusConflict, api.Problem{Error: err.Error(), Remedy: remedy})
}

// isClosed reports whether the mock is shutting down.
func (a *Admin) isClosed() bool {
	select {
	case <-a.closed:
		return true
	case <-a.srv.Done():
		return true
	default:
		return false
	}
}

func shortened(s string) string { return fmt.Sprintf("%q", match.Shortened(s)) }

// neverZero are the fields that may be left out, but not be zero.
var neverZero = []string{"timeoutMs", "count", "status", "rate"}

// decode reads a JSON object that has at least the wanted fields. If it cannot,
// it has refused the request.
func decode[T any](w http.ResponseWriter, r *http.Request, wanted ...string) (body T, ok bool) {
	data, ok := read(w, r)
	if !ok {
		return body, false
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		why := "it is not an object"
		if err != nil {
			why = err.Error()
		}
		refuse(w, http.StatusBadRequest, api.Problem{Error: "the body is no JSON object: " + why, Field: "body"})
		return body, false
	}
	known := fieldsOf(reflect.TypeFor[T]())
	for name, value := range fields {
		if !slices.Contains(known, name) {
			refuse(w, http.StatusBadRequest, api.Problem{
				Error: "there is no field " + shortened(name) + spell.Hint(name, known), Field: name, Remedy: "use " + strings.Join(known, ", "),
			})
			return body, false
		}
		if string(value) == "0" && slices.Contains(neverZero, name) {
			wrong(w, name, "must be more than 0")
			return body, false
		}
	}
	if place := nullIn(reflect.TypeFor[T](), data); place != "" {
		wrong(w, place, "must not be null: leave it out")
		return body, false
	}
	for _, name := range wanted {
		if fields[name] == nil {
			wrong(w, name, "is missing")
			return body, false
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		p := api.Problem{Error: strings.TrimPrefix(err.Error(), "json: "), Field: "body"}
		if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			p = api.Problem{Error: typed.Field + ": want " + kindOf(typed.Type) + ", not a " + typed.Value, Field: typed.Field}
		}
		refuse(w, http.StatusBadRequest, p)
		return body, false
	}
	return body, true
}

// nullIn finds a null where a type has none: the path of a field, empty if there
// is none. What holds any JSON may be null.
func nullIn(t reflect.Type, data json.RawMessage) (place string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	isNull := func(v json.RawMessage) bool { return string(bytes.TrimSpace(v)) == "null" }
	below := func(name string, t reflect.Type, v json.RawMessage) string {
		switch {
		case t.Kind() == reflect.Interface || t == reflect.TypeFor[json.RawMessage]():
			return ""
		case isNull(v):
			return name
		}
		if rest := nullIn(t, v); rest != "" {
			return name + "." + rest
		}
		return ""
	}
	switch {
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(data, &fields) // what is wrong is found when it is read
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if v, ok := fields[name]; ok && place == "" {
				place = below(name, f.Type, v)
			}
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		var list []json.RawMessage
		_ = json.Unmarshal(data, &list)
		for i, v := range list {
			if place == "" {
				place = below(strconv.Itoa(i), t.Elem(), v)
			}
		}
	case t == reflect.TypeFor[map[string]string]():
		var values map[string]json.RawMessage
		_ = json.Unmarshal(data, &values)
		for name, v := range values {
			if isNull(v) {
				return name
			}
		}
	}
	return place
}

// kindOf names a type in JSON.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a text"
}

// read reads a whole body. If it cannot, it has refused the request.
func read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	data, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		refuse(w, http.StatusRequestEntityTooLarge, api.Problem{Error: fmt.Sprintf("the body has more than %d bytes", tooLarge.Limit), Field: "body"})
		return nil, false
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, api.Problem{Error: "the body cannot be read: " + err.Error(), Field: "body"})
		return nil, false
	}
	return data, true
}

// fieldsOf are the names of a structure's fields in JSON.
func fieldsOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// wrongParameter answers for a parameter that does not have its type.
func wrongParameter(w http.ResponseWriter, _ *http.Request, err error) {
	p := api.Problem{Error: err.Error()}
	if e, ok := errors.AsType[*api.InvalidParamFormatError](err); ok {
		p.Field = e.ParamName
	}
	if e, ok := errors.AsType[*api.TooManyValuesForParamError](err); ok {
		p.Field = e.ParamName
	}
	refuse(w, http.StatusBadRequest, p)
}

// durations reads durations of a body.
type durations struct{ field, text string }

// read reads a text into a duration; an empty one leaves it as it is.
func (d *durations) read(field, text string, into *time.Duration) {
	if text == "" {
		return
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		d.field, d.text = field, text
		return
	}
	*into = v
}

// refused refuses a request that has a wrong one.
func (d *durations) refused(w http.ResponseWriter) bool {
	if d.field != "" {
		wrong(w, d.field, "%s is no duration: want one such as \"1m30s\"", shortened(d.text))
	}
	return d.field != ""
}

// goField is how an error of the mock names a field.
var goField = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)*`)

// renamed refuses a request for an error that names fields as Go does, each after
// a prefix: "RateLimit.Same.Calls: must not be negative".
func renamed(w http.ResponseWriter, err error, prefix string) {
	p := api.Problem{}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		line = strings.TrimPrefix(line, prefix+".")
		name := goField.FindString(line)
		parts := strings.Split(name, ".")
		for j, part := range parts {
			switch {
			case part == strings.ToUpper(part): // URL, ID
				parts[j] = strings.ToLower(part)
			default:
				parts[j] = strings.ToLower(part[:1]) + part[1:]
			}
		}
		lines[i] = strings.Join(parts, ".") + line[len(name):]
		if p.Field == "" {
			p.Field = strings.Join(parts, ".")
		}
	}
	p.Error = strings.Join(lines, "\n")
	refuse(w, http.StatusBadRequest, p)
}
