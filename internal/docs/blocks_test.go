package docs

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the blocks that show a whole declaration")

// block is a Go block with the comment above it: which file it is from, and
// which declaration of that file, if it is a whole one.
var block = regexp.MustCompile("(?ms)(?:^<!-- from ([^\\s#]+)(?:#(\\w+))? -->\n)?^```go\n(.*?)^```$")

// TestEveryGoBlockIsCompiledCode wants each Go block to be code of a file that
// is compiled and named above it, as in <!-- from client/example_test.go -->:
// there it stands line by line. With <!-- from file.go#Name --> it is all of
// that declaration, and -update rewrites it.
func TestEveryGoBlockIsCompiledCode(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		text := block.ReplaceAllStringFunc(p.text, func(b string) string {
			found++
			m := block.FindStringSubmatch(b)
			file, name, code := m[1], m[2], m[3]
			if file == "" {
				t.Errorf("%s: a Go block names no file (<!-- from path -->):\n%s", p.path, code)
				return b
			}
			source := read(t, file)
			if name == "" {
				if !strings.Contains(source, code) {
					t.Errorf("%s: this block is not in %s:\n%s", p.path, file, code)
				}
				return b
			}
			want, err := declaration(source, name)
			switch {
			case err != nil:
				t.Errorf("%s: %s: %v", p.path, file, err)
				return b
			case *update:
				return fmt.Sprintf("<!-- from %s#%s -->\n```go\n%s```", file, name, want)
			case code != want:
				t.Errorf("%s: the block %s differs from %s, which has (go test ./internal/docs -update rewrites it):\n%s", p.path, name, file, want)
			}
			return b
		})
		if *update && text != p.text {
			if err := os.WriteFile(filepath.Join(root, p.path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d Go blocks were found", found)
	}
}

// foreign is a block in another language with the file that it is from.
var foreign = regexp.MustCompile("(?ms)^<!-- from ([^\\s#]+) -->\n```(?:ts|python|java|php|rust|csharp)\n(.*?)^```$")

// TestEveryBlockWithAFileStandsInIt wants a block in another language, of which the
// file is named, to stand there line by line.
func TestEveryBlockWithAFileStandsInIt(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		for _, m := range foreign.FindAllStringSubmatch(p.text, -1) {
			found++
			if !strings.Contains(read(t, m[1]), m[2]) {
				t.Errorf("%s: this block is not in %s:\n%s", p.path, m[1], m[2])
			}
		}
	}
	if found == 0 {
		t.Error("no block in another language was found")
	}
}

// TestTheCookbookIsShownWhole wants each test of examples/cookbook on a page.
func TestTheCookbookIsShownWhole(t *testing.T) {
	shown := read(t, "docs/testing.md") + read(t, "docs/migrating.md")
	found := 0
	for _, file := range filesOf(t, filepath.Join(root, "examples/cookbook")) {
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(read(t, file), -1) {
			found++
			if !strings.Contains(shown, "<!-- from "+file+"#"+m[1]+" -->") {
				t.Errorf("neither docs/testing.md nor docs/migrating.md shows %s of %s", m[1], file)
			}
		}
	}
	if found == 0 {
		t.Error("examples/cookbook has no tests")
	}
}

// declaration returns the lines of a declaration of a file, with its comment.
func declaration(source, name string) (string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", source, parser.ParseComments)
	if err != nil {
		return "", err
	}
	for _, d := range file.Decls {
		doc, names := described(d)
		if !names[name] {
			continue
		}
		from := d.Pos()
		if doc != nil {
			from = doc.Pos()
		}
		return source[set.Position(from).Offset:set.Position(d.End()).Offset] + "\n", nil
	}
	return "", fmt.Errorf("it declares no %s", name)
}

// described returns the comment of a declaration, and what it declares.
func described(d ast.Decl) (*ast.CommentGroup, map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Doc, map[string]bool{d.Name.Name: true}
	case *ast.GenDecl:
		names := make(map[string]bool)
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			}
		}
		return d.Doc, names
	}
	return nil, nil
}

// output is a block that shows what a program or example prints.
var output = regexp.MustCompile("(?ms)^<!-- output of (\\S+) -->\n```text\n(.*?)^```$")

// TestEveryOutputIsThatOfAnExample wants each block under <!-- output of
// x_test.go --> to be an Output comment of that file, which go test checks.
func TestEveryOutputIsThatOfAnExample(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		for _, m := range output.FindAllStringSubmatch(p.text, -1) {
			found++
			var want bytes.Buffer
			want.WriteString("\t// Output:\n")
			for line := range strings.Lines(m[2]) {
				want.WriteString(strings.TrimRight("\t// "+line, " \n") + "\n")
			}
			if !strings.Contains(read(t, m[1]), want.String()+"}") {
				t.Errorf("%s: no example of %s has this output:\n%s", p.path, m[1], m[2])
			}
		}
	}
	if found == 0 {
		t.Error("no output was found")
	}
}
