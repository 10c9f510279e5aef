package synth_test

import "testing"

// Every schema that can be satisfied is, and an independent reader agrees.
func TestValuesAreValid(t *testing.T) {
	for _, text := range []string{
		`{"type":"object","properties":{"name":{"type":"string"},"email":{"type":"string","format":"email"},"self":{"$ref":"#"}}}`,
		`{"type":"object","required":["next"],"properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}`,
		`{"oneOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"type":"string"}}}]}`,
		`{"properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}],"type":"object"}`,
		`{"type":"string","pattern":"^[A-Z]{3}-\\d{4,8}$","minLength":10}`,
		`{"type":"number","multipleOf":0.01,"minimum":0.005,"exclusiveMaximum":0.02}`,
		`{"type":"array","uniqueItems":true,"minItems":3,"items":{"enum":[1,2,3]}}`,
		`{"not":{"type":"object"}}`,
		`{"type":"array","contains":{"const":5},"minContains":2,"items":{"type":"integer"}}`,
		`{"type":"object","additionalProperties":{"type":"integer"},"minProperties":3}`,
		`{"anyOf":[{"$ref":"#"},{"type":"object","required":["x"],"properties":{"x":{"$ref":"#"}}},{"type":"string"}]}`,
		`{"type":"object","allOf":[{"properties":{"a":{"minimum":3}}},{"properties":{"a":{"type":"integer","maximum":3}}}],"unevaluatedProperties":false}`,
	} {
		check(t, text)
	}
}
