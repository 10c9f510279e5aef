package sqlitestore_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// traced runs a child under strace until done is said and returns the calls.
func traced(t *testing.T, role, done string) []string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace (Debian: apt-get install strace) to see the syncs")
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "trace")
	c := spawn(t, role, "s", filepath.Join(dir, "background.db"),
		strace, "-f", "-s", "80", "-e", "trace=fsync,fdatasync,write,pwrite64", "-o", out)
	c.expect(done)
	for c.hear() != nil {
	}
	if err := c.cmd.Wait(); err != nil {
		t.Skipf("strace does not work here: %v", err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

var (
	syncBegins = regexp.MustCompile(`^(\d+)\s+f(?:data)?sync\(`)
	syncEnds   = regexp.MustCompile(`^(\d+)\s+(?:f(?:data)?sync\(.*|<\.\.\. f(?:data)?sync resumed>.*)= 0$`)
	said       = regexp.MustCompile(`write\(1, "(begin|ack|end) (\S+?)(?: (\S+))?\\n"`)
)

// TestEveryAcknowledgementHasItsSync proves with the system calls of a real
// process that between the begin of a step and its acknowledgement a sync
// began and ended, unless the step may be lazy, and that the process ends with
// a sync. It also counts how many steps shared one.
func TestEveryAcknowledgementHasItsSync(t *testing.T) {
	lines := traced(t, "tidy", "done")
	inSync := make(map[string]int) // begin of the sync that a thread is in
	begun := make(map[string]int)  // line of the begin of a step
	latest, syncs, acks := -1, 0, 0
	for i, line := range lines {
		if m := syncBegins.FindStringSubmatch(line); m != nil {
			inSync[m[1]] = i
		}
		if m := syncEnds.FindStringSubmatch(line); m != nil {
			latest = max(latest, inSync[m[1]])
			syncs++
		}
		m := said.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		switch m[1] {
		case "begin":
			begun[m[2]+m[3]] = i
		case "ack":
			acks++
			if start, ok := begun[m[2]+m[3]]; !ok || latest < start && m[3] != "handled" && m[3] != "settled" {
				t.Errorf("%s of %s was acknowledged without a sync of its own", m[3], m[2])
			}
		}
	}
	if acks != 4*15*len(stages) {
		t.Errorf("saw %d acknowledgements, want %d", acks, 4*15*len(stages))
	}
	t.Logf("%d syncs for %d acknowledged steps", syncs, acks)
}

// TestLazyMarksShareASync: of a burst of completions, one after the other,
// hardly any costs a sync, and one comes soon after them.
func TestLazyMarksShareASync(t *testing.T) {
	marks, during, after := 0, 0, 0
	in := ""
	for _, line := range traced(t, "burst", "end") {
		if m := said.FindStringSubmatch(line); m != nil {
			in = m[2]
			if m[1] == "ack" {
				marks++
			}
		}
		switch {
		case !syncEnds.MatchString(line):
		case in == "burst":
			during++
		case in == "quiet":
			after++
		}
	}
	if marks != 100 || during >= marks/2 || after == 0 {
		t.Errorf("%d marks: %d syncs with them and %d after them", marks, during, after)
	}
	t.Logf("%d marks: %d syncs with them and %d soon after them", marks, during, after)
}

// TestIdleTouchesNoDisk: with nothing to do a store neither writes nor syncs,
// with and without a watcher.
func TestIdleTouchesNoDisk(t *testing.T) {
	idle := false
	for _, line := range traced(t, "idle", "end") {
		if m := said.FindStringSubmatch(line); m != nil {
			idle = m[1] == "begin"
			continue
		}
		if idle && (strings.Contains(line, "sync(") || strings.Contains(line, "pwrite64(")) {
			t.Errorf("while idle: %s", line)
		}
	}
}
