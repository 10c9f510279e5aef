package conformance

import (
	"os"
	"strings"
	"testing"
)

// make languages writes the checklist of openapi/README.md; this finds out without
// it that a rule or a scenario is missing there.
func TestTheChecklistHasEveryScenario(t *testing.T) {
	page, err := os.ReadFile("../../openapi/README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	for _, r := range Rules() {
		var ids []string
		for _, s := range Scenarios() {
			if s.Rule == r.ID {
				ids = append(ids, "`"+s.ID+"`")
			}
		}
		if ids == nil {
			ids = []string{"every scenario"}
		}
		if want := "* **" + r.ID + "**: " + r.Sentence + " (" + strings.Join(ids, ", ") + ")"; !strings.Contains(text, want) {
			t.Errorf("openapi/README.md lacks this item; UPDATE=1 make languages writes it with what it finds, or erpmock conformance --list | (cd openapi/tools && go run ./languages -update ../README.md) alone:\n%s", want)
		}
	}
}
