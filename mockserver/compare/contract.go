package compare

import (
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/openapi/spec"
)

// A contract is what the answers are held against.
type contract struct{ foreground, background *openapi3.T }

// loadContract reads the contract once; nobody changes it.
var loadContract = sync.OnceValues(func() (*contract, error) {
	foreground, err := spec.ERP()
	if err != nil {
		return nil, err
	}
	background, err := spec.Background()
	return &contract{foreground, background}, err
})

// response is what the contract has for an answer to a GET, and whether it has that
// status at all.
func response(doc *openapi3.T, path string, status int) (schema *openapi3.Schema, declared bool) {
	item := doc.Paths.Value(path)
	if item == nil || item.Get == nil {
		return nil, false
	}
	ref := item.Get.Responses.Value(strconv.Itoa(status))
	if ref == nil || ref.Value == nil {
		return nil, false
	}
	if media := ref.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
		schema = media.Schema.Value
	}
	return schema, true
}
