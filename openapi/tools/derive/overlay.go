package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

const overlayHeader = `# Derived from openapi/background.yaml by openapi/tools/derive; do not edit.
# Makes the generated clients and the server interface use the types of package
# openapi. Left out: what is only received (a receiver is written by hand), and
# the rate-limit headers, which would be a third of the code.
overlay: 1.0.0
x-speakeasy-jsonpath: rfc9535
info:
  title: Go types of package openapi
  version: 1.0.0
actions:
  - target: $.paths.*.*.callbacks
    remove: true
  - target: $.components.requestBodies
    remove: true
  - target: $.components.schemas.*.example
    remove: true
  - target: $.components.responses['NotificationTaken', 'NotificationRefused', 'NotificationNotStored']
    remove: true
  - target: $.components.responses.*.headers['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'X-RateLimit-Policy']
    remove: true
  - target: $.paths['/v1/background/{requestId}/content'].get.responses['200'].content['application/json'].schema
    update: {x-go-type: json.RawMessage}
  - target: $.paths.*.*.responses.*.headers['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset', 'X-RateLimit-Policy']
    remove: true
`

const modelsPackage = "github.com/vismanet-go/background/openapi"

// aliasOverlay returns the overlay under which every schema of the document
// becomes an alias of the type of the same name in package openapi.
func aliasOverlay(source []byte) ([]byte, error) {
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	schemas := get(get(root, "components"), "schemas")
	if schemas == nil {
		return nil, errors.New("no components.schemas")
	}
	var b strings.Builder
	b.WriteString(overlayHeader)
	for i := 0; i < len(schemas.Content); i += 2 {
		name := schemas.Content[i].Value
		if !isExportedName(name) {
			return nil, fmt.Errorf("schema %q: not the name of an exported Go type", name)
		}
		fmt.Fprintf(&b, `  - target: $.components.schemas.%s
    update:
      x-go-type: openapi.%s
      x-go-type-import: {name: openapi, path: %s}
`, name, name, modelsPackage)
	}
	return []byte(b.String()), nil
}

// isExportedName tells whether the generator leaves the name as it is.
func isExportedName(name string) bool {
	for i, r := range name {
		if i == 0 && !unicode.IsUpper(r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}
