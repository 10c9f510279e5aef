// Command refpage writes the reference page: one HTML file that holds an
// OpenAPI document and Redoc, and needs no network.
//
// Usage: refpage -spec background.yaml -page index.html [-redoc bundles]
//
// With a page that ends with .json, it is the document alone, in JSON.
//
// With -redoc, the folder with redoc.standalone.js, the page is built anew.
// Without, only the document in it is replaced, for which no npm is needed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	spec := flag.String("spec", "", "OpenAPI document in YAML, read")
	page := flag.String("page", "", "page, written")
	redoc := flag.String("redoc", "", "folder with redoc.standalone.js and its licences")
	flag.Parse()
	if err := run(*spec, *page, *redoc); err != nil {
		fmt.Fprintln(os.Stderr, "refpage:", err)
		os.Exit(1)
	}
}

func run(spec, page, redoc string) error {
	source, err := os.ReadFile(spec)
	if err != nil {
		return err
	}
	if filepath.Ext(page) == ".json" {
		text, err := inJSON(source)
		if err != nil {
			return fmt.Errorf("%s: %w", spec, err)
		}
		return os.WriteFile(page, text, 0o644)
	}
	var script bundle
	if redoc != "" {
		script, err = readBundle(redoc)
	} else {
		script, err = bundleOf(page)
	}
	if err != nil {
		return err
	}
	html, err := render(source, script)
	if err != nil {
		return fmt.Errorf("%s: %w", spec, err)
	}
	return os.WriteFile(page, html, 0o644)
}

// bundle is Redoc and the licence texts that go with it.
type bundle struct {
	script, licences string
}

func readBundle(dir string) (bundle, error) {
	script, err := os.ReadFile(filepath.Join(dir, "redoc.standalone.js"))
	if err != nil {
		return bundle{}, err
	}
	own, err := os.ReadFile(filepath.Join(dir, "..", "LICENSE"))
	if err != nil {
		return bundle{}, err
	}
	others, err := os.ReadFile(filepath.Join(dir, "redoc.standalone.js.LICENSE.txt"))
	if err != nil {
		return bundle{}, err
	}
	return bundle{script: string(script), licences: string(own) + "\n" + string(others)}, nil
}
