package documents

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/gendoc"
)

// A document is one to be tried.
type document struct {
	name string
	text []byte
	// exponential: the judges would take 2ⁿ steps.
	exponential bool
}

// generated returns those of gendoc that can be read; large ones in one version.
func generated() (all []document) {
	docs := slices.Concat(gendoc.Nasty(gendoc.V30), gendoc.Nasty(gendoc.V31), gendoc.Large(gendoc.V30), []gendoc.Document{gendoc.ERP(gendoc.V30, 1)})
	for _, d := range docs {
		all = append(all, document{d.Name, d.JSON, d.Exponential})
	}
	return all
}

// public returns the documents that `.ci/documents` has brought to the folder in
// DOCUMENTS, without those that lie in folders; it skips the test without one.
// DOCUMENTS_ONLY is a pattern of names.
func public(t *testing.T) (all []document) {
	t.Helper()
	for _, row := range rows(t) {
		if info, err := os.Stat(row.file); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			continue
		}
		text, err := os.ReadFile(row.file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document{name: row.name, text: text})
	}
	return all
}

// folders returns the documents in folders, by name.
func folders(t *testing.T) func(yield func(document) bool) {
	t.Helper()
	all := rows(t)
	return func(yield func(document) bool) {
		for _, row := range all {
			dir, err := filepath.EvalSymlinks(row.file)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				continue
			}
			err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() || filepath.Ext(path) != ".json" && filepath.Ext(path) != ".yaml" {
					return err
				}
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				if !yield(document{name: row.name + path[len(dir):], text: text}) {
					return fs.SkipAll
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

type row struct{ name, set, file string }

// rows returns those of documents.tsv whose documents are wanted: DOCUMENTS_FULL
// tells whether all are. One that was not brought fails the test.
func rows(t *testing.T) (all []row) {
	t.Helper()
	dir := os.Getenv("DOCUMENTS")
	if dir == "" {
		t.Skip("public documents are tried by `make documents`")
	}
	f, err := os.Open("documents.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 5 {
			t.Fatalf("documents.tsv: %q has %d fields, want 5", lines.Text(), len(fields))
		}
		if match, err := filepath.Match(os.Getenv("DOCUMENTS_ONLY"), fields[0]); err != nil || os.Getenv("DOCUMENTS_ONLY") != "" && !match {
			continue
		}
		if fields[1] != "short" && os.Getenv("DOCUMENTS_FULL") == "" {
			continue
		}
		file := filepath.Join(dir, fields[0])
		if !strings.HasSuffix(fields[3], "/") {
			file += filepath.Ext(fields[3])
		}
		all = append(all, row{fields[0], fields[1], file})
	}
	if len(all) == 0 {
		t.Fatal("no row of documents.tsv is wanted")
	}
	return all
}
