// Command derive writes what follows mechanically from openapi/background.yaml:
// the foreground view of the same operations, and the overlay that lets the
// generated clients share the types of package openapi.
//
// Usage: derive -in background.yaml -erp erp.yaml -overlay aliases.overlay.yaml
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	in := flag.String("in", "", "document of the background view, read")
	erp := flag.String("erp", "", "document of the foreground view, written")
	overlay := flag.String("overlay", "", "overlay that maps schemas to Go types, written")
	flag.Parse()
	if err := run(*in, *erp, *overlay); err != nil {
		fmt.Fprintln(os.Stderr, "derive:", err)
		os.Exit(1)
	}
}

func run(in, erp, overlay string) error {
	source, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	doc, err := foreground(source)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	if err := os.WriteFile(erp, doc, 0o644); err != nil {
		return err
	}
	aliases, err := aliasOverlay(source)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	return os.WriteFile(overlay, aliases, 0o644)
}
