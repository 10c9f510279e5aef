// Package wire is the one place where text that another server sent is made
// readable: it knows byte order marks, declared charsets, JSON under a wrong
// name, leftover compression, and the messages in error bodies.
package wire
