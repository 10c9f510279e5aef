package synth

import (
	"strconv"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// negation returns the schema of what is not valid against s.
func (m *Maker) negation(s *schema.Schema) *schema.Schema {
	return m.derived(s.ID, "not", func(to *schema.Schema) {
		to.Pointer = s.Pointer
		to.Logic = &schema.Logic{Not: s}
	})
}

// waysOf returns the ways of a schema, found once.
func (m *Maker) waysOf(s *schema.Schema) []*schema.Schema {
	m.mu.Lock()
	known, ok := m.refusals[s.ID]
	m.mu.Unlock()
	if !ok {
		known = m.ways(s, 0)
		m.mu.Lock()
		m.refusals[s.ID] = known
		m.mu.Unlock()
	}
	return known
}

// ways returns schemas that say, each in another way, what is not valid against s:
// whatever is valid against one of them is not valid against s. A last way out, such
// as an enum that says nothing else, is not among them: what is left is luck.
func (m *Maker) ways(s *schema.Schema, depth int) (ways []*schema.Schema) {
	if s.False {
		return []*schema.Schema{m.derived(s.ID, "anything", func(to *schema.Schema) { to.Pointer = s.Pointer })}
	}
	if depth > 20 {
		return nil
	}
	way := func(types schema.Types, keyword string, fill func(*schema.Schema)) {
		if !s.Types.Has(types) {
			return // has another type anyway
		}
		ways = append(ways, m.derived(s.ID, keyword, func(to *schema.Schema) {
			to.Pointer, to.Types = s.Pointer+"/"+keyword, types
			if fill != nil {
				fill(to)
			}
		}))
	}
	for _, target := range m.targets(s) {
		ways = append(ways, m.ways(target, depth+1)...)
	}
	m.notMembers(s, way)
	m.notNumbers(s, way)
	m.notText(s, way)
	m.notItems(s, way)
	m.notLogic(s, way, depth, &ways)
	if s.Types != schema.Any {
		other := schema.Any &^ s.Types
		if s.Nullable {
			other &^= schema.Null
		}
		if other != 0 {
			ways = append(ways, m.derived(s.ID, "type", func(to *schema.Schema) { to.Pointer, to.Types = s.Pointer+"/type", other }))
		}
	}
	if s.Nullable {
		for i, w := range ways {
			ways[i] = m.derived(w.ID, "no null", func(to *schema.Schema) {
				to.Pointer = s.Pointer
				to.Types = schema.Any &^ schema.Null
				to.Logic = &schema.Logic{AllOf: []*schema.Schema{w}}
			})
		}
	}
	return ways
}

func (m *Maker) targets(s *schema.Schema) []*schema.Schema {
	if to, err := s.Target(); err == nil && to != nil {
		return []*schema.Schema{to}
	}
	return nil
}

// wayFunc notes a way: values of the types that are valid against what fill makes.
type wayFunc func(types schema.Types, keyword string, fill func(*schema.Schema))

func (m *Maker) notNumbers(s *schema.Schema, way wayFunc) {
	n := s.Numeric
	if n == nil {
		return
	}
	if n.Min != nil {
		way(schema.Number, "minimum", func(to *schema.Schema) {
			to.Numeric = &schema.Numeric{Max: n.Min, ExclusiveMax: !n.ExclusiveMin}
		})
	}
	if n.Max != nil {
		way(schema.Number, "maximum", func(to *schema.Schema) {
			to.Numeric = &schema.Numeric{Min: n.Max, ExclusiveMin: !n.ExclusiveMax}
		})
	}
}

func (m *Maker) notText(s *schema.Schema, way wayFunc) {
	t := s.Text
	if t == nil {
		return
	}
	if t.MinLength > 0 {
		way(schema.String, "minLength", func(to *schema.Schema) {
			to.Text = schema.NewText()
			to.Text.MaxLength = t.MinLength - 1
		})
	}
	if t.MaxLength >= 0 {
		way(schema.String, "maxLength", func(to *schema.Schema) {
			to.Text = schema.NewText()
			to.Text.MinLength = t.MaxLength + 1
		})
	}
}

func (m *Maker) notItems(s *schema.Schema, way wayFunc) {
	l := s.Items
	if l == nil {
		return
	}
	if l.MinItems > 0 {
		way(schema.Array, "minItems", func(to *schema.Schema) {
			to.Items = schema.NewItems()
			to.Items.MaxItems = l.MinItems - 1
		})
	}
	if l.MaxItems >= 0 {
		way(schema.Array, "maxItems", func(to *schema.Schema) {
			to.Items = schema.NewItems()
			to.Items.MinItems = l.MaxItems + 1
		})
	}
	list := l.Prefix
	if l.Rest != nil {
		list = append(clip(list), l.Rest)
	}
	for i, item := range list {
		way(schema.Array, "items/"+strconv.Itoa(i), func(to *schema.Schema) {
			to.Items = schema.NewItems()
			to.Items.MinItems = i + 1
			for range i {
				to.Items.Prefix = append(to.Items.Prefix, m.set.With(s.Pointer, func(*schema.Schema) {}))
			}
			to.Items.Prefix = append(to.Items.Prefix, m.negation(item))
		})
	}
	if l.Unevaluated != nil {
		way(schema.Array, "unevaluatedItems", func(to *schema.Schema) {
			to.Items = schema.NewItems()
			to.Items.Contains = m.negation(l.Unevaluated)
		})
	}
	if l.Contains != nil && l.MaxContains >= 0 {
		way(schema.Array, "maxContains", func(to *schema.Schema) {
			to.Items = schema.NewItems()
			to.Items.Contains, to.Items.MinContains = l.Contains, l.MaxContains+1
		})
	}
	if l.Contains != nil && l.MinContains > 0 {
		way(schema.Array, "contains", func(to *schema.Schema) {
			to.Items = schema.NewItems()
			if l.MinContains == 1 {
				to.Items.Rest = m.negation(l.Contains)
			} else {
				to.Items.Contains, to.Items.MinContains, to.Items.MaxContains = l.Contains, 0, l.MinContains-1
			}
		})
	}
	if l.Unique {
		way(schema.Array, "uniqueItems", func(to *schema.Schema) {
			same := m.set.With(s.Pointer, func(v *schema.Schema) { v.Choices = [][]any{{"same"}} })
			to.Items = schema.NewItems()
			to.Items.MinItems, to.Items.Rest = 2, same
		})
	}
}

func (m *Maker) notLogic(s *schema.Schema, way wayFunc, depth int, ways *[]*schema.Schema) {
	l := s.Logic
	if l == nil {
		return
	}
	for _, sub := range l.AllOf {
		*ways = append(*ways, m.ways(sub, depth+1)...)
	}
	none := func(of []*schema.Schema) func(*schema.Schema) {
		return func(to *schema.Schema) {
			to.Logic = &schema.Logic{}
			for _, sub := range of {
				to.Logic.AllOf = append(to.Logic.AllOf, m.negation(sub))
			}
		}
	}
	if len(l.AnyOf) > 0 {
		way(schema.Any, "anyOf", none(l.AnyOf))
	}
	if len(l.OneOf) > 0 {
		way(schema.Any, "oneOf", none(l.OneOf))
		for i := 1; i < len(l.OneOf) && i < 4; i++ {
			way(schema.Any, "oneOf/"+strconv.Itoa(i), func(to *schema.Schema) {
				to.Logic = &schema.Logic{AllOf: []*schema.Schema{l.OneOf[i-1], l.OneOf[i]}}
			})
		}
	}
	if l.Not != nil {
		way(schema.Any, "not", func(to *schema.Schema) { to.Logic = &schema.Logic{AllOf: []*schema.Schema{l.Not}} })
	}
	if l.If != nil && l.Then != nil {
		way(schema.Any, "then", func(to *schema.Schema) {
			to.Logic = &schema.Logic{AllOf: []*schema.Schema{l.If, m.negation(l.Then)}}
		})
	}
	if l.If != nil && l.Else != nil {
		way(schema.Any, "else", func(to *schema.Schema) {
			to.Logic = &schema.Logic{AllOf: []*schema.Schema{m.negation(l.If), m.negation(l.Else)}}
		})
	}
}
