package receiver_test

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

// Whoever links the receiver links the standard library, the store and
// nothing else.
func TestOnlyTheStandardLibraryAndOurPackagesAreLinked(t *testing.T) {
	testkit.Golden(t, "testdata/deps.golden", strings.Join(testkit.Links(t, "."), "\n")+"\n")
}
