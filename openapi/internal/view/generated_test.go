package view

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/internal/gendoc"
)

// Views of documents that are large and nasty are views of themselves, and load
// where the documents do.
func TestViewsOfGeneratedDocuments(t *testing.T) {
	all := slices.Concat(gendoc.Nasty(gendoc.V30), gendoc.Nasty(gendoc.V31), []gendoc.Document{gendoc.ERP(gendoc.V30, 1)})
	for _, d := range all {
		t.Run(d.Name, func(t *testing.T) {
			loads := false
			if len(d.JSON) < 500_000 { // `make documents` has larger ones
				_, err := openapi3.NewLoader().LoadFromData(d.JSON)
				loads = err == nil
			}
			for word, make := range map[string]func(*apidoc.Document, Options) ([]Note, error){"background": Background, "foreground": Foreground} {
				doc := open(t, d.Name, d.JSON, "")
				options := Options{Callbacks: InlineCallbacks, Mend: []string{All}}
				if _, err := make(doc, options); err != nil {
					t.Fatalf("%s: %v", word, err)
				}
				once := doc.Root.Clone()
				if _, err := make(doc, options); err != nil {
					t.Fatalf("%s of the %s: %v", word, word, err)
				}
				if !doc.Root.Equal(once) {
					t.Errorf("the %s view of the %s view is another one", word, word)
				}
				if !loads {
					continue
				}
				if _, err := openapi3.NewLoader().LoadFromData([]byte(inJSON(t, doc))); err != nil {
					t.Errorf("%s: the document loads, its view does not: %v", word, err)
				}
			}
		})
	}
}
