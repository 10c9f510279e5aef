package gendoc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/internal/gendoc"
)

func TestERPHasTheSizeOfAnERP(t *testing.T) {
	for _, v := range []gendoc.Version{gendoc.V30, gendoc.V31} {
		d := gendoc.ERP(v, 1)
		if again := gendoc.ERP(v, 1); !bytes.Equal(d.JSON, again.JSON) {
			t.Errorf("%s: the same seed gave two documents", d.Name)
		}
		if other := gendoc.ERP(v, 2); bytes.Equal(d.JSON, other.JSON) {
			t.Errorf("%s: two seeds gave one document", d.Name)
		}
		var doc struct {
			Paths      map[string]map[string]json.RawMessage
			Components struct{ Schemas map[string]json.RawMessage }
		}
		if err := json.Unmarshal(d.JSON, &doc); err != nil {
			t.Fatal(err)
		}
		operations, actions := 0, 0
		for path, item := range doc.Paths {
			operations += len(item)
			if strings.Contains(path, "/action/") {
				actions += len(item)
			}
		}
		if operations != gendoc.ERPOperations || actions != gendoc.ERPActions || len(doc.Components.Schemas) != gendoc.ERPSchemas {
			t.Errorf("%s: %d operations, %d actions, %d schemas; want %d, %d, %d", d.Name, operations, actions, len(doc.Components.Schemas),
				gendoc.ERPOperations, gendoc.ERPActions, gendoc.ERPSchemas)
		}
		t.Logf("%s: %d bytes", d.Name, len(d.JSON))
		loaded, err := openapi3.NewLoader().LoadFromData(d.JSON)
		if err != nil {
			t.Fatal(err)
		}
		if err := loaded.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

func TestNastyDocumentsAreJSON(t *testing.T) {
	names := make(map[string]bool)
	for _, v := range []gendoc.Version{gendoc.V30, gendoc.V31} {
		for _, d := range append(gendoc.Nasty(v), gendoc.Large(v)...) {
			if !json.Valid(d.JSON) {
				t.Errorf("%s is not JSON", d.Name)
			}
			if names[d.Name] {
				t.Errorf("%s is there twice", d.Name)
			}
			names[d.Name] = true
			t.Logf("%s: %d bytes", d.Name, len(d.JSON))
		}
	}
}
