package schema

import "strings"

// Types is a set of the types of a value.
type Types uint8

// The types of JSON. A number is an integer if it has no fraction, so "number" is
// Integer and Fraction together.
const (
	Null Types = 1 << iota
	Boolean
	Integer
	Fraction
	String
	Array
	Object

	Number = Integer | Fraction
	Any    = Null | Boolean | Number | String | Array | Object
)

// Has reports whether the two sets have a type in common.
func (t Types) Has(other Types) bool { return t&other != 0 }

var typeNames = []struct {
	types Types
	name  string
}{
	{Null, "null"},
	{Boolean, "boolean"},
	{Number, "number"},
	{Integer, "integer"},
	{Fraction, "fraction"},
	{String, "string"},
	{Array, "array"},
	{Object, "object"},
}

func (t Types) String() string {
	var names []string
	for _, n := range typeNames {
		if t&n.types == n.types {
			names = append(names, n.name)
			t &^= n.types
		}
	}
	return strings.Join(names, " or ")
}

// Mode says which side wrote a value.
type Mode uint8

// Values are answers or requests. What is writeOnly is no part of answers, what is
// readOnly need not be in requests.
const (
	Response Mode = 0
	Request  Mode = 1
	// Unformatted, added to one of them, leaves the formats of strings unchecked.
	Unformatted Mode = 2
)

func (m Mode) request() bool { return m&Request != 0 }

// Schema is a compiled schema. It must not be changed; everything that reads it is
// safe for concurrent use.
type Schema struct {
	// Pointer is where it stands: a JSON pointer, behind the name of the file and a
	// # if that is not the document itself.
	Pointer string
	// ID tells the schemas of a Set apart.
	ID uint32

	False    bool  // no value is valid
	Types    Types // never empty, but for False
	Nullable bool  // null is valid whatever the rest says (3.0)
	ReadOnly bool
	// WriteOnly means that the value is no part of answers.
	WriteOnly bool

	// Ref is what else a value must be valid against; nil if nothing. Follow it with
	// [Schema.Target].
	Ref *Ref
	// DynamicRef is the same for $dynamicRef, follow it with [Scope.Target].
	DynamicRef *Ref

	// Choices are the values of enum and that of const: a value is one of each list.
	Choices [][]any
	Format  string

	// What follows is nil if no keyword of its kind is there.
	*Numeric
	*Text
	*Items
	*Members
	*Logic
	*Notes

	set           *Set
	dynamicAnchor string
	defs          []*Schema // those of $defs that have a dynamic anchor
}

// Numeric is what a schema says of numbers.
type Numeric struct {
	Min, Max                   *Num
	ExclusiveMin, ExclusiveMax bool
	MultipleOf                 *Num // above 0
}

// Text is what a schema says of strings.
type Text struct {
	MinLength, MaxLength int // in characters; MaxLength is -1 if there is none
	Pattern              *Pattern
}

// Items is what a schema says of arrays.
type Items struct {
	MinItems, MaxItems       int // MaxItems is -1 if there is none
	Unique                   bool
	Prefix                   []*Schema
	Rest                     *Schema // for items behind Prefix
	Contains                 *Schema
	MinContains, MaxContains int // MaxContains is -1 if there is none
	Unevaluated              *Schema
}

// Members is what a schema says of objects.
type Members struct {
	Properties         []Property // in the order of the document
	PatternProperties  []PatternProperty
	Additional         *Schema
	Names              *Schema
	Required           []string
	MinProps, MaxProps int // MaxProps is -1 if there is none
	DependentRequired  []Dependent
	DependentSchemas   []Property
	UnevaluatedProps   *Schema

	index map[string]int // of Properties
}

// Property is a property, or the schema that its presence asks for.
type Property struct {
	Name   string
	Schema *Schema
}

// PatternProperty is for all properties whose names match.
type PatternProperty struct {
	Pattern *Pattern
	Schema  *Schema
}

// Dependent is what else an object has if it has the property Name.
type Dependent struct {
	Name     string
	Required []string
}

// Logic is what a schema makes of other schemas for the same value.
type Logic struct {
	AllOf, AnyOf, OneOf []*Schema
	Not, If, Then, Else *Schema
	Discriminator       *Discriminator
}

// Discriminator names the property that tells which of several schemas is meant.
type Discriminator struct {
	Property string
	Mapping  []Mapping // in the order of the document
}

// Mapping is a value of a discriminator and the schema that it stands for, as the
// document refers to it.
type Mapping struct{ Value, Ref string }

// Notes is what a schema says without asking for anything.
type Notes struct {
	Default  *Example
	Examples []Example // those of example, then examples
	// ContentEncoding and ContentMediaType are those of strings (3.1).
	ContentEncoding, ContentMediaType string
	XML                               *XML
}

// Example is a value that the document gives.
type Example struct {
	Value   any
	Pointer string
}

// XML says how a value is written as XML.
type XML struct {
	Name, Namespace, Prefix string
	Attribute, Wrapped      bool
}

// Property returns the schema that s itself has for a property, or nil.
func (s *Schema) Property(name string) *Schema {
	if s.Members == nil {
		return nil
	}
	if i, ok := s.index[name]; ok {
		return s.Members.Properties[i].Schema
	}
	return nil
}

// WithoutKeys reports whether every value is valid.
func (s *Schema) WithoutKeys() bool {
	return !s.False && s.Types == Any && s.Ref == nil && s.DynamicRef == nil && s.Choices == nil && s.Format == "" &&
		s.Numeric == nil && s.Text == nil && s.Items == nil && s.Members == nil && s.Logic == nil
}
