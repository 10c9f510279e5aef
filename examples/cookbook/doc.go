// Package cookbook holds nothing but tests: one for each trouble that a program
// has with the ERP, as docs/testing.md shows them. They are written to be copied.
package cookbook
