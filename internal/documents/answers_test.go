package documents

import "testing"

func TestGeneratedDocumentsAreAnswered(t *testing.T) {
	proveAll(t, generated(), "testdata/generated.txt")
}

func TestPublicDocumentsAreAnswered(t *testing.T) {
	proveAll(t, public(t), "testdata/public.txt")
}

func proveAll(t *testing.T, docs []document, file string) {
	t.Helper()
	known := openLedger(t, file)
	tried := make(map[string]bool)
	t.Log(tableHead)
	for _, d := range docs {
		t.Log(prove(t, d, known))
		tried[d.name] = true
	}
	known.close(t, tried)
}
