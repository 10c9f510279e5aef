package client_test

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

// TestWhatTheClientLinks keeps the weight of the package from growing
// unnoticed: everything outside the standard library is listed in
// testdata/deps.golden.
func TestWhatTheClientLinks(t *testing.T) {
	testkit.Golden(t, "testdata/deps.golden", strings.Join(testkit.Links(t, "."), "\n")+"\n")
}
