package conformance

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The page lists the rules as they are, and no others; and what a descriptor can say.
func TestThePageHasTheRules(t *testing.T) {
	data, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	_, table, _ := strings.Cut(page, "## The rules\n")
	for _, r := range Rules() {
		if row := fmt.Sprintf("| `%s` | %s | [", r.ID, r.Sentence); !strings.Contains(table, row) {
			t.Errorf("docs/conformance.md has no row that begins with %q", row)
		}
	}
	if rows := strings.Count(table, "\n| `"); rows != len(Rules()) {
		t.Errorf("docs/conformance.md has %d rules, want %d", rows, len(Rules()))
	}
	for _, word := range abilities {
		if !strings.Contains(page, "\n| `"+word+"` | ") {
			t.Errorf("docs/conformance.md does not say what %s means", word)
		}
	}
	for _, o := range outcomes {
		if !strings.Contains(page, "\n| `"+string(o)+"` | ") {
			t.Errorf("docs/conformance.md does not say what %s means", o)
		}
	}
}

// The page names every variable that a candidate may get.
func TestThePageHasTheEnvironment(t *testing.T) {
	page, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, strict := range []bool{false, true} {
		set := Scenario{}.settings(true)
		set.strict = strict
		s, err := newStage(t.Context(), set, true, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		env, err := s.env(Client)
		s.close()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range env {
			if name, _, _ := strings.Cut(v, "="); !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("docs/conformance.md does not name %s", name)
			}
		}
	}
}
