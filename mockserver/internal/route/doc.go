// Package route finds the handler of a request: what may stand before a path,
// how paths and queries may be written, and which pattern fits.
package route
