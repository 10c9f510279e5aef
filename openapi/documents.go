package openapi

import _ "embed"

//go:embed background.yaml
var backgroundYAML string

//go:embed erp/erp.yaml
var erpYAML string

// BackgroundYAML returns the OpenAPI 3.0.3 document of the background view, in
// YAML: the source of truth. The slice is the caller's own.
func BackgroundYAML() []byte { return []byte(backgroundYAML) }

// ERPYAML returns the OpenAPI 3.0.3 document of the same operations in the
// foreground, in YAML. The slice is the caller's own.
func ERPYAML() []byte { return []byte(erpYAML) }
