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

// docs/erpcall.md and the man pages are what the table of options makes of them.
func TestTheReferenceIsUpToDate(t *testing.T) {
	a := newApp(nil, nil, nil, nil)
	files := map[string]string{"../../../docs/erpcall.md": a.Markdown()}
	for name, page := range a.ManPages() {
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

// Every option says what it is for, once, and every command gives an example or needs
// none.
func TestTheTableOfOptions(t *testing.T) {
	for _, c := range newApp(nil, nil, nil, nil).commands() {
		seen := make(map[string]bool)
		for _, o := range c.Options {
			if o.Usage == "" || o.Set == nil || seen[o.Name] || o.Short != "" && seen[o.Short] {
				t.Errorf("%s: --%s lacks something, or is there twice", c.Name(), o.Name)
			}
			seen[o.Name] = true
			if o.Short != "" {
				seen[o.Short] = true
			}
		}
		if c.Examples == "" && len(c.Options) > 0 && c.Name() != "sequences" {
			t.Errorf("%s has no example", c.Name())
		}
	}
}

func TestCompletionAndVersion(t *testing.T) {
	for args, want := range map[string]string{
		"completion bash":          "bash completion V2 for erpcall",
		"__complete call --no":     "--no-wait",
		"__complete list --pha":    "--phase",
		"version":                  "erpcall ",
		"help resolve":             "--not-accepted",
		"--help":                   "erpcall METHOD PATH [options]",
		"docs":                     "## erpcall batch",
		"completion zsh --help":    "zsh",
		"__complete unc":           "uncertain\t",
		"help call":                "ERPCALL_TOKEN",
		"GET /v1/customer --curl":  "erp-api-background: none",
		"call GET /v1/x --curl -q": "curl -i -X GET",
	} {
		var out, errs bytes.Buffer
		a := newApp(strings.NewReader(""), &out, &errs, []string{"HOME=" + t.TempDir()})
		if status := a.Run(t.Context(), strings.Fields(args)); status != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%s: got %d, %s %s; want %q", args, status, out.String(), errs.String(), want)
		}
	}
}
