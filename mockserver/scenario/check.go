package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// check looks for what is wrong although each field by itself is right.
func (d *decoder) check(s *Scenario) {
	names := make(map[string]bool) // of earlier steps; true: it submits
	for i := range s.Steps {
		d.checkStep(fmt.Sprintf("steps[%d]", i), &s.Steps[i], names)
	}
	for i, c := range s.Verify {
		place := fmt.Sprintf("verify[%d]", i)
		if c.Operation != nil && c.Operation.Of != "" {
			d.checkOf(place+".operation.of", c.Operation.Of, names)
		}
		if c.Delivery != nil && c.Delivery.Of != "" {
			d.checkOf(place+".delivery.of", c.Delivery.Of, names)
		}
		if c.Times != nil && (c.AtLeast != nil || c.AtMost != nil) {
			d.wrongAt(place+".times", "says all; leave out atLeast and atMost")
		}
	}
	if len(d.problems) == 0 {
		d.checkSetup(s)
	}
}

// checkSetup has the mock say what is wrong with its configuration.
func (d *decoder) checkSetup(s *Scenario) {
	m, err := Start(s, nil)
	if err != nil {
		initial := regexp.MustCompile(`(^|\.)[A-Z]`)
		lines := strings.Split(err.Error(), "\n")
		for i, line := range lines {
			field, text, _ := strings.Cut(line, ": ")
			lines[i] = initial.ReplaceAllStringFunc(field, strings.ToLower) + ": " + text
		}
		d.wrongLines("", errors.New(strings.Join(lines, "\n")))
		return
	}
	if err := m.Close(); err != nil {
		d.wrong("", nil, "%v", err)
	}
}

func (d *decoder) checkStep(place string, step *Step, names map[string]bool) {
	var as string
	submits := false
	switch {
	case step.Submit != nil:
		place += ".submit"
		as, submits = step.Submit.As, true
		d.checkPath(place, step.Submit.Path)
	case step.Call != nil:
		place += ".call"
		as = step.Call.As
		d.checkPath(place, step.Call.Path)
	case step.State != nil:
		place += ".state"
		as = step.State.As
		d.checkOf(place+".of", step.State.Of, names)
	case step.Content != nil:
		place += ".content"
		as = step.Content.As
		d.checkOf(place+".of", step.Content.Of, names)
	case step.Wait != nil:
		d.checkOf(place+".wait.of", step.Wait.Of, names)
	case step.Notified != nil:
		place += ".notified"
		d.checkOf(place+".of", step.Notified.Of, names)
	case step.Expire != nil:
		d.checkOf(place+".expire", *step.Expire, names)
	case step.Redeliver != nil:
		d.checkOf(place+".redeliver", *step.Redeliver, names)
	}
	d.checkReferences(place, step, names)
	if as == "" {
		return
	}
	if _, twice := names[as]; twice {
		d.wrongAt(place+".as", "an earlier step is named %q too", as)
	}
	if !nameForm.MatchString(as) {
		d.wrongAt(place+".as", "want letters, digits, - and _ only, not %q", as)
	}
	names[as] = submits
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (d *decoder) checkPath(place, path string) {
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "${") {
		d.wrongAt(place+".path", `want a path below the API's root, such as "/v1/customerinvoice", not %q`, path)
	}
}

func (d *decoder) checkOf(place, of string, names map[string]bool) {
	if submits, ok := names[of]; !ok || !submits {
		known := make([]string, 0, len(names))
		for _, name := range sortedKeys(names) {
			if names[name] {
				known = append(known, name)
			}
		}
		if len(known) == 0 {
			d.wrongAt(place, "no step before submits anything as %q", of)
			return
		}
		d.wrongAt(place, "no step before submits anything as %q%s", of, orNames(of, known))
	}
}

// checkReferences looks at every text in a step.
func (d *decoder) checkReferences(place string, step *Step, names map[string]bool) {
	for _, ref := range allReferences(reflect.ValueOf(step)) {
		name, _, err := splitReference(ref)
		_, known := names[name]
		switch {
		case err != nil:
			d.wrongAt(place, "%v", err)
		case name != "" && !known:
			d.wrongAt(place, "${%s}: no step before is named %q", ref, name)
		}
	}
}

// allReferences lists the references in all texts of a value.
func allReferences(v reflect.Value) (list []string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			list = allReferences(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			list = append(list, allReferences(v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			list = append(list, allReferences(v.Index(i))...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			list = append(list, allReferences(v.MapIndex(key))...)
		}
	case reflect.String:
		list = references(v.String())
	}
	return list
}
