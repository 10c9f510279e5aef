// Package match finds what somebody meant: it compares requests and the like
// with what is wanted, and tells what came closest and where it differs. It
// also finds the name that a misspelt word was meant to be.
//
// It knows no server and links no package testing, so that every part of the
// mock that explains something to people can use it.
package match
