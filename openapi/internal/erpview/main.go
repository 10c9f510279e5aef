// Command erpview writes openapi/erp/erp.yaml: the foreground view of
// background.yaml, with a title and a description of its own.
//
// Usage: erpview -in background.yaml -out erp.yaml
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"github.com/vismanet-go/background/internal/apidoc"
	"github.com/vismanet-go/background/openapi/internal/view"
)

const head = `# Derived from openapi/background.yaml by openapi/internal/erpview; do not edit.
# "make generate" writes it anew.
`

const title = "Visma.net ERP API in the foreground"

const description = `The operations of ` + "`background.yaml`" + `, without the header ` + "`erp-api-background`" + `: each answers at once
with what the background view names in ` + "`x-background-result`" + `. Derived from that document, whose remarks on
conventions and evidence hold here too. The two operations that read a queued call are the same in both.
`

func main() {
	in := flag.String("in", "", "document of the background view, read")
	out := flag.String("out", "", "document of the foreground view, written")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "erpview:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	source, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	text, err := erp(in, source)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

// erp returns the foreground view of a document. It is an error if anything had
// to be done beside the rule.
func erp(name string, source []byte) ([]byte, error) {
	doc, err := apidoc.Open(name, source, apidoc.Options{})
	if err != nil {
		return nil, err
	}
	notes, err := view.Foreground(doc, view.Options{RateLimits: true})
	if err != nil {
		return nil, err
	}
	if len(notes) > 0 {
		return nil, fmt.Errorf("%s: want a background view as it should be, and there is something to be told: %v", name, notes)
	}
	info := doc.Root.Get("info")
	info.Set("title", apidoc.NewString(title))
	info.Set("description", apidoc.NewString(description))
	b := bytes.NewBufferString(head)
	err = apidoc.WriteYAML(b, doc.Root)
	return b.Bytes(), err
}
