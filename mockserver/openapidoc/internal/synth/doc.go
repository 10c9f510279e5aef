// Package synth makes values that are valid against a schema.
//
// The value of a schema follows from a seed: the same schema, seed and mode give the
// same value, in every process. Each part of a value has a seed of its own, made of
// the path to it, so that a change of one part of a document leaves the others alone.
//
// # How
//
// All schemas that a value must be valid against at once, by $ref and allOf and
// those that parents have for it, are one shape, in which their bounds are merged. What is left to a
// choice (anyOf, oneOf, if, dependentSchemas) is a clause, whose alternatives are
// tried one after the other; each makes a further shape. What a not forbids becomes a
// clause as well: a value that is not valid against S has another type, lacks one of
// its properties, exceeds one of its bounds. Shapes are made when they are needed,
// and kept.
//
// A part that cannot be made fails, and with it what needs it, up to the next choice.
// So a value is made of parts that are valid by themselves; where that is left to
// luck, the whole is checked in the end and tried again with other seeds.
//
// The number of steps is bounded, and so is the size of a value.
package synth
