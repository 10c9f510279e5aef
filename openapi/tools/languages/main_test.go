package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const list = `sent-once: A request is sent once.
  reset              The connection breaks.
  late               It is late. (needs clock)
claims: An end is told only after the ERP told it.
`

const page = `# Title

<!-- checklist of make languages -->

* **sent-once**: A request is sent once. (` + "`reset`, `late`" + `)
* **claims**: An end is told only after the ERP told it. (every scenario)

<!-- end -->

<!-- table of make languages -->

| rule | Python | Rust |
| --- | --- | --- |
| sent-once | 2/2 | 1/2, ` + "`late`" + ` not supported |

<!-- end -->
`

func report(name, late string) string {
	return `<testsuite name="` + name + `"><testcase classname="sent-once" name="reset"></testcase>` +
		`<testcase classname="sent-once" name="late">` + late + `</testcase></testsuite>`
}

const skipped = `<skipped message="not supported: clock"></skipped>`

func try(t *testing.T, update bool, text string, reports ...string) (said, now string, err error) {
	t.Helper()
	dir := t.TempDir()
	args := []string{filepath.Join(dir, "README.md")}
	for _, r := range append([]string{text}, reports...) {
		if len(args) > 1 || r != text {
			args = append(args, filepath.Join(dir, "report"+string(rune('0'+len(args)))))
		}
		if err := os.WriteFile(args[len(args)-1], []byte(r), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	err = run(strings.NewReader(list), &out, update, args)
	data, readErr := os.ReadFile(args[0])
	if readErr != nil {
		t.Fatal(readErr)
	}
	return out.String(), string(data), err
}

func TestAPageThatSaysWhatWasFoundIsFine(t *testing.T) {
	said, _, err := try(t, false, page, report("python", ""), report("rust", skipped))
	if err != nil || !strings.Contains(said, "| sent-once | 2/2 | 1/2, `late` not supported |") {
		t.Errorf("got %v and %q, want the table", err, said)
	}
	if said, _, err := try(t, false, page, report("rust", skipped)); err != nil || strings.Contains(said, "Python") {
		t.Errorf("one language alone: got %v and %q, want its column", err, said)
	}
}

func TestWhatDiffersIsToldAndWritten(t *testing.T) {
	for name, tt := range map[string]struct{ page, report, want string }{
		"a cell":         {page, report("python", "<failure></failure>"), "| sent-once | 1/2, `late` failed | 1/2, `late` not supported |"},
		"a new language": {page, report("java", ""), "| rule | Python | Java | Rust |"},
		"a rule":         {strings.Replace(page, "sent once.", "sent twice.", 1), report("python", ""), "* **sent-once**: A request is sent once. (`reset`, `late`)"},
	} {
		if _, now, err := try(t, false, tt.page, tt.report); err == nil || now != tt.page {
			t.Errorf("%s: got %v, want an error and the page as it was", name, err)
		}
		_, now, err := try(t, true, tt.page, tt.report)
		if err != nil || !strings.Contains(now, tt.want) {
			t.Errorf("%s: got %v and\n%s\nwant %s", name, err, now, tt.want)
		}
		if _, _, err := try(t, false, now, tt.report); err != nil {
			t.Errorf("%s, written: got %v, want none", name, err)
		}
	}
}

func TestWhatCannotBeComparedIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ page, report, want string }{
		"a part of the scenarios": {page, `<testsuite name="python"></testsuite>`, "0 scenarios of the rule sent-once"},
		"an unknown language":     {page, report("cobol", ""), `no language is called "cobol"`},
		"no block":                {"# Title\n", report("python", ""), "it has no block"},
		"an unknown column":       {strings.Replace(page, "Rust", "Cobol", 1), report("python", ""), "which is no language"},
	} {
		if _, _, err := try(t, false, tt.page, tt.report); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}
