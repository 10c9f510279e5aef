package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = `openapi: 3.0.3
info: {title: A title, version: '1'}
paths:
  /b: {x: [1, 2.5, true, null, "</script><script>alert(1)</script>"]}
  /a: {}
`

func TestThePageKeepsTheOrderAndEscapesWhatCouldEndTheScript(t *testing.T) {
	html, err := render([]byte(source), bundle{script: "var Redoc = 1\n", licences: "MIT -- or so"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"openapi":"3.0.3","info":{"title":"A title","version":"1"},"paths":{"/b":{"x":[1,2.5,true,null,` +
		`"\u003c/script\u003e\u003cscript\u003ealert(1)\u003c/script\u003e"]},"/a":{}}}`
	if !strings.Contains(string(html), scriptEnd+want+"\n</script>") {
		t.Errorf("no %s in\n%s", want, html)
	}
	if got, want := strings.Count(string(html), "<script"), 3; got != want {
		t.Errorf("%d scripts, want %d", got, want)
	}
	if strings.Contains(string(html), "MIT --") {
		t.Error("the licences could end their comment")
	}
}

func TestTheBundleSurvivesAChangeOfTheDocument(t *testing.T) {
	first, err := render([]byte(source), bundle{
		script:   "var logo = 'https://cdn.redoc.ly/redoc/logo-mini.svg'\n//# sourceMappingURL=x.map\n",
		licences: "MIT -- or so \n\nand more---",
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(first), "cdn.redoc.ly") || strings.Contains(string(first), "sourceMappingURL") {
		t.Error("the page would fetch something")
	}
	page := filepath.Join(t.TempDir(), "index.html")
	if err := os.WriteFile(page, first, 0o600); err != nil {
		t.Fatal(err)
	}
	script, err := bundleOf(page)
	if err != nil {
		t.Fatal(err)
	}
	again, err := render([]byte(source), script)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(first) {
		t.Errorf("got\n%s\nwant\n%s", again, first)
	}
}

func TestAPageOfAnotherProgramIsRefused(t *testing.T) {
	page := filepath.Join(t.TempDir(), "index.html")
	if _, err := bundleOf(page); err == nil {
		t.Error("a page that is not there passed")
	}
	if err := os.WriteFile(page, []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bundleOf(page); err == nil {
		t.Error("another page passed")
	}
}
