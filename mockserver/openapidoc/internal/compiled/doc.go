// Package compiled reads the operations of an OpenAPI document: what they are called
// with and what they answer.
//
// Opening a document finds its operations; each is looked at when it is first asked
// for something, and so are the schemas that it leads to. Whatever cannot be
// understood in an operation is left out, and listed by [Operation.Problems].
package compiled
