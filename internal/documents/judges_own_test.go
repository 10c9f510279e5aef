package documents

import "testing"

// Judges that let everything pass would prove nothing.
func TestTheJudgesTellValidFromInvalid(t *testing.T) {
	doc30 := `{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}},
		"components":{"schemas":{"A":{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":3,"exclusiveMinimum":true,"nullable":true},"d":{"type":"string","format":"date"},"u":{"type":"string","format":"uuid"},"w":{"type":"string","writeOnly":true}}}}}}`
	doc31 := `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}},
		"components":{"schemas":{"A":{"type":"object","required":["n"],"properties":{"n":{"type":["integer","null"],"exclusiveMinimum":3},"d":{"type":"string","format":"date"},"u":{"type":"string","format":"uuid"}}}}}}`
	for _, text := range []string{doc30, doc31} {
		d, err := declare("judged", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		answers := d.answers()
		if len(answers) != 1 || answers[0].schema == "" {
			t.Fatalf("saw the answers %v, want one with a schema", answers)
		}
		judges := map[string]judge{"jsonschema": newSchemas(d)}
		if !d.v31 {
			judges["kin-openapi"] = newKin(d)
		}
		for name, j := range judges {
			for value, valid := range map[string]bool{
				`{"n":4}`: true, `{"n":null}`: true, `{"n":3}`: false, `{}`: false, `[]`: false, `{"n":"4"}`: false,
				`{"n":4,"d":"2020-02-30"}`: false, `{"n":4,"d":"2020-02-28"}`: true, `{"n":4,"u":"not one"}`: false,
			} {
				v, err := parse[any]([]byte(value))
				if err != nil {
					t.Fatal(err)
				}
				if err := j.check(answers[0], v); (err == nil) != valid {
					t.Errorf("%s, %v: %s is judged %v, want valid: %v", name, d.root["openapi"], value, err, valid)
				}
			}
		}
	}
}
