package docs

import (
	"regexp"
	"strings"
	"testing"
)

// A paragraph of more than six lines is not read.
func TestParagraphsOfTheArchitectureStayShort(t *testing.T) {
	const most = 6
	prose := fenced.ReplaceAllString(read(t, "ARCHITECTURE.md"), "")
	for _, paragraph := range strings.Split(prose, "\n\n") {
		paragraph = strings.Trim(paragraph, "\n")
		if strings.HasPrefix(paragraph, "|") {
			continue
		}
		for _, item := range regexp.MustCompile(`(?m)^(?:\d+\.|\*|-) `).Split(paragraph, -1) {
			if n := strings.Count(strings.TrimRight(item, "\n"), "\n") + 1; n > most {
				t.Errorf("this paragraph has %d lines, want at most %d:\n%s", n, most, item)
			}
		}
	}
}
