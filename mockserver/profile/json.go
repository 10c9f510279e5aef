package profile

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vismanet-go/background/internal/spell"
	"github.com/vismanet-go/background/mockserver/internal/match"
)

// What is said of each switch. These are strings that only Switches reads, so
// that the linker leaves them out of programs that do not call it.
var (
	//go:embed profile.go
	source string
	//go:embed values.go
	values string
)

// A Switch is one field of a [Profile], for programs that show or turn it. One
// within Pairs is named "Pairs.Percent".
type Switch struct {
	Name    string
	Doc     string // what it is for, and what its default rests on
	Value   any    // as it is written in JSON
	Default any    // as it is written in JSON
}

// Switches lists all switches with their values in p, in the order of the
// fields of [Profile].
func (p Profile) Switches() []Switch {
	var list []Switch
	standard := Current().WithDefaults()
	p = p.WithDefaults()
	docs := docsOf()
	first := switchesOf(&standard)
	for i, s := range switchesOf(&p) {
		list = append(list, Switch{Name: s.name, Doc: docs[s.name], Value: s.json(), Default: first[i].json()})
	}
	return list
}

// Set turns switches, given as a JSON object by their names, and leaves the
// others as they are. Null stands for the default. Case does not matter in a
// name; those within Pairs are written "Pairs.Percent", or in an object "Pairs".
// A Zone is a name such as "Europe/Oslo", a GoneFor a text such as "1h". The
// error names every switch that is wrong.
func (p *Profile) Set(data []byte) error {
	changed := *p
	if err := changed.set("", data); err != nil {
		return err
	}
	if err := changed.Validate("Profile"); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "Profile.", ""))
	}
	*p = changed
	return nil
}

// set turns the switches whose names begin with a prefix.
func (p *Profile) set(prefix string, data []byte) error {
	switches := switchesOf(p)
	names := make([]string, len(switches))
	for i, s := range switches {
		names[i] = s.name
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("%s: want an object of switches", strings.TrimSuffix("the profile "+prefix, "."))
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
		if err != nil {
			return fmt.Errorf("the profile: %w", err)
		}
		name = prefix + name
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
		switch {
		case prefix == "" && strings.EqualFold(name, "Pairs"):
			errs = append(errs, p.set("Pairs.", value))
		case i < 0:
			errs = append(errs, fmt.Errorf("%s: there is no such switch%s", name, spell.Hint(name, names)))
		case seen[names[i]]:
			errs = append(errs, fmt.Errorf("%s: is there twice", names[i]))
		default:
			seen[names[i]] = true
			errs = append(errs, switches[i].set(value))
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("the profile: %w", err)
	}
	if _, err := d.Token(); prefix == "" && err != io.EOF {
		return errors.New("the profile: there is more after the object of switches")
	}
	return errors.Join(errs...)
}

// norwegian is the default of Zone, which is known without a data base of time
// zones.
const norwegian = "Europe/Oslo"

// A field is a switch of a profile in memory.
type field struct {
	name string
	v    reflect.Value
}

// switchesOf are the fields of a profile.
func switchesOf(p *Profile) []field {
	var list []field
	var add func(prefix string, v reflect.Value)
	add = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			f := field{prefix + v.Type().Field(i).Name, v.Field(i)}
			if f.v.Type() == reflect.TypeFor[PairRules]() {
				add(f.name+".", f.v)
				continue
			}
			list = append(list, f)
		}
	}
	add("", reflect.ValueOf(p).Elem())
	return list
}

// json is the field's value as it is written.
func (f field) json() any {
	switch v := f.v.Interface().(type) {
	case *time.Location:
		if v == nil {
			return norwegian
		}
		return v.String()
	case time.Duration:
		return v.String()
	case map[string]string:
		if v == nil {
			return map[string]string{}
		}
		return v
	default:
		return v
	}
}

// set reads a field's value; null is the default.
func (f field) set(data []byte) error {
	if string(data) == "null" {
		f.v.SetZero()
		return nil
	}
	into := reflect.New(f.v.Type())
	want, err := "", error(nil)
	var text string
	switch v := into.Interface().(type) {
	case **time.Location:
		if want, err = `the name of a time zone, such as "Europe/Oslo"`, json.Unmarshal(data, &text); err == nil && text != norwegian {
			*v, err = time.LoadLocation(text)
		}
	case *time.Duration:
		if want, err = `a duration such as "1h30m"`, json.Unmarshal(data, &text); err == nil {
			*v, err = time.ParseDuration(text)
		}
	default:
		want, err = wanted(f.v.Kind()), json.Unmarshal(data, v)
	}
	if err != nil {
		return fmt.Errorf("%s: want %s, not %s", f.name, want, match.Shortened(string(data)))
	}
	f.v.Set(into.Elem())
	return nil
}

// wanted is a kind of value for an error.
func wanted(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return "a list of texts"
	case reflect.Map:
		return "an object of texts"
	}
	return "a text"
}

// docsOf reads what is said of each switch.
var docsOf = sync.OnceValue(func() map[string]string {
	docs := make(map[string]string)
	readDocs(docs, "", source, "Profile")
	readDocs(docs, "Pairs.", values, "PairRules")
	return docs
})

// readDocs reads the comments of a structure's fields: one stands before a
// field, or before the first of several.
func readDocs(docs map[string]string, prefix, source, structure string) {
	_, body, _ := strings.Cut(source, "\ntype "+structure+" struct {")
	var said []string
	fresh := true // the next comment is another one
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		text, isComment := strings.CutPrefix(line, "//")
		switch {
		case line == "}":
			return
		case line == "":
			said, fresh = nil, true
		case isComment && fresh:
			said, fresh = []string{strings.TrimSpace(text)}, false
		case isComment:
			said = append(said, strings.TrimSpace(text))
		default:
			name, _, _ := strings.Cut(line, " ")
			docs[prefix+name], fresh = strings.NewReplacer("[", "", "]", "").Replace(strings.Join(said, " ")), true
		}
	}
}
