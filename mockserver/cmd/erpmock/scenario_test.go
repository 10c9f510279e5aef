package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/scenario"
)

func TestRunRunsWhatIsBuiltIn(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(t.Context(), append([]string{"run"}, scenario.Names()...), &out, &errs); status != 0 || errs.Len() > 0 {
		t.Errorf("status %d, %s\n%s", status, errs.String(), out.String())
	}
	if n := strings.Count(out.String(), " passed, "); n != len(scenario.Names()) {
		t.Errorf("%d passed, want %d:\n%s", n, len(scenario.Names()), out.String())
	}
}

func TestRunTellsWhatFails(t *testing.T) {
	dir := t.TempDir()
	for name, source := range map[string]string{
		"fails.yaml": "about: x\nsteps:\n  - call: {path: /v1/customerinvoice/none}\n",
		"wrong.yaml": "about: x\nsteps:\n  - call: {pth: /v1/customerinvoice}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fails, wrong := filepath.Join(dir, "fails.yaml"), filepath.Join(dir, "wrong.yaml")
	for _, tt := range []struct {
		name     string
		args     []string
		status   int
		out, err string // parts
	}{
		{"one of two fails", []string{"happy", fails}, cli.ExitFailed, "answered 404, want a 2xx", "1 of 2 failed: fails"},
		{"only what fails is told", []string{"--quiet", "happy", fails}, cli.ExitFailed, "FAIL", "1 of 2 failed: fails"},
		{"a file is wrong", []string{"happy", wrong}, cli.ExitUsage, "", wrong + ":3:12: steps[0].call.pth: there is no such field here; did you mean path?"},
		{"there is none", []string{"hapy"}, cli.ExitUsage, "", "did you mean happy?"},
		{"none is named", nil, cli.ExitUsage, "", "erpmock run --list"},
		{"the list", []string{"--list"}, 0, "\nlost-202           The ERP takes the invoice", ""},
		{"a file", []string{"--show", "happy"}, 0, "about: >-", ""},
		{"no file", []string{"--show", "hapy"}, cli.ExitUsage, "", "there is no scenario"},
		{"the schema", []string{"--schema"}, 0, `"title": "A scenario of erpmock"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			status := run(t.Context(), append([]string{"run"}, tt.args...), &out, &errs)
			if status != tt.status || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.err) {
				t.Errorf("status %d, want %d; printed\n%s\nand\n%s", status, tt.status, out.String(), errs.String())
			}
			if strings.Contains(tt.name, "only") && strings.Contains(out.String(), "happy") {
				t.Errorf("told of what passed:\n%s", out.String())
			}
		})
	}
}

func TestRunPrintsJSON(t *testing.T) {
	var out, errs bytes.Buffer
	run(t.Context(), []string{"run", "--json", "happy", "stuck"}, &out, &errs)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, name := range []string{"happy", "stuck"} {
		var report scenario.Report
		if err := json.Unmarshal([]byte(lines[i]), &report); err != nil || report.Scenario != name || !report.Passed || len(report.Checks) == 0 {
			t.Errorf("got %+v, %v", report, err)
		}
	}
}

func TestCompareComparesTwoServers(t *testing.T) {
	left := start(t, "--exec-time", "50ms")
	right := start(t, "--exec-time", "50ms", "--profile", "legacy-2022")
	args := []string{"compare", "--left", left.base, "--right", right.base, "--pace", "1ms", "--poll", "50ms"}
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("company:1000001"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{stdin: strings.NewReader("")}
	a.environ = []string{"ERPMOCK_LEFT_TOKEN=company:1000001", "ERPMOCK_RIGHT_TOKEN_FILE=" + secret, "ERPMOCK_RIGHT_COMPANY_ID=1000001", "ERPMOCK_LEFT_TOKN=x"}
	var out, errs bytes.Buffer
	a.stdout, a.stderr = &out, &errs
	status := a.run(t.Context(), args)
	if status != cli.ExitFailed || !strings.Contains(out.String(), "settles: Profile.ContentLocationIn202") || !strings.Contains(errs.String(), "the servers differ in") {
		t.Errorf("status %d, printed\n%s\nand\n%s", status, out.String(), errs.String())
	}
	if !strings.Contains(errs.String(), "ERPMOCK_LEFT_TOKN is set and means nothing here; did you mean ERPMOCK_LEFT_TOKEN?") || strings.Contains(errs.String(), "RIGHT_TOKEN_FILE is set") {
		t.Errorf("of the variables it says\n%s", errs.String())
	}
	out.Reset()
	errs.Reset()
	status = a.run(t.Context(), []string{"compare", "--left", left.base, "--right", left.base, "--pace", "1ms", "--poll", "50ms", "--json"})
	var report struct{ Differences []any }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || status != 0 || report.Differences == nil || len(report.Differences) > 0 {
		t.Errorf("status %d, %v, printed\n%s\nand\n%s", status, err, out.String(), errs.String())
	}
	for _, args := range [][]string{{"compare"}, {"compare", "--left", "x"}} {
		errs.Reset()
		if status := a.run(t.Context(), args); status != cli.ExitUsage || !strings.Contains(errs.String(), "want --left URL and --right URL") {
			t.Errorf("%v: status %d, %s", args, status, errs.String())
		}
	}
}

// What happened on a mock that runs is saved, and happens again.
func TestSaveSavesWhatHappened(t *testing.T) {
	r := serve(t, "--exec-time", "20ms")
	r.ask(0, "trigger", "GET", "/v1/customerinvoice?pageNumber=1&pageSize=1")
	file := filepath.Join(t.TempDir(), "saved.yaml")
	if err := os.WriteFile(file, []byte(r.ask(0, "save")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := r.ask(0, "run", file); !strings.Contains(got, "saved passed") {
		t.Errorf("ran\n%s", got)
	}
	if got := r.ask(0, "save", "--format", "go"); !strings.Contains(got, "func TestSaved(t *testing.T)") {
		t.Errorf("got\n%s", got)
	}
	if got := r.ask(cli.ExitFailed, "save", "--format", "har"); !strings.Contains(got, "want scenario, go or curl") {
		t.Errorf("got %s", got)
	}
}
