package docs

import (
	"strings"
	"testing"
)

// The README is for those who decide whether to read on.
func TestTheREADMEStaysShort(t *testing.T) {
	const most = 170
	if n := strings.Count(read(t, "README.md"), "\n"); n > most {
		t.Errorf("the README has %d lines, want at most %d: the rest belongs into docs/", n, most)
	}
}
