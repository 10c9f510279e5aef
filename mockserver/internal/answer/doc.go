// Package answer writes the mock's answers, keeps those of handlers that run outside
// of any connection, and disturbs both as a fault wants it.
package answer
