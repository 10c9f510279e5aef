package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// docs/erpmock.md and the man pages are what the table of options makes of them.
func TestTheReferenceIsUpToDate(t *testing.T) {
	p := (&app{}).program()
	files := map[string]string{"../../../docs/erpmock.md": p.Markdown()}
	for name, page := range p.ManPages() {
		files[filepath.Join("man", name)] = page
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s is not up to date (%v): run make generate", name, err)
		}
	}
	left, err := filepath.Glob("man/*")
	if err != nil || len(left) != len(files)-1 {
		t.Errorf("got %v, %v; want %v only", left, err, slices.Sorted(maps.Keys(files)))
	}
}

func TestManPagesAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"docs", "--man", dir}, &out, &errs); status != 0 {
		t.Fatalf("status %d, %s", status, errs.String())
	}
	page, err := os.ReadFile(filepath.Join(dir, "erpmock.1"))
	for _, want := range []string{".TH ERPMOCK 1\n", ".B \\-\\-exec\\-time TIME\n", "ERPMOCK_EXEC_TIME"} {
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("no %q in %s, %v", want, page, err)
		}
	}
}

// Every option says what it is for, once, and is named by each error of the field
// that it sets.
func TestTheTableOfOptions(t *testing.T) {
	for _, c := range (&app{}).commands() {
		seen := make(map[string]bool)
		for _, o := range c.Options {
			if o.Usage == "" || o.Set == nil || seen[o.Name] {
				t.Errorf("%s: --%s lacks something, or is there twice", c.Name(), o.Name)
			}
			seen[o.Name] = true
		}
	}
}

func TestCompletionAndVersion(t *testing.T) {
	for args, want := range map[string]string{
		"completion bash":                   "bash completion V2 for erpmock",
		"__complete serve --exec":           "--exec-time",
		"version":                           "erpmock ",
		"help version":                      "Prints the version",
		"docs":                              "## erpmock serve",
		"completion zsh --help":             "zsh",
		"help completion":                   "completion",
		"__complete se":                     "serve\t",
		"completion fish --no-descriptions": "fish completion for erpmock",
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), strings.Fields(args), &out, &errs); status != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: got %d, %s %s; want %q", args, status, out.String(), errs.String(), want)
		}
	}
}
