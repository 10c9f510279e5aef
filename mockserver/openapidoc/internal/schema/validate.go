package schema

import (
	"fmt"
	"strconv"

	"github.com/vismanet-go/background/internal/apidoc"
)

// Fault is where a value is not valid.
type Fault struct {
	Pointer       string // JSON pointer into the value
	SchemaPointer string // into the document: the keyword that it fails
	Msg           string // what was seen and what was wanted
}

// Bounds of the work for one value: schemas that are looked at, references that
// lead to each other without a value in between, and faults that are told.
const (
	mostSteps  = 500_000
	mostInline = 300
	mostFaults = 100
)

// Validate returns why a value is not valid; nil if it is. Values are made of nil,
// bool, string, json.Number (also float64, int, int64), []any and map[string]any.
func (s *Schema) Validate(value any, mode Mode) []Fault {
	c := &check{mode: mode}
	ok := c.schema(s, value, here{refs: &visit{s: s}})
	switch {
	case c.steps > mostSteps:
		return []Fault{{SchemaPointer: s.Pointer, Msg: "not decided: the schemas refer to each other too often"}}
	case ok:
		return nil
	case len(c.faults) == 0:
		return []Fault{{SchemaPointer: s.Pointer, Msg: "not valid"}}
	}
	return c.faults
}

// Valid reports whether a value is valid.
func (s *Schema) Valid(value any, mode Mode) bool { return s.ValidIn(nil, value, mode) }

// ValidIn is Valid in the scope of references that led to s.
func (s *Schema) ValidIn(scope *Scope, value any, mode Mode) bool {
	c := &check{mode: mode, quiet: true}
	return c.schema(s, value, here{scope: scope, refs: &visit{s: s}}) && c.steps <= mostSteps
}

// check holds one value against one schema.
type check struct {
	mode   Mode
	quiet  bool // nobody asks for the faults
	steps  int
	faults []Fault
}

// here is where a check stands.
type here struct {
	at     *step // nil: at the value itself
	scope  *Scope
	seen   *evaluated // what unevaluatedItems and unevaluatedProperties leave out; nil if nobody asks
	refs   *visit     // schemas that references led to since the value was entered
	inline int        // schemas since then
}

// visit is a schema that a reference led to.
type visit struct {
	up *visit
	s  *Schema
}

// step leads from a value to one in it.
type step struct {
	up    *step
	name  string
	index int // -1: name
}

func (st *step) pointer() string {
	if st == nil {
		return ""
	}
	name := st.name
	if st.index >= 0 {
		name = strconv.Itoa(st.index)
	}
	return st.up.pointer() + apidoc.Pointer(name)
}

// in returns where a value in the present one is checked.
func (h here) in(name string, index int) here {
	return here{at: &step{h.at, name, index}, scope: h.scope}
}

// fault notes a fault and returns false.
func (c *check) fault(h here, s *Schema, keyword, format string, args ...any) bool {
	if !c.quiet && len(c.faults) < mostFaults {
		pointer := s.Pointer
		if keyword != "" {
			pointer += "/" + keyword
		}
		c.faults = append(c.faults, Fault{h.at.pointer(), pointer, fmt.Sprintf(format, args...)})
	}
	return false
}

// probe reports whether a value is valid, without telling faults.
func (c *check) probe(s *Schema, v any, h here) bool {
	quiet := c.quiet
	c.quiet = true
	ok := c.schema(s, v, h)
	c.quiet = quiet
	return ok
}

func (c *check) schema(s *Schema, v any, h here) bool {
	if c.steps++; c.steps > mostSteps {
		return false
	}
	if s.False {
		return c.fault(h, s, "", "is not allowed")
	}
	if v == nil && s.Nullable {
		return true
	}
	if h.inline++; h.inline > mostInline {
		return c.fault(h, s, "$ref", "not decided: the schema refers to itself")
	}
	h.scope = h.scope.Enter(s)
	outer := h.seen
	if s.Members != nil && s.UnevaluatedProps != nil || s.Items != nil && s.Items.Unevaluated != nil {
		h.seen = &evaluated{}
	}
	ok := c.own(s, v, h) && c.references(s, v, h)
	if ok || !c.quiet {
		ok = c.logic(s, v, h) && ok
	}
	if ok || !c.quiet {
		ok = c.unevaluated(s, v, h) && ok
	}
	if ok && outer != nil && outer != h.seen {
		outer.merge(h.seen)
	}
	return ok
}

// own checks what the keywords of s say themselves.
func (c *check) own(s *Schema, v any, h here) bool {
	t := TypeOf(v)
	if !s.Types.Has(t) {
		return c.fault(h, s, "type", "is %s; want %s", typeWord(t), s.Types)
	}
	for _, values := range s.Choices {
		if !contains(values, v) {
			return c.fault(h, s, choiceWord(s, values), "is %s; want %s", show(v), choices(values))
		}
	}
	switch v := v.(type) {
	case string:
		return c.text(s, v, h)
	case []any:
		return s.Items == nil || c.items(s, v, h)
	case map[string]any:
		return s.Members == nil || c.members(s, v, h)
	case nil, bool:
		return true
	}
	return c.number(s, v, h)
}

func (c *check) references(s *Schema, v any, h here) bool {
	ok := true
	if s.Ref != nil {
		if target, err := s.Target(); err == nil { // else a problem of the Set
			ok = c.follow(s, target, v, h)
		}
	}
	if s.DynamicRef != nil {
		if target, err := h.scope.Target(s); err == nil {
			ok = c.follow(s, target, v, h) && ok
		}
	}
	return ok
}

// follow checks what a reference leads to. One that leads back to itself, for the
// same value, is a way that never ends, on which no value is valid.
func (c *check) follow(s, target *Schema, v any, h here) bool {
	for at := h.refs; at != nil; at = at.up {
		if at.s == target {
			return c.fault(h, s, "$ref", "is valid if it is valid: the reference leads back to itself")
		}
	}
	h.refs = &visit{h.refs, target}
	return c.schema(target, v, h)
}

func (c *check) number(s *Schema, v any, h here) bool {
	low, high, ranged := FormatRange(s.Format)
	if s.Numeric == nil && !ranged {
		return true
	}
	n, _, ok := numOf(v)
	if !ok {
		return c.fault(h, s, "type", "is a number of too many digits")
	}
	if ranged && (n.Cmp(low) < 0 || n.Cmp(high) > 0) {
		ok = c.fault(h, s, "format", "is %s; want a number that fits %s", n, s.Format)
	}
	if s.Numeric == nil {
		return ok
	}
	if s.Min != nil {
		if d := n.Cmp(*s.Min); d < 0 || d == 0 && s.ExclusiveMin {
			ok = c.fault(h, s, "minimum", "is %s; want %s", n, bound("at least", "more than", *s.Min, s.ExclusiveMin))
		}
	}
	if s.Max != nil {
		if d := n.Cmp(*s.Max); d > 0 || d == 0 && s.ExclusiveMax {
			ok = c.fault(h, s, "maximum", "is %s; want %s", n, bound("at most", "less than", *s.Max, s.ExclusiveMax))
		}
	}
	if s.MultipleOf != nil && !n.IsMultipleOf(*s.MultipleOf) {
		ok = c.fault(h, s, "multipleOf", "is %s; want a multiple of %s", n, s.MultipleOf)
	}
	return ok
}
