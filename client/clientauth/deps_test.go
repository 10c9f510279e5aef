package clientauth_test

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

func TestWhatThisPackageLinks(t *testing.T) {
	testkit.Golden(t, "testdata/deps.golden", strings.Join(testkit.Links(t, "."), "\n")+"\n")
}

// TestTheClientItselfLinksNoOAuth2 keeps the choice with the user.
func TestTheClientItselfLinksNoOAuth2(t *testing.T) {
	for _, pkg := range testkit.Links(t, "github.com/vismanet-go/background/client") {
		if strings.HasPrefix(pkg, "golang.org/x/oauth2") || strings.HasSuffix(pkg, "/clientauth") {
			t.Errorf("package client links %s", pkg)
		}
	}
}
