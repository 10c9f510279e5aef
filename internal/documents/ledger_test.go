package documents

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the ledgers anew, with what is not valid now")

// A ledger lists the answers that are not valid: document, answer and the keyword
// that the judge named. Lines are only ever taken out: a test fails for an answer
// that is not listed, and for a line that is no longer needed.
type ledger struct {
	file  string
	lines map[string]bool // whether it was needed
	new   *[]string
}

func openLedger(t *testing.T, file string) ledger {
	t.Helper()
	l := ledger{file: file, lines: make(map[string]bool), new: new([]string)}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text := lines.Text(); text != "" && !strings.HasPrefix(text, "#") {
			l.lines[text] = false
		}
	}
	return l
}

func (l ledger) has(document string, a answer, reason string) bool {
	line := fmt.Sprintf("%s\t%v\t%s", document, a, reason)
	if *update {
		*l.new = append(*l.new, line)
		return true
	}
	_, known := l.lines[line]
	if known {
		l.lines[line] = true
	}
	return known
}

// close reports lines that nothing needed of the documents that were tried in
// full.
func (l ledger) close(t *testing.T, tried map[string]bool) {
	t.Helper()
	if !full() {
		return
	}
	for line, needed := range l.lines {
		if document, _, _ := strings.Cut(line, "\t"); tried[document] && !needed && !*update {
			t.Errorf("%s: %q is valid now: take the line out", l.file, line)
		}
	}
	if !*update {
		return
	}
	for line := range l.lines {
		if document, _, _ := strings.Cut(line, "\t"); !tried[document] {
			*l.new = append(*l.new, line)
		}
	}
	slices.Sort(*l.new)
	text := "# Answers that are not valid: document, answer, and the keyword that a judge named. See ledger_test.go.\n" + strings.Join(slices.Compact(*l.new), "\n") + "\n"
	if err := os.WriteFile(l.file, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}
