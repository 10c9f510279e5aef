// Package answer reads the bodies of answers for the generated clients.
package answer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/vismanet-go/background/internal/wire"
)

// JSON decodes the body of an answer, as it was read, for a field of the
// answer's status. It returns nil where there is nothing to decode: an empty
// body, whatever its type says, null, and a body that neither says that it is
// JSON nor is a JSON text, such as a gateway's page. A byte order mark is
// skipped, and a declared charset is read.
//
// An error means that the body of a success says that it is JSON of this kind,
// and is not. The status of a failure counts more than its body, so that a
// failure's body that cannot be decoded is nil as well; the caller keeps the
// bytes.
func JSON[T any](rsp *http.Response, body []byte) (*T, error) {
	kind := rsp.Header.Get("Content-Type")
	text := bytes.TrimSpace(wire.Document(body, kind))
	declared := strings.Contains(strings.ToLower(kind), "json")
	if len(text) == 0 || string(text) == "null" || !declared && !wire.SaysJSON(body, true, kind) {
		return nil, nil
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		if !declared || rsp.StatusCode < 200 || rsp.StatusCode > 299 {
			return nil, nil
		}
		return nil, fmt.Errorf("decode the body of the answer %d: %w", rsp.StatusCode, err)
	}
	return &value, nil
}
