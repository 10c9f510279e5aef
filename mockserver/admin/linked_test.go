package admin_test

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

// A program that is controlled links no parser of documents, and no testing.
func TestWhatTheControlLinks(t *testing.T) {
	for _, path := range testkit.Links(t, ".") {
		for _, not := range []string{"kin-openapi", "yaml", "sqlite", "/mockservertest", "/admin/client"} {
			if strings.Contains(path, not) {
				t.Errorf("%s is linked", path)
			}
		}
	}
}
