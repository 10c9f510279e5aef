// Package match finds what somebody meant: it holds requests and the like
// against what is wanted, and tells what came closest and where it differs; and
// it finds the name that a misspelt word was to be.
//
// It knows no server and links no package testing, so that whatever answers
// people about a mock can use it.
package match
