package spec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/openapi"
)

// ErrUnknownSchema tells that a document has no schema of that name.
var ErrUnknownSchema = errors.New("unknown schema")

// Background returns the document of the background view, loaded and
// validated. The document is the caller's own.
func Background() (*openapi3.T, error) {
	return Load(openapi.BackgroundYAML())
}

// ERP returns the document of the foreground view, loaded and validated. The
// document is the caller's own.
func ERP() (*openapi3.T, error) {
	return Load(openapi.ERPYAML())
}

// Load reads an OpenAPI document in YAML or JSON, resolves its references and
// validates it together with its examples.
func Load(source []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	return doc, nil
}

// ValidateSchema checks a JSON payload against the component schema of that
// name. The error names every fault, and holds parts of the payload: keep it
// out of logs where payloads do not belong there. It is [ErrUnknownSchema] if
// there is no such schema.
func ValidateSchema(doc *openapi3.T, name string, payload []byte) error {
	var schema *openapi3.SchemaRef
	if doc.Components != nil {
		schema = doc.Components.Schemas[name]
	}
	if schema == nil {
		return fmt.Errorf("%w %q", ErrUnknownSchema, name)
	}
	if err := Validate(schema.Value, payload); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Validate is [ValidateSchema] for a schema at hand.
func Validate(schema *openapi3.Schema, payload []byte) error {
	var value any
	if err := json.Unmarshal(payload, &value); err != nil {
		return err
	}
	return schema.VisitJSON(value, options()...)
}

// guid is looser than the UUIDs of RFC 9562, because the ERP's come from .NET
// and need not carry a version.
const guid = `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`

// options are set for each call: the package-wide ones of kin-openapi are plain
// maps, which may not be changed while others read them.
func options() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.EnableFormatValidation(),
		openapi3.MultiErrors(),
		openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(guid)),
	}
}
