package compiled_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/compiled"
)

// judge is a reader of documents that is not ours: kin-openapi for 3.0, jsonschema
// for 3.1.
type judge struct {
	kin  *openapi3.T
	json *jsonschema.Compiler
	made map[string]*jsonschema.Schema
}

func newJudge(t testing.TB, d *compiled.Doc, data []byte) *judge {
	t.Helper()
	if d.OpenAPI == apidoc.V30 {
		doc, err := openapi3.NewLoader().LoadFromData(data)
		if err != nil {
			t.Logf("kin-openapi: %v", err)
			return nil
		}
		return &judge{kin: doc}
	}
	var doc any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		t.Logf("jsonschema: %v", err)
		return nil
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:///doc.json", doc); err != nil {
		t.Fatal(err)
	}
	return &judge{json: c, made: make(map[string]*jsonschema.Schema)}
}

// valid returns why an answer is not valid. It reports false if the judge cannot tell.
func (j *judge) valid(e compiled.Entry) (err error, ok bool) {
	text, err := json.Marshal(e.Answer.Value)
	if err != nil {
		return err, true
	}
	if j.kin != nil {
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			return err, true
		}
		s := j.schema(e)
		if s == nil || s.Value == nil {
			return nil, false
		}
		return s.Value.VisitJSON(v, openapi3.VisitAsResponse()), true
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err, true
	}
	pointer := e.Media.Pointer + "/schema"
	s, known := j.made[pointer]
	if !known {
		steps := strings.Split(pointer, "/")
		for i := range steps {
			steps[i] = url.PathEscape(steps[i])
		}
		if s, err = j.json.Compile("mem:///doc.json#" + strings.Join(steps, "/")); err != nil {
			return nil, false
		}
		j.made[pointer] = s
	}
	return s.Validate(v), true
}

func (j *judge) schema(e compiled.Entry) *openapi3.SchemaRef {
	item := j.kin.Paths.Value(e.Operation.Path)
	if item == nil {
		return nil
	}
	for status, r := range item.GetOperation(e.Operation.Method).Responses.Map() {
		if strings.EqualFold(status, e.Response.Status) && r.Value != nil {
			if m := r.Value.Content[e.Media.Type]; m != nil {
				return m.Schema
			}
		}
	}
	return nil
}
