package scenario_test

import (
	"os"
	"strings"
	"testing"

	"github.com/vismanet-go/background/mockserver/scenario"
)

// The scenario on the page runs.
func TestTheScenarioOnThePagePasses(t *testing.T) {
	page, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	_, source, _ := strings.Cut(string(page), "```yaml\n")
	source, _, ok := strings.Cut(source, "```")
	s, err := scenario.Parse("scenarios.yaml", []byte(source))
	if !ok || err != nil {
		t.Fatalf("%v in %q", err, source)
	}
	if report := run(t, s, scenario.Options{}); !report.Passed {
		t.Errorf("failed:\n%s", text(t, report))
	}
}
