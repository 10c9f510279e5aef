package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/conformance"
)

// The conformance command plays, prints, and exits as its help says: with a candidate
// that does everything wrong.
func TestConformance(t *testing.T) {
	dir := t.TempDir()
	naive := filepath.Join(dir, "naive.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", naive, "../../../examples/conformance/naive").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	gaps := write("gaps", "refused it does not know refusals\n")
	stale := write("stale", "list it was never written\n")
	wrong := write("wrong", "no-such-scenario x\n")
	junit := filepath.Join(dir, "report.xml")
	play := func(args ...string) []string { return append(args, "--", naive) }
	for _, tt := range []struct {
		name     string
		args     []string
		status   int
		out, err string // parts
	}{
		{"what passes", play("--only", "list"), 0, "passed        list\n", ""},
		{"what fails", play("--only", "list", "--only", "refused"), cli.ExitFailed, "FAILED refused\n", "erpmock: 1 of 2 scenarios failed\n"},
		{"a rule", play("--only", "success-is-finished-and-2xx"), cli.ExitFailed, "(not supported: actions)", "7 of 8 scenarios failed"},
		{"a known gap", play("--only", "refused", "--ledger", gaps), 0, "known gap     refused\n", ""},
		{"a gap that is none", play("--only", "list", "--ledger", stale), cli.ExitFailed, "1 passed", "take it out: list"},
		{"a ledger that is wrong", play("--ledger", wrong), cli.ExitUsage, "", "there is no scenario \"no-such-scenario\""},
		{"no ledger", play("--ledger", filepath.Join(dir, "none")), cli.ExitUsage, "", "--ledger: open"},
		{"quietly", play("--quiet", "--only", "list", "--junit", junit), 0, "background-header                    1/1  \n", ""},
		{"no scenario", play("--only", "lost-anser"), cli.ExitUsage, "", "did you mean lost-answer?"},
		{"no candidate", nil, cli.ExitUsage, "", "want erpmock conformance -- CMD"},
		{"one that is not there", []string{"--", filepath.Join(dir, "none")}, cli.ExitFailed, "", "start the candidate"},
		{"the list", []string{"--list"}, 0, "\n  pace                                   An operation takes twelve", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			status := run(t.Context(), append([]string{"conformance"}, tt.args...), &out, &errs)
			if status != tt.status || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.err) {
				t.Errorf("status %d, want %d; printed\n%s\nand\n%s", status, tt.status, out.String(), errs.String())
			}
		})
	}
	if xml, err := os.ReadFile(junit); err != nil || !strings.Contains(string(xml), `<testcase classname="background-header" name="list"`) {
		t.Errorf("wrote %s, %v", xml, err)
	}
	var out, errs bytes.Buffer
	run(t.Context(), append([]string{"conformance", "--json"}, play("--only", "refused")...), &out, &errs)
	var report conformance.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Candidate.Name != "naive" || report.Count(conformance.Broken) != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
}
