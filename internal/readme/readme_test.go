// Package readme holds the test that keeps the README's code compiling.
package readme

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var block = regexp.MustCompile("(?ms)(?:^<!-- from (\\S+) -->\n)?^```go\n(.*?)^```$")

// TestEveryGoBlockIsCompiledCode wants each Go block of the README to stand,
// line by line, in the compiled file that the comment above it names.
func TestEveryGoBlockIsCompiledCode(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("no Go block was found")
	}
	for _, b := range blocks {
		file, code := b[1], b[2]
		if file == "" {
			t.Errorf("a Go block names no file (<!-- from path -->):\n%s", code)
			continue
		}
		source, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(source), code) {
			t.Errorf("this block is not in %s:\n%s", file, code)
		}
	}
}

// TestEveryPathInTheREADMEExists follows the links and the go run lines.
func TestEveryPathInTheREADMEExists(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	prose := regexp.MustCompile("(?ms)^```go$.*?^```$").ReplaceAllString(string(text), "")
	paths := regexp.MustCompile(`\]\(([A-Za-z][^):#\s]*)\)|go run \./(\S+)`).FindAllStringSubmatch(prose, -1)
	if len(paths) < 5 {
		t.Fatalf("only %d paths were found", len(paths))
	}
	for _, p := range paths {
		if _, err := os.Stat("../../" + p[1] + p[2]); err != nil {
			t.Error(err)
		}
	}
}
