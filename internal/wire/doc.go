// Package wire is the one place where text that another server sent is made
// readable: byte order marks, declared charsets, JSON under a wrong name,
// leftover compression, and what an error body wants to say.
package wire
