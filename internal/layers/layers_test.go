// Package layers tests which packages of the module import which.
package layers

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/vismanet-go/background/"

// What a part of the module may import of the others, besides internal/: the parts
// stand in their order, the lowest first, and those that talk to each other over
// the wire only know nothing of each other.
var mayImport = map[string][]string{
	"openapi":    nil,
	"store":      nil,
	"client":     {"openapi", "store"},
	"receiver":   {"openapi", "store"},
	"mockserver": {"openapi"},
	// The program is what users put together of the parts: erpmock listen verifies
	// with the receiver, which then shares no code with the mock that signs.
	"mockserver/cmd": {"openapi", "store", "receiver", "mockserver"},
	// erpcall tries things out against a mock of its own.
	"client/cmd": {"openapi", "store", "client", "mockserver"},
	"internal":   {"openapi", "store"},
	"examples":   {"openapi", "store", "client", "receiver", "mockserver"},
}

func TestPartsImportDownwardsOnly(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		paths := strings.Fields(line)
		from := part(paths[0])
		allowed, known := mayImport[from]
		if !known {
			t.Errorf("%s is in no part of the module: give it a place above", paths[0])
			continue
		}
		seen[from] = true
		for _, path := range paths[1:] {
			to := part(path)
			if !strings.HasPrefix(path, module) || to == from || to == "internal" {
				continue
			}
			if !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may import %q and internal/ only", paths[0], path, from, allowed)
			}
		}
	}
	if len(seen) != len(mayImport) {
		t.Errorf("saw %d parts, want %d", len(seen), len(mayImport))
	}
}

// part is the first folder of a package of ours; programs are parts of their own.
func part(path string) string {
	for _, programs := range []string{"mockserver/cmd", "client/cmd"} {
		if strings.HasPrefix(path, module+programs+"/") {
			return programs
		}
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, module), "/")
	return first
}
