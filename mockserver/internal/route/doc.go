// Package route finds the handler of a request. It knows what may stand before
// a path, how paths and queries may be written, and which pattern fits.
package route
