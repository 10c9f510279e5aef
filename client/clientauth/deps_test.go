package clientauth_test

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// links lists what a package links outside the standard library.
func links(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).Output()
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(out))
	slices.Sort(list)
	return list
}

func TestWhatThisPackageLinks(t *testing.T) {
	got := strings.Join(links(t, "."), "\n") + "\n"
	const golden = "testdata/deps.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("links\n%swant\n%s%v", got, want, err)
	}
}

// TestTheClientItselfLinksNoOAuth2 keeps the choice with the user.
func TestTheClientItselfLinksNoOAuth2(t *testing.T) {
	for _, pkg := range links(t, "github.com/vismanet-go/background/client") {
		if strings.HasPrefix(pkg, "golang.org/x/oauth2") || strings.HasSuffix(pkg, "/clientauth") {
			t.Errorf("package client links %s", pkg)
		}
	}
}
