package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	program = regexp.MustCompile(`go (?:run|test) (\./[\w/.-]+)`)
	inline  = regexp.MustCompile("`make ([a-z][a-z-]*)")
	line    = regexp.MustCompile(`(?m)^make ([a-z][a-z-]*)`)
	named   = regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Z]\\w*)`")
)

// TestEveryLinkLeadsSomewhere follows the links within the module, to headings
// as well, and the paths of go run and go test lines.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		prose := fenced.ReplaceAllString(p.text, "")
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			found++
			file, anchor, _ := strings.Cut(m[1], "#")
			to := path.Join(path.Dir(p.path), file)
			if file == "" {
				to = p.path
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", p.path, m[1], err)
				continue
			}
			if anchor != "" && !anchors(read(t, to))[anchor] {
				t.Errorf("%s: the link %s names a heading that %s does not have", p.path, m[1], to)
			}
		}
		for _, m := range program.FindAllStringSubmatch(p.text, -1) {
			at := path.Join(path.Dir(p.path), strings.TrimSuffix(m[1], "/..."))
			if _, err := os.Stat(filepath.Join(root, m[1])); err == nil {
				continue // from the module's root, as in most pages
			}
			if _, err := os.Stat(filepath.Join(root, at)); err != nil {
				t.Errorf("%s: %q names no folder: %v", p.path, m[0], err)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d links were found", found)
	}
}

// anchors are the names of the headings of a page, as GitHub makes them.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		all[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])] = true
	}
	return all
}

// TestEveryTestThatIsNamedExists looks for the tests that pages name as proof.
func TestEveryTestThatIsNamedExists(t *testing.T) {
	var tests strings.Builder
	for _, file := range filesOf(t, root) {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "test.go") {
			tests.WriteString(read(t, file))
		}
	}
	for _, p := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(p.text, -1) {
			if !strings.Contains(tests.String(), "func "+m[1]+"(") {
				t.Errorf("%s: there is no %s", p.path, m[1])
			}
		}
	}
}

// TestEveryMakeTargetThatIsNamedExists looks for the targets that pages name.
func TestEveryMakeTargetThatIsNamedExists(t *testing.T) {
	var rules strings.Builder
	for _, file := range filesOf(t, root) {
		if strings.HasSuffix(file, ".mk") || path.Base(file) == "Makefile" {
			rules.WriteString(read(t, file))
		}
	}
	for _, p := range pages(t) {
		names := inline.FindAllStringSubmatch(p.text, -1)
		for _, code := range fenced.FindAllString(p.text, -1) {
			names = append(names, line.FindAllStringSubmatch(code, -1)...)
		}
		for _, m := range names {
			if !regexp.MustCompile(`(?m)^` + m[1] + `( .*)?:`).MatchString(rules.String()) {
				t.Errorf("%s: there is no target %s", p.path, m[1])
			}
		}
	}
}

// source is a file that a page names with its folder.
var source = regexp.MustCompile("`((?:[\\w.-]+/)+[\\w.-]+\\.(?:go|md|yaml|txt|mk))`")

// TestEveryFileThatIsNamedExists looks for the files that pages name with
// their folders, from the root of the module or beside the page.
func TestEveryFileThatIsNamedExists(t *testing.T) {
	for _, p := range pages(t) {
		for _, m := range source.FindAllStringSubmatch(p.text, -1) {
			_, fromRoot := os.Stat(filepath.Join(root, m[1]))
			_, beside := os.Stat(filepath.Join(root, path.Dir(p.path), m[1]))
			if fromRoot != nil && beside != nil {
				t.Errorf("%s: there is no %s", p.path, m[1])
			}
		}
	}
}
