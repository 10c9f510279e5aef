package scenario_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
	"github.com/vismanet-go/background/mockserver/scenario"
)

func TestEveryScenarioPasses(t *testing.T) {
	want := []string{
		"action-202", "chaos", "content-missing", "expired", "happy", "late-and-twice", "lost-202", "notify-before-202", "rate-limited",
		"rolling-restart", "stuck", "token-expires",
	}
	if got := scenario.Names(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			s, err := scenario.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if report := run(t, s, scenario.Options{}); !report.Passed {
				t.Errorf("failed:\n%s", text(t, report))
			}
		})
	}
}

func run(t *testing.T, s *scenario.Scenario, opts scenario.Options) scenario.Report {
	t.Helper()
	report, err := scenario.Run(t.Context(), s, opts)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func text(t *testing.T, r scenario.Report) string {
	t.Helper()
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Everything that is wrong is told, with where it stands and what was wanted.
func TestWhatIsWrongIsToldByLineAndColumn(t *testing.T) {
	for _, name := range []string{"wrong", "meaning", "setup", "pattern"} {
		_, err := scenario.Load("testdata/" + name + ".yaml")
		if _, ok := errors.AsType[*scenario.Error](err); !ok {
			t.Fatalf("%s: got %v, want an *Error", name, err)
		}
		testkit.Golden(t, "testdata/"+name+".golden", err.Error()+"\n")
	}
	for source, want := range map[string]string{
		"":                        "x.yaml: there is nothing in it",
		"# nothing":               "x.yaml: there is nothing in it",
		"about: [":                "x.yaml:1:8: sequence end token ']' not found",
		"about: a\nabout: b":      "x.yaml:2:1: mapping key \"about\" already defined at [1:1]",
		"about: a\n---\nabout: b": "x.yaml:3:1: want one document, not 2",
		"about: a\nsteps: 3":      "x.yaml:2:8: steps: want a list, not 3",
		"about: a\n7: b":          "x.yaml:2:1: want a text as the name of a field: write \"7\"",
	} {
		_, err := scenario.Parse("x.yaml", []byte(source))
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", source, err, want)
		}
	}
}

func TestLoadKnowsNamesAndFiles(t *testing.T) {
	if _, err := scenario.Load("hapy"); err == nil || !strings.Contains(err.Error(), "did you mean happy?") {
		t.Errorf("got %v, want a hint", err)
	}
	if _, err := scenario.Load("./hapy.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that there is no file", err)
	}
	if s, err := scenario.Load("scenarios/happy.yaml"); err != nil || s.Name != "happy" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// What does not go as it should fails the run, and is told.
func TestARunThatFailsSaysWhy(t *testing.T) {
	for _, name := range []string{"steps", "checks", "never"} {
		source, err := os.ReadFile("testdata/fails-" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, doc := range strings.Split(string(source), "\n---\n") {
			s, err := scenario.Parse("fails.yaml", []byte(doc))
			if err != nil {
				t.Fatal(err)
			}
			report := run(t, s, scenario.Options{})
			if report.Passed {
				t.Errorf("passed:\n%s", doc)
			}
			all.WriteString(text(t, report) + "\n")
		}
		testkit.Golden(t, "testdata/fails-"+name+".golden", all.String())
	}
}

// Two runs are the same, to the byte of the journal.
func TestTwoRunsAreTheSame(t *testing.T) {
	for _, name := range scenario.Names() {
		var journals [2]strings.Builder
		for i := range journals {
			s, err := scenario.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			run(t, s, scenario.Options{After: func(m *scenario.Mock) {
				if _, err := m.Journal().WriteTo(&journals[i]); err != nil {
					t.Error(err)
				}
			}})
		}
		if a, b := journals[0].String(), journals[1].String(); a != b || a == "" {
			t.Errorf("%s: got\n%s\nand\n%s", name, a, b)
		}
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	s, err := scenario.Load("happy")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	report, err := scenario.Run(ctx, s, scenario.Options{OnStep: func(scenario.StepReport) {
		if steps++; steps == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || report.Passed || len(report.Steps) != 3 {
		t.Errorf("got %v and %+v, want the third step to fail", err, report)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range scenario.Names() {
		source, _ := scenario.Source(name)
		f.Add(source)
	}
	for _, name := range []string{"forms", "wrong", "meaning", "setup"} {
		data, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := scenario.Parse("x.yaml", data)
		wrong, ok := errors.AsType[*scenario.Error](err)
		switch {
		case (s == nil) == (err == nil), err != nil && (!ok || len(wrong.Problems) == 0):
			t.Errorf("got %v and %v", s, err)
		}
	})
}
