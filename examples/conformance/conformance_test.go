package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/conformance"
)

// The test binary is the candidate too: it is started again for each scenario.
func TestMain(m *testing.M) {
	if os.Getenv("BACKGROUND_PROTOCOL") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOursPassesEverything(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := conformance.ParseLedger("") // so that nothing may be unsupported
	if err != nil {
		t.Fatal(err)
	}
	opts := conformance.Options{Command: []string{program}, Ledger: ledger, Parallel: 8}
	if testing.Short() {
		opts.Only = []string{"sent-once", "credentials-stay", "success-is-finished-and-2xx", "work-outlives-the-process", "stored-before-2xx"}
	}
	report := run(t, opts)
	if err := report.Err(); err != nil {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// A client that repeats what fails, follows what it is told, and takes Finished for
// success is found out, and told how; so is a receiver that keeps nothing.
func TestTheNaiveOneIsFoundOut(t *testing.T) {
	naive := filepath.Join(t.TempDir(), "naive.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", naive, "./naive").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	broken := map[string]string{ // by scenario
		"server-error":              "sent-once",
		"lost-answer":               "sent-once",
		"redirected-post":           "sent-once",
		"foreign-state-location":    "credentials-stay",
		"foreign-redirect-of-state": "credentials-stay",
		"finished-400":              "success-is-finished-and-2xx",
		"failed":                    "success-is-finished-and-2xx",
		"unknown-word":              "claims",
		"poll-500":                  "waits-go-on",
		"poll-429-seconds":          "retry-after-is-obeyed",
		"content-numbers":           "content-is-whole",
		"foreground-created":        "foreground-is-an-outcome",
		"refused":                   "refused-is-told",
		"proxy-page":                "uncertain-is-told",

		"signed-with-former-key": "only-authentic",
		"signed-bytes":           "only-authentic",
		"killed-at-2xx":          "stored-before-2xx",
		"restarted":              "stored-before-2xx",
		"sent-twice":             "duplicates-are-one",
		"shape-job-id":           "notifications-are-read-tolerantly",
	}
	passes := []string{"list", "content-words", "other-methods"}
	opts := conformance.Options{Command: []string{naive}, Only: slices.Clone(passes), Parallel: 8}
	for id := range broken {
		opts.Only = append(opts.Only, id)
	}
	report := run(t, opts)
	for _, r := range report.Results {
		id := r.Scenario.ID
		rule, found := broken[id], false
		for _, b := range r.Breaches {
			found = found || b.Rule == rule
		}
		if slices.Contains(passes, id) != (r.Verdict == conformance.Passed) || rule != "" && !found {
			t.Errorf("%s: %s with %+v, want %q broken", id, r.Verdict, r.Breaches, rule)
		}
	}
	got := text(t, report)
	for _, part := range []string{
		"FAILED lost-answer\n  The ERP takes a POST, and the connection breaks before it answers.\n",
		"broken  sent-once: A request that is not a GET is not sent again",
		"POST /v2/customerinvoice was sent again",
		"wanted  one POST, because it may have been accepted\n",
		"→  (connection reset)\n",
		"repeat  erpmock conformance --only lost-answer -- " + naive + "\n",
		"naive: 3 passed, 20 failed, 0 known gaps, 0 not supported",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("the report lacks %q:\n%s", part, got)
		}
	}
}

func run(t *testing.T, opts conformance.Options) conformance.Report {
	t.Helper()
	report, err := conformance.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func text(t *testing.T, report conformance.Report) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := report.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
