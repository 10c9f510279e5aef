package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the module's folder, as this package sees it.
const root = "../.."

// A page is a Markdown file of the module.
type page struct {
	path string // from the root, with slashes
	text string
}

// pages returns all Markdown files but those of tools.
func pages(t *testing.T) []page {
	t.Helper()
	var list []page
	for _, path := range filesOf(t, root) {
		if strings.HasSuffix(path, ".md") {
			list = append(list, page{path, read(t, path)})
		}
	}
	if len(list) < 5 {
		t.Fatalf("found %d pages in %s, want the README and docs/ at least", len(list), root)
	}
	return list
}

// filesOf returns the files below dir, named from the root, without those that
// git does not know: hidden folders, and what examples in other languages make.
func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && path != root
		made := slices.Contains([]string{"node_modules", "build", "generated"}, d.Name())
		switch {
		case d.IsDir() && (hidden || made):
			return fs.SkipDir
		case !d.IsDir():
			rel, err := filepath.Rel(root, path)
			list = append(list, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// read returns a file of the module.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}
