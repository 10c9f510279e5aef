// Package spec loads the OpenAPI documents of package openapi, checks them, and
// validates payloads against their schemas. It is for tests, for servers that
// want to check what they send, and for tools; clients do not need it. Only
// this package links kin-openapi.
//
//	doc, err := spec.Background()
//	...
//	err = spec.ValidateSchema(doc, "BackgroundNotification", body)
//
// Formats are checked, the GUIDs of the ERP included. Nothing here changes the
// package-wide settings of kin-openapi, and all functions are safe for
// concurrent use. External references are refused.
package spec
