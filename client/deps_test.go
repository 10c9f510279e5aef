package client_test

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestWhatTheClientLinks keeps the weight of the package from growing
// unnoticed: everything outside the standard library is listed in
// testdata/deps.golden.
func TestWhatTheClientLinks(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	slices.Sort(got)
	text := strings.Join(got, "\n") + "\n"
	const golden = "testdata/deps.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || text != string(want) {
		t.Errorf("links\n%swant\n%s%v", text, want, err)
	}
}
