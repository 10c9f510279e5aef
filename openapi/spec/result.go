package spec

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// ResultExtension is the extension of an operation of the background view that
// holds what the call finally answers, as a Responses Object.
const ResultExtension = "x-background-result"

// Results returns what a queued call finally answers, by status: the contents
// of [ResultExtension], with references resolved and everything in it
// validated like the rest of the document. It returns nil for an operation
// that has no such extension.
func Results(doc *openapi3.T, op *openapi3.Operation) (*openapi3.Responses, error) {
	extension, ok := op.Extensions[ResultExtension]
	if !ok {
		return nil, nil
	}
	// Extensions are plain data to the loader. In a document of their own,
	// at a place where the loader knows responses, they are loaded as such.
	source, err := json.Marshal(map[string]any{
		"openapi":    doc.OpenAPI,
		"info":       doc.Info,
		"components": doc.Components,
		"paths": map[string]any{
			"/result": map[string]any{"get": map[string]any{"responses": extension}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", ResultExtension, op.OperationID, err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", ResultExtension, op.OperationID, err)
	}
	results := loaded.Paths.Value("/result").Get.Responses
	if err := results.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", ResultExtension, op.OperationID, err)
	}
	return results, nil
}
