package synth

import (
	"strconv"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

func (m *Maker) notMembers(s *schema.Schema, way wayFunc) {
	o := s.Members
	if o == nil {
		return
	}
	for _, name := range o.Required {
		if !s.MayMiss(name, m.mode) {
			way(schema.Object, "required/"+name, func(to *schema.Schema) {
				to.Members = schema.NewMembers()
				to.Members.Properties = []schema.Property{{Name: name, Schema: m.nothing(s.Pointer)}}
			})
		}
	}
	for _, p := range o.Properties {
		way(schema.Object, "properties/"+p.Name, func(to *schema.Schema) {
			to.Members = schema.NewMembers()
			to.Members.Required = []string{p.Name}
			to.Members.Properties = []schema.Property{{Name: p.Name, Schema: m.negation(p.Schema)}}
		})
	}
	for _, p := range o.PatternProperties {
		if name, ok := nameOf(p.Pattern); ok && s.Property(name) == nil {
			way(schema.Object, "patternProperties/"+p.Pattern.Text, func(to *schema.Schema) {
				to.Members = schema.NewMembers()
				to.Members.Required = []string{name}
				to.Members.Properties = []schema.Property{{Name: name, Schema: m.negation(p.Schema)}}
			})
		}
	}
	if o.Additional != nil {
		way(schema.Object, "additionalProperties", func(to *schema.Schema) {
			name := m.unknownName(s)
			to.Members = schema.NewMembers()
			to.Members.Required = []string{name}
			to.Members.Properties = []schema.Property{{Name: name, Schema: m.negation(o.Additional)}}
		})
	}
	if o.UnevaluatedProps != nil {
		way(schema.Object, "unevaluatedProperties", func(to *schema.Schema) {
			name := m.unknownName(s)
			to.Members = schema.NewMembers()
			to.Members.Required = []string{name}
			to.Members.Properties = []schema.Property{{Name: name, Schema: m.negation(o.UnevaluatedProps)}}
		})
	}
	if o.Names != nil {
		v, reasons := m.Value(m.derived(o.Names.ID, "no name", func(to *schema.Schema) {
			to.Types, to.Logic = schema.String, &schema.Logic{Not: o.Names}
		}), Options{Seed: 1})
		if name, ok := v.(string); ok && reasons == nil {
			way(schema.Object, "propertyNames", func(to *schema.Schema) {
				to.Members = schema.NewMembers()
				to.Members.Required = []string{name}
			})
		}
	}
	if o.MinProps > 0 {
		way(schema.Object, "minProperties", func(to *schema.Schema) {
			to.Members = schema.NewMembers()
			to.Members.MaxProps = o.MinProps - 1
		})
	}
	if o.MaxProps >= 0 {
		way(schema.Object, "maxProperties", func(to *schema.Schema) {
			to.Members = schema.NewMembers()
			to.Members.MinProps = o.MaxProps + 1
		})
	}
	for _, d := range o.DependentRequired {
		for _, name := range d.Required {
			way(schema.Object, "dependentRequired/"+d.Name+"/"+name, func(to *schema.Schema) {
				to.Members = schema.NewMembers()
				to.Members.Required = []string{d.Name}
				to.Members.Properties = []schema.Property{{Name: name, Schema: m.nothing(s.Pointer)}}
			})
		}
	}
	for _, d := range o.DependentSchemas {
		way(schema.Object, "dependentSchemas/"+d.Name, func(to *schema.Schema) {
			to.Members = schema.NewMembers()
			to.Members.Required = []string{d.Name}
			to.Logic = &schema.Logic{Not: d.Schema}
		})
	}
}

// unknownName returns the name of a property that s does not know.
func (m *Maker) unknownName(s *schema.Schema) string {
	for i := 0; ; i++ {
		name := "other"
		if i > 0 {
			name += strconv.Itoa(i)
		}
		known := s.Property(name) != nil
		for _, p := range s.PatternProperties {
			known = known || p.Pattern.Match(name)
		}
		if !known || i > 100 {
			return name
		}
	}
}
