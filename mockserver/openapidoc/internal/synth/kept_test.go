package synth

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/mockserver/openapidoc/internal/schema"
)

// Thirty choices of ten in one object would make 10^30 shapes.
func TestChoicesAreNotKeptWithoutEnd(t *testing.T) {
	var all []string
	for i := range 30 {
		var alts []string
		for j := range 10 {
			alts = append(alts, fmt.Sprintf(`{"properties":{"p%d_%d":{"type":"integer"}}}`, i, j))
		}
		all = append(all, `{"anyOf":[`+strings.Join(alts, ",")+`]}`)
	}
	doc, err := apidoc.Open("x.json", []byte(`{"type":"object","allOf":[`+strings.Join(all, ",")+`]}`), apidoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set := schema.NewSet(doc, apidoc.V31)
	s := set.Compile(doc.Root, "")
	m := New(set, schema.Response)
	m.kept = mostKept - 100 // as after many values
	for seed := range uint64(20) {
		if v, reasons := m.Value(s, Options{Seed: seed}); reasons != nil {
			t.Fatalf("%v: %v", v, reasons)
		}
	}
	if m.kept < mostKept {
		t.Errorf("%d shapes are kept; the test wants to exceed %d", m.kept, mostKept)
	}
	count := len(m.shapes)
	for _, sh := range m.shapes {
		count += sh.below()
	}
	if count > 101 {
		t.Errorf("%d shapes are kept; want at most 101", count)
	}
}

// below counts the shapes that choices made.
func (sh *shape) below() int {
	n := len(sh.picks)
	for _, p := range sh.picks {
		n += p.below()
	}
	return n
}
