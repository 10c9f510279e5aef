package scenario

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
)

// YAML writes a scenario as [Parse] reads it.
func (s *Scenario) YAML() ([]byte, error) {
	doc, err := written(reflect.ValueOf(s).Elem())
	if err != nil {
		return nil, err
	}
	return yaml.MarshalWithOptions(doc, yaml.UseLiteralStyleIfMultiline(true), yaml.UseSingleQuote(true), yaml.IndentSequence(true))
}

// written is a value as goccy/go-yaml writes it: what is zero is left out.
func written(v reflect.Value) (any, error) {
	switch own := v.Interface().(type) {
	case time.Duration:
		return own.String(), nil
	case time.Time:
		return own.Format(time.RFC3339Nano), nil
	case Profile:
		return writtenProfile(own)
	case Faults:
		return writtenFaults(own)
	case ExecTime:
		if own.Fixed != 0 {
			return own.Fixed.String(), nil
		}
		if own.Each != nil {
			return written(reflect.ValueOf(own.Each))
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return written(v.Elem())
	case reflect.Interface:
		return writtenJSON(v.Interface()), nil
	case reflect.Struct:
		return writtenStruct(v)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			var err error
			if list[i], err = written(v.Index(i)); err != nil {
				return nil, err
			}
		}
		return list, nil
	case reflect.Map:
		var items yaml.MapSlice
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return bytes.Compare([]byte(a.String()), []byte(b.String())) })
		for _, key := range keys {
			item, err := written(v.MapIndex(key))
			if err != nil {
				return nil, err
			}
			items = append(items, yaml.MapItem{Key: key.String(), Value: item})
		}
		return items, nil
	case reflect.String:
		return v.String(), nil // also of types of their own
	}
	return v.Interface(), nil
}

func writtenStruct(v reflect.Value) (any, error) {
	items := yaml.MapSlice{}
	for _, f := range fieldsOf(v.Type()) {
		field := v.FieldByIndex(f.index)
		if field.IsZero() {
			continue
		}
		item, err := written(field)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		items = append(items, yaml.MapItem{Key: f.name, Value: item})
	}
	return items, nil
}

func writtenProfile(p Profile) (any, error) {
	items := yaml.MapSlice{}
	if p.Base != "" {
		items = append(items, yaml.MapItem{Key: "base", Value: p.Base})
	}
	if p.Switches == nil {
		return items, nil
	}
	switches, err := readJSON(p.Switches)
	if err != nil {
		return nil, err
	}
	return append(items, writtenJSON(switches).(yaml.MapSlice)...), nil
}

func writtenFaults(rules Faults) (any, error) {
	list := make([]any, len(rules))
	for i, rule := range rules {
		data, err := rule.JSON()
		if err != nil {
			return nil, err
		}
		v, err := readJSON(data)
		if err != nil {
			return nil, err
		}
		fields := writtenJSON(v).(yaml.MapSlice)
		slices.SortStableFunc(fields, func(a, b yaml.MapItem) int { return cmp.Compare(rank(a), rank(b)) })
		list[i] = fields
	}
	return list, nil
}

// rank has the fields of a rule in the order in which they are read best: which, when
// and what.
func rank(field yaml.MapItem) int {
	switch field.Key {
	case "name":
		return 0
	case "on":
		return 1
	case "do":
		return 3
	}
	return 2
}

func readJSON(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// writtenJSON has the fields of objects in their order, and numbers as numbers.
func writtenJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		items := yaml.MapSlice{}
		for _, name := range sortedKeys(v) {
			items = append(items, yaml.MapItem{Key: name, Value: writtenJSON(v[name])})
		}
		return items
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = writtenJSON(v[i])
		}
		return list
	case json.Number:
		return number(v)
	}
	return v
}

// A number keeps its notation: 12.50.
type number json.Number

// MarshalYAML writes the number as it stands.
func (n number) MarshalYAML() ([]byte, error) { return []byte(n), nil }
