// Command derive writes what follows mechanically from openapi/background.yaml:
// the edition in OpenAPI 3.1, and the overlay that lets the generated clients share
// the types of package openapi. (The foreground view is made by ../../internal/erpview.)
//
// Usage: derive -in background.yaml -edition31 background-3.1.yaml -overlay aliases.overlay.yaml
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	in := flag.String("in", "", "document of the background view, read")
	edition := flag.String("edition31", "", "document of the background view in OpenAPI 3.1, written")
	overlay := flag.String("overlay", "", "overlay that maps schemas to Go types, written")
	flag.Parse()
	if err := run(*in, *edition, *overlay); err != nil {
		fmt.Fprintln(os.Stderr, "derive:", err)
		os.Exit(1)
	}
}

func run(in, edition, overlay string) error {
	source, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	for _, out := range []struct {
		file   string
		derive func([]byte) ([]byte, error)
	}{{edition, edition31}, {overlay, aliasOverlay}} {
		text, err := out.derive(source)
		if err != nil {
			return fmt.Errorf("%s: %w", in, err)
		}
		if err := os.WriteFile(out.file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
