package documents

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/internal/gendoc"
)

func TestGeneratedDocumentsAreRead(t *testing.T) {
	for _, d := range generated() {
		readAndWritten(t, d)
	}
}

func TestPublicDocumentsAreRead(t *testing.T) {
	for _, d := range public(t) {
		readAndWritten(t, d)
	}
	n := 0
	for d := range folders(t) {
		if _, err := apidoc.Open(d.name, d.text, apidoc.Options{}); err != nil {
			t.Errorf("%v", err)
		}
		n++
	}
	t.Logf("%d documents of folders", n)
}

// readAndWritten reads a document, writes it as JSON and as YAML, and wants the same
// again.
func readAndWritten(t *testing.T, d document) {
	t.Helper()
	read, err := apidoc.Open(d.name, d.text, apidoc.Options{})
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	var asJSON, asYAML bytes.Buffer
	if err := errors.Join(apidoc.WriteJSON(&asJSON, read.Root), apidoc.WriteYAML(&asYAML, read.Root)); err != nil {
		t.Errorf("%s: %v", d.name, err)
		return
	}
	for form, text := range map[string][]byte{"JSON": asJSON.Bytes(), "YAML": asYAML.Bytes()} {
		again, err := apidoc.Parse(d.name, text, apidoc.Limits{})
		if err != nil {
			t.Errorf("written as %s: %v", form, err)
		} else if !again.Equal(read.Root) {
			t.Errorf("%s: written as %s and read again it is another document", d.name, form)
		}
	}
}

// What can be told without following references is told by the parser.
func TestBrokenDocumentsAreRefused(t *testing.T) {
	byParser := map[string]bool{"empty": true, "not-json": true, "cut-off": true, "an-array": true, "key-twice": true, "nested-deeply": true, "nested-arrays": true}
	for _, d := range gendoc.Broken() {
		if !byParser[d.Name] {
			continue
		}
		begun := time.Now()
		_, err := apidoc.Open(d.Name, d.JSON, apidoc.Options{})
		var place *apidoc.Error
		if !errors.As(err, &place) || !strings.Contains(err.Error(), d.Broken) {
			t.Errorf("%s: got the error %.200v; want a place, and the word %q", d.Name, err, d.Broken)
		}
		t.Logf("%s: %v: %.150v", d.Name, time.Since(begun), err)
	}
}
