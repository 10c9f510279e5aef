package openapi

import _ "embed"

//go:embed background.yaml
var backgroundYAML string

//go:embed background-3.1.yaml
var background31YAML string

//go:embed erp/erp.yaml
var erpYAML string

// BackgroundYAML returns the OpenAPI 3.0.3 document of the background view, in
// YAML: the source of truth. The slice is the caller's own.
func BackgroundYAML() []byte { return []byte(backgroundYAML) }

// Background31YAML returns the edition of [BackgroundYAML] in OpenAPI 3.1, in
// YAML, for generators that prefer it: what may be null has the type null as well,
// and the notification to the subscription is a webhook. The slice is the caller's
// own.
func Background31YAML() []byte { return []byte(background31YAML) }

// ERPYAML returns the OpenAPI 3.0.3 document of the same operations in the
// foreground, in YAML. The slice is the caller's own.
func ERPYAML() []byte { return []byte(erpYAML) }
