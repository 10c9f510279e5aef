package receiver_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// Whoever links the receiver links the standard library, the store and
// nothing else.
func TestOnlyTheStandardLibraryAndOurPackagesAreLinked(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go command is not in PATH")
	}
	got, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/deps.golden"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("linked:\n%swant:\n%s", got, want)
	}
}
