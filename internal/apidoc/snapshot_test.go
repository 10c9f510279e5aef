package apidoc_test

import (
	"testing"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/internal/gendoc"
)

func TestASnapshotIsTheDocument(t *testing.T) {
	for _, g := range append(gendoc.Nasty(gendoc.V31), gendoc.ERP(gendoc.V30, 1)) {
		d, err := apidoc.Open("doc.json", g.JSON, apidoc.Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := apidoc.OpenSnapshot("doc.json", d.AppendSnapshot(nil), apidoc.Options{})
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		if !again.Root.Equal(d.Root) {
			t.Errorf("%s: the snapshot is another document", g.Name)
		}
		paths, same := again.Root.Get("paths"), d.Root.Get("paths")
		if paths.Place() != same.Place() || paths.Place() == "" {
			t.Errorf("%s: paths is at %q; want %q", g.Name, paths.Place(), same.Place())
		}
	}
}

func FuzzSnapshot(f *testing.F) {
	d, err := apidoc.Open("doc.json", []byte(`{"openapi":"3.1.0","paths":{"/a":{"get":{"tags":["x",1,true,null]}}}}`), apidoc.Options{})
	if err != nil {
		f.Fatal(err)
	}
	good := d.AppendSnapshot(nil)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte{1, 0, 0, 5, 1, 1, 0})
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		d, err := apidoc.OpenSnapshot("doc", snapshot, apidoc.Options{})
		if err != nil {
			return
		}
		again, err := apidoc.OpenSnapshot("doc", d.AppendSnapshot(nil), apidoc.Options{})
		if err != nil || !again.Root.Equal(d.Root) {
			t.Fatalf("%x: the snapshot of its document is another one: %v", snapshot, err)
		}
	})
}
