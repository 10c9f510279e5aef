package gendoc

import "strings"

// Broken returns documents that nothing can be made of. Readers must return an
// error about each, soon, which has the word Broken.
func Broken() []Document {
	ok := string(encode(document(V30, "Fine", M("/a", get("a", integer())), nil)))
	with := func(old, new string) []byte { return []byte(strings.Replace(ok, old, new, 1)) }
	var all []Document
	for _, b := range []struct {
		name string
		text []byte
		word string
	}{
		{"empty", nil, "empty"},
		{"not-json", []byte("{\"openapi\": \"3.0.3\",\n \"info\": ]}"), "2"},
		{"cut-off", []byte(ok[:len(ok)/2]), "1"},
		{"an-array", []byte(`[]`), "object"},
		{"no-version", with(`"openapi":"3.0.3",`, ""), "openapi"},
		{"version-4", with("3.0.3", "4.0.0"), "4.0.0"},
		{"swagger-2", []byte(`{"swagger":"2.0","info":{"title":"t","version":"1"},"paths":{}}`), "2.0"},
		{"key-twice", with(`"paths":`, `"paths":{},"paths":`), "paths"},
		{"paths-a-list", with(`"paths":{`, `"paths":[],"x-paths":{`), "paths"},
		{"ref-to-nowhere", with(`{"type":"integer"`, `{"$ref":"#/components/schemas/Nowhere","x":"`+`"`), "Nowhere"},
		{"ref-to-file", with(`{"type":"integer"`, `{"$ref":"other.json#/X","x":"`+`"`), "other.json"},
		{"ref-to-network", with(`{"type":"integer"`, `{"$ref":"https://example.com/x.json","x":"`+`"`), "example.com"},
		{"ref-to-itself", []byte(`{"openapi":"3.0.3","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"d","content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}},"components":{"schemas":{"A":{"$ref":"#/components/schemas/B"},"B":{"$ref":"#/components/schemas/A"}}}}`), "A"},
		{"nested-deeply", []byte(strings.Repeat(`{"a":`, 1_000_000)), "deep"},
		{"nested-arrays", []byte(strings.Repeat(`[`, 1_000_000)), "deep"},
	} {
		all = append(all, Document{Name: b.name, JSON: b.text, Broken: b.word})
	}
	return all
}
