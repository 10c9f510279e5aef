package openapi

import _ "embed"

// It is a string that only one function reads, so that the linker leaves the
// megabyte out of programs that do not call it.
//
//go:embed index.html
var referencePage string

// ReferencePage returns the reference page of the background view: one HTML
// file that needs no network. The slice is the caller's own. Package
// openapi/docs serves it.
func ReferencePage() []byte { return []byte(referencePage) }
