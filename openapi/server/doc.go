// Package server is the contract as an interface: an implementation of
// [ServerInterface] answers all operations in the foreground, and the two that
// read a queued call. A change of the contract breaks the build of its
// implementations. The types are those of package openapi under the same names.
//
// [HandlerWithOptions] routes requests by net/http's rules and parses their
// parameters. It validates no bodies, knows nothing of the header
// erp-api-background (read that before the request gets here), and matches
// paths with regard to case, which the ERP does not: write the path in lower
// case first. Set StdHTTPServerOptions.ErrorHandlerFunc to answer bad
// parameters in the ERP's error shape.
package server
