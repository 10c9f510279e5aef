// Package virtual holds the row of two virtual days. It is a test, because
// only tests have bubbles of virtual time.
package virtual
