package compiled_test

import (
	"testing"

	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
)

// A discriminator without a mapping chooses nothing for other readers, so that an
// answer has to be valid against one schema only.
func TestADiscriminatorWithoutAMapping(t *testing.T) {
	data := []byte(`{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"d","content":{"application/json":{"schema":
		{"type":"object","required":["kind"],"discriminator":{"propertyName":"kind"},"oneOf":[{"$ref":"#/components/schemas/Cat"},{"$ref":"#/components/schemas/Dog"}]}}}}}}}},
		"components":{"schemas":{"Cat":{"type":"object","properties":{"kind":{"type":"string"},"lives":{"type":"integer"}}},
		"Dog":{"type":"object","properties":{"kind":{"type":"string"},"tail":{"type":"string"}}}}}}`)
	d := open(t, data, compiled.Options{})
	j := newJudge(t, d, data)
	for seed := range uint64(10) {
		for _, e := range d.Report(seed).Entries {
			if err, ok := j.valid(e); err != nil || !ok || e.Answer.Reasons != nil {
				t.Errorf("seed %d: %s, reasons %v; the other reader says %v", seed, encode(t, e.Answer.Value), e.Answer.Reasons, err)
			}
		}
	}
}
