package compiled_test

import (
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/internal/gendoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
)

// Whatever a document says, it is read or refused, and each of its answers is made
// or has a reason, in a bounded number of steps.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(orders))
	f.Add(gendoc.Recursion(gendoc.V31).JSON)
	f.Add(gendoc.Examples(gendoc.V30).JSON)
	for _, text := range []string{
		`{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/paths/~1a"}}}`,
		`{"openapi":"3.1.0","paths":{"/a":{"get":{"parameters":[{"$ref":"#/paths"}],"requestBody":{"$ref":"#"},"responses":{"200":{"$ref":"#/x"}}}}}}`,
		`{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/paths/~1a/get/responses/200/content/application~1json/schema"}}}}}}}}}`,
		`{"openapi":"3.1.0","paths":{"/a":{"get":{"responses":{"200":{"content":{"a/b":{"schema":{"$dynamicRef":"#x","type":[1],"enum":{},"pattern":"(","minLength":-1,"required":true,"properties":[],"allOf":{}}}}}}}}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := compiled.Open(data, compiled.Options{Limits: apidoc.Limits{Bytes: 20_000, Nodes: 2_000}})
		if err != nil {
			return
		}
		for _, e := range d.Report(1).Entries {
			if e.Answer.Source == compiled.Synthesised && len(e.Answer.Reasons) == 0 && e.Media.Schema.Validate(e.Answer.Value, 0) != nil {
				t.Errorf("%s: %v is given as valid", e.Media.Pointer, e.Answer.Value)
			}
			_ = e.Operation.Parameters()
			_ = e.Operation.Body()
		}
	})
}
