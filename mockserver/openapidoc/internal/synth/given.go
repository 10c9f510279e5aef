package synth

// givenValues returns the document's examples that are valid, then its defaults.
func (sh *shape) givenValues() []any {
	sh.givenOnce.Do(func() {
		var defaults []any
		for _, m := range sh.members {
			if m.s.Notes == nil {
				continue
			}
			for _, e := range m.s.Examples {
				if sh.valid(e.Value) && sh.fitsFormats(e.Value) {
					sh.given = append(sh.given, e.Value)
				}
			}
			if d := m.s.Default; d != nil && sh.valid(d.Value) && sh.fitsFormats(d.Value) {
				defaults = append(defaults, d.Value)
			}
		}
		sh.given = append(sh.given, defaults...)
	})
	return sh.given
}

// mostChoices bounds the values of an enum that are looked at.
const mostChoices = 2000

// choiceValues returns the values of enum and const that are valid; if some have
// the formats that the schemas name, only those.
func (sh *shape) choiceValues() []any {
	sh.choiceOnce.Do(func() {
		least := sh.choices[0]
		for _, list := range sh.choices {
			if len(list) < len(least) {
				least = list
			}
		}
		var unformatted []any
		for i, v := range least {
			switch {
			case i >= mostChoices || v == nil || !sh.valid(v):
			case sh.fitsFormats(v):
				sh.allowed = append(sh.allowed, v)
			default:
				unformatted = append(unformatted, v)
			}
		}
		if sh.allowed == nil {
			sh.allowed = unformatted
		}
	})
	return sh.allowed
}

// fitsFormats reports whether a value has the formats that the schemas name.
// Validation leaves many of them unchecked, other readers do not.
func (sh *shape) fitsFormats(v any) bool {
	text, ok := v.(string)
	if !ok {
		return true
	}
	for _, f := range sh.texts().formats {
		if !known[f].fits(text) {
			return false
		}
	}
	return true
}

// valid reports whether a value is valid against all that the shape stands for.
func (sh *shape) valid(v any) bool {
	for _, m := range sh.members {
		if m.up < 0 && !m.s.ValidIn(m.scope, v, sh.m.mode) {
			return false
		}
	}
	for _, n := range sh.nots {
		if n.s.ValidIn(n.scope, v, sh.m.mode) {
			return false
		}
	}
	return true
}
