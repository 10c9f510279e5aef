package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads rules from a JSON array, for programs that are given a file. An
// element has the fields of a [Rule] in camel case, and "do" those of what can
// happen at its "on": a [Queue] at "queue", a [Notify] at "notification", an
// [Answer] elsewhere. Match and a [Func] have no form in JSON.
//
//	[{"on": "intake", "times": 2, "do": {"status": 429, "retryAfter": "30s"}},
//	 {"on": "state", "between": {"from": "1m", "to": "2m"}, "do": {"stuck": true}},
//	 {"on": "notification", "probability": 0.1, "do": {"duplicates": 2, "header": {"order": null}}}]
//
// A duration is a text as for [time.ParseDuration], a body is a text, and a
// value in "header" is a text, a list of texts or null. Unknown fields and
// fields that come twice are errors. The error names the index and field of
// everything that is wrong, as in "[0].do.retryAfter".
func Parse(data []byte) ([]Rule, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin a file with it
	var elements []json.RawMessage
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&elements); err != nil || elements == nil {
		return nil, notRules(data, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more after the array of rules")
	}
	rules := make([]Rule, len(elements))
	var errs []error
	for i, raw := range elements {
		errs = append(errs, rules[i].parse("["+strconv.Itoa(i)+"]", raw))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := Validate("", rules, true); err != nil { // which paths have a background, the server knows
		return nil, withJSONNames(err)
	}
	return rules, nil
}

// withJSONNames names the fields in an error of Validate as they are written
// in JSON.
func withJSONNames(err error) error {
	initial := regexp.MustCompile(`\.[A-Z]`)
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		field, text, _ := strings.Cut(line, ": ")
		field = initial.ReplaceAllStringFunc(field, strings.ToLower)
		lines[i] = field + ": " + text
	}
	return errors.New(strings.Join(lines, "\n"))
}

// parse reads one rule; place is where it stands.
func (r *Rule) parse(place string, raw json.RawMessage) error {
	var do json.RawMessage
	err := parseFields(place, raw, r.fields(&do))
	if err == nil && !slices.Contains(allPoints, r.On) {
		err = unknownPoint(place+".on", r.On)
	}
	if err == nil && do == nil {
		err = fmt.Errorf("%s.do: is missing", place)
	}
	if err != nil {
		return err
	}
	place += ".do"
	switch r.On {
	case OnQueue:
		var f Queue
		err = parseFields(place, do, f.fields())
		r.Do = f
	case OnNotification:
		var f Notify
		err = parseFields(place, do, f.fields())
		r.Do = f
	default:
		var f Answer
		err = parseFields(place, do, f.fields())
		r.Do = f
	}
	return err
}

func (r *Rule) fields(do *json.RawMessage) map[string]any {
	return map[string]any{
		"name": &r.Name, "on": &r.On, "company": &r.Company, "method": &r.Method, "path": &r.Path,
		"perOperation": &r.PerOperation, "after": &r.After, "every": &r.Every, "probability": &r.Probability, "times": &r.Times,
		"between": &r.Between, "do": do,
	}
}

func (f *Answer) fields() map[string]any {
	return map[string]any{
		"delay": &f.Delay, "process": &f.Process, "drop": &f.Drop, "status": &f.Status, "body": &f.Body, "header": &f.Header,
		"retryAfter": &f.RetryAfter, "retryAfterDate": &f.RetryAfterDate, "set": &f.Set, "omit": &f.Omit, "links": &f.Links,
		"cutAfter": &f.CutAfter, "stall": &f.Stall, "foreground": &f.Foreground, "lag": &f.Lag, "stuck": &f.Stuck,
	}
}

func (f *Queue) fields() map[string]any {
	return map[string]any{
		"hold": &f.Hold, "fail": &f.Fail, "late": &f.Late, "deaths": &f.Deaths, "lease": &f.Lease, "twice": &f.Twice,
	}
}

func (f *Notify) fields() map[string]any {
	return map[string]any{
		"drop": &f.Drop, "delay": &f.Delay, "early": &f.Early, "reorder": &f.Reorder, "duplicates": &f.Duplicates, "forge": &f.Forge,
		"replay": &f.Replay, "body": &f.Body, "set": &f.Set, "omit": &f.Omit, "header": &f.Header,
	}
}

// parseFields reads a JSON object into the variables that fields points to.
func parseFields(place string, raw json.RawMessage, fields map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("%s: want an object, not %s", place, shortened(raw))
	}
	var errs []error
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		name, _ := t.(string)
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		into, known := fields[name]
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", place, err)
		case !known:
			errs = append(errs, unknownField(place, name, slices.Sorted(maps.Keys(fields))))
		case seen[name]:
			errs = append(errs, fmt.Errorf("%s.%s: is there twice", place, name))
		default:
			errs = append(errs, parseField(place+"."+name, value, into))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

// parseField reads one value into a variable. Null is a value of "set" only.
func parseField(place string, raw json.RawMessage, into any) error {
	want := ""
	var err error
	switch v := into.(type) {
	case *json.RawMessage:
		*v = raw
		return nil
	case *Span:
		return parseFields(place, raw, map[string]any{"from": &v.From, "to": &v.To})
	case *time.Duration:
		var text string
		want = `a duration such as "1m30s"`
		if err = json.Unmarshal(raw, &text); err == nil {
			*v, err = time.ParseDuration(text)
		}
	case *http.Header:
		return parseHeader(place, raw, v)
	case *[]byte:
		var text string
		want, err = "a text", json.Unmarshal(raw, &text)
		*v = []byte(text)
	case *string, *Point:
		want, err = "a text", json.Unmarshal(raw, v)
	case *int:
		want, err = "a whole number", json.Unmarshal(raw, v)
	case *float64:
		want, err = "a number", json.Unmarshal(raw, v)
	case *bool:
		want, err = "true or false", json.Unmarshal(raw, v)
	case *[]string:
		want, err = "a list of texts", json.Unmarshal(raw, v)
	default:
		want, err = "an object", json.Unmarshal(raw, v)
	}
	if err != nil || string(raw) == "null" {
		return fmt.Errorf("%s: want %s, not %s", place, want, shortened(raw))
	}
	return nil
}

// shortened is a value for an error.
func shortened(raw []byte) string {
	const most = 100
	if len(raw) <= most {
		return string(raw)
	}
	return strings.ToValidUTF8(string(raw[:most]), "") + "…"
}

// parseHeader reads header fields; null removes one.
func parseHeader(place string, raw json.RawMessage, into *http.Header) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("%s: want an object, not %s", place, shortened(raw))
	}
	h := make(http.Header)
	var errs []error
	for d.More() {
		var v any
		t, err := d.Token()
		if err == nil {
			err = d.Decode(&v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		name, _ := t.(string)
		key := http.CanonicalHeaderKey(name)
		if _, twice := h[key]; twice {
			errs = append(errs, fmt.Errorf("%s.%s: is there twice", place, name))
		}
		values, ok := headerValues(v)
		if !ok {
			errs = append(errs, fmt.Errorf("%s.%s: want a text, a list of texts or null", place, name))
		}
		h[key] = values
	}
	*into = h
	return errors.Join(errs...)
}

func headerValues(v any) (values []string, ok bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, false
			}
			values = append(values, text)
		}
		return values, true
	}
	return nil, false
}
